"""Looks at both regions from outside and decides which one is active."""
