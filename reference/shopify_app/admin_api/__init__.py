"""Asking the shop: the token, the pace, and the calls."""
