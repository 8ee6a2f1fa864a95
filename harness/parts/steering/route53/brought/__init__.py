"""Zones that somebody brings along: read from what they are kept in, and reviewed before anything is broken."""
