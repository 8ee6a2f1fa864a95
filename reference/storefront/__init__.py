"""Serves items over HTTP from its own region's table; accepts writes only under a lease."""
