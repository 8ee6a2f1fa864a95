"""Everybody takes the tables for a global table, and nobody has added a replica: each region has data of its own."""

ENVIRONMENT = "global-tables"
ROWS = (45,)
CAUGHT_BY = {"global-table-region-lost": ("no write has been replicated",)}


def environment(document) -> None:
    document["replication"]["tables"] = []
