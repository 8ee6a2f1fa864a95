"""Watches a global table: says of its region's replica what a replicator says of the data that it copies."""
