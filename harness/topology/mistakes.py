"""A mistake in a file that no single field shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """location: path of keys and indexes to the place in the file."""

    location: tuple[int | str, ...]
    text: str
