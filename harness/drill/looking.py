"""Looks at the data while clients are at work, where no order of commits tells what a survivor had when it took over.

A look right before something breaks shows what is certainly not lost with it; one right before a heal shows what had
not come until then, before late arrivals blur it. Both lie outside the time that a recovery takes: the first is over
when the fault begins. None is taken where a fault holds for a stated time: it would make that longer.
"""

from __future__ import annotations

import logging

from harness.clock import Clock
from harness.drill.backend import Backend
from harness.drill.case import CaseLook
from harness.errors import WorldError

ITEMS_MAX = 20_000
"""A larger table takes seconds to read, and would hold the drill up: then only the scan of the end tells."""
LOOKS_MAX = 40
_LOG = logging.getLogger(__name__)


def look(backend: Backend, clock: Clock, so_far: tuple[CaseLook, ...]) -> tuple[CaseLook, ...]:
    """Those there are, and one more of each database where it is of any use."""
    if backend.commits() is not None or len(so_far) >= LOOKS_MAX:
        return so_far
    found = []
    for database in backend.environment.databases:
        from_ns = clock.now_ns()
        try:
            items = backend.written(database, ITEMS_MAX)
        except WorldError as error:
            _LOG.warning("the table of %s was not looked at: %s", database, error)
            continue
        if items is not None:
            known = {key: value for key, value in items.items() if value is not None}
            found.append(CaseLook(database, from_ns, clock.now_ns(), known))
    return (*so_far, *found)
