"""Names that the modules of global tables must spell alike."""

OURS = "global tables"
"""How the writer is called that stores what comes from other regions."""
SOURCE = "global-tables"
"""Of the links over which regions replicate: `global-tables.us-east-1`."""
