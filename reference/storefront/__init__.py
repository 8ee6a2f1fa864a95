"""Serves items over HTTP, from the table of its own region or of the active one; accepts writes only under a lease."""
