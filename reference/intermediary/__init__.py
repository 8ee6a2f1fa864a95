"""Watches the load balancers of both places from outside, and rewrites the A record when clients must go elsewhere."""
