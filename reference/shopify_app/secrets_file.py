"""The credentials of the application, read again when the file that holds them has changed."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

from reference.log import say
from reference.shopify_app.settings import Credentials

LOOK_EVERY_S = 0.5


class Secrets:
    """given: what counts as long as there is no file. path: of the file; "" for none. Safe in several threads."""

    def __init__(self, given: Credentials, path: str = "") -> None:
        self._now = given
        self._path = Path(path) if path else None
        self._stamp: tuple[int, int, int] | None = None
        self._looked = -LOOK_EVERY_S

    def current(self) -> Credentials:
        """What counts now, as a look of no more than LOOK_EVERY_S ago found it."""
        if time.monotonic() - self._looked >= LOOK_EVERY_S:
            self.read_again()
        return self._now

    def read_again(self) -> bool:
        """Look at once. Whether anything has changed."""
        self._looked = time.monotonic()
        if self._path is None:
            return False
        before = self._now
        try:
            about = self._path.stat()
            stamp = (about.st_mtime_ns, about.st_size, about.st_ino)
            if stamp == self._stamp:
                return False
            said = json.loads(self._path.read_text(encoding="utf-8"))
            self._now = replace(
                before, secret=str(said["client_secret"]), old_secret=str(said.get("client_secret_old") or "")
            )
            self._stamp = stamp
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            say("secrets not read", level="alert", file=str(self._path), why=f"{type(error).__name__}: {error}")
            return False
        if self._now != before:
            say("secrets changed", rotating=bool(self._now.old_secret))
        return self._now != before
