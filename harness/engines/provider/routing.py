"""Which handler answers which call of an API: a table of methods and paths, `{}` for what is filled in. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

Handler = TypeVar("Handler")


@dataclass(frozen=True)
class Found(Generic[Handler]):
    """A path that the API has. handlers: by method; ids: what is filled in, as it was written."""

    handlers: Mapping[str, Handler]
    ids: tuple[str, ...]

    @property
    def allow(self) -> dict[str, str]:
        """The header that tells which methods there are (RFC 9110 section 15.5.6)."""
        return {"Allow": ", ".join(sorted(self.handlers))}


@dataclass(frozen=True)
class Routes(Generic[Handler]):
    """A table: method, path, handler. root: what every path begins with."""

    table: Sequence[tuple[str, str, Handler]]
    root: str = ""

    @cached_property
    def _compiled(self) -> Sequence[tuple[re.Pattern[str], Mapping[str, Handler]]]:
        by_path: dict[str, dict[str, Handler]] = {}
        for method, path, handler in self.table:
            by_path.setdefault(path, {})[method] = handler
        # Fixed words win over names that are filled in: `actions` is no droplet.
        ordered = sorted(by_path, key=lambda path: (path.count("/"), path.count("{}"), path))
        return [(re.compile(re.escape(self.root + p).replace(r"\{\}", "([^/]+)")), by_path[p]) for p in ordered]

    def find(self, path: str) -> Found[Handler] | None:
        """What a path is; None for one that the API does not have. A slash at the end counts for nothing."""
        for pattern, handlers in self._compiled:
            found = pattern.fullmatch(path.rstrip("/"))
            if found is not None:
                return Found(handlers, found.groups())
        return None

    def served(self) -> frozenset[tuple[str, str]]:
        """Every method with its path."""
        return frozenset((method, path) for method, path, _ in self.table)
