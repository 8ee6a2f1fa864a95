"""The witness: a process of its own that behaves as clients do and records what they saw. It judges nothing."""
