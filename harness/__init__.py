"""A disaster-recovery drill harness: stand up two regions, break one, and measure what clients saw."""

__version__ = "0.1.0"
