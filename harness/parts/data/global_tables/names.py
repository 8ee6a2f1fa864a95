"""Names that the modules of global tables must spell alike."""

OURS = "global tables"
"""How the writer is called that stores what comes from other regions."""
