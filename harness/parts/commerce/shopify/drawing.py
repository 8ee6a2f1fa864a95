"""Chance that can be repeated: a draw depends on a seed and on what it is for, and on no draw before it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

_WORDS = 1 << 64

Item = TypeVar("Item")


def _word(seed: int, what: tuple[object, ...]) -> int:
    text = "\x1f".join(map(str, (seed, *what))).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def share(seed: int, *what: object) -> float:
    """A number in [0, 1)."""
    return (_word(seed, what) >> 11) / (1 << 53)


def below(end: int, seed: int, *what: object) -> int:
    """A whole number in [0, end)."""
    return _word(seed, what) * end // _WORDS


def chosen(items: Sequence[Item], seed: int, *what: object) -> Item:
    """One of them."""
    return items[below(len(items), seed, *what)]


def identity(seed: int, *what: object) -> str:
    """An id of the form of a UUID, another one for everything that it may be for."""
    text = "\x1f".join(map(str, (seed, *what))).encode()
    digits = hashlib.blake2b(text, digest_size=16).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"
