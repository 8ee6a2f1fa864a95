"""Staged uploads: a place where files are put before a mutation names them by their address."""

from __future__ import annotations

import hashlib

PREFIX = "/staged/"
_UPLOADS_MAX = 200


class Staging:
    """Files that were put, by their key."""

    def __init__(self) -> None:
        self._files: dict[str, bytes | None] = {}
        self._made = 0

    def target(self, filename: str, base_url: str) -> str:
        """A new address to which one file can be put."""
        self._made += 1
        key = hashlib.blake2s(f"{self._made}/{filename}".encode("utf-8", "replace"), digest_size=12).hexdigest()
        self._files[key] = None
        if len(self._files) > _UPLOADS_MAX:
            del self._files[next(iter(self._files))]
        return f"{base_url}{PREFIX}{key}"

    def put(self, path: str, content: bytes) -> bool:
        """Keep what was put to a path; False where nobody was told of it."""
        key = path.removeprefix(PREFIX)
        if key not in self._files:
            return False
        self._files[key] = content
        return True

    def at(self, url: str) -> bytes | None:
        """What was put to an address, None where nothing was."""
        _, found, key = url.partition(PREFIX)
        return self._files.get(key) if found else None
