"""The application's client secret in files, one for each place, as whoever runs it rolls a secret out."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path


class SecretsFiles:
    """folder: of the world. A file is replaced as a whole: nobody reads half of one."""

    def __init__(self, folder: Path, places: Sequence[str]) -> None:
        self._files = {place: folder / f"shop-secrets.{place}.json" for place in places}
        self._now = ""

    def file(self, place: str) -> Path:
        """That of a place."""
        return self._files[place]

    def write(self, secret: str, old: str = "") -> None:
        """Everywhere. old: a secret that counts as well; "" for none."""
        self._now = secret
        for file in self._files.values():
            fresh = file.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps({"client_secret": secret, "client_secret_old": old}), encoding="ascii")
            os.replace(fresh, file)

    def rotate(self) -> str:
        """Roll out a new secret beside the one that counts now; returns the new one."""
        old = self._now
        self.write(f"{old}_next", old)
        return self._now
