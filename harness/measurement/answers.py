"""What clients were answered where they were not served: which side said what, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from harness.history import wording
from harness.history.codes import code
from harness.history.columns import Columns
from harness.history.events import Operation
from harness.measurement.models import address_of

Answers = tuple[tuple[str, str, int], ...]
"""What (in words), by which address ("": nobody knows), how often; the most frequent first."""
_SHOWN = 3


def answers(failed: Iterable[Operation]) -> Answers:
    """Of operations that failed."""
    counts = Counter((_answer(o), address_of(o) or "") for o in failed)
    return tuple((what, where, count) for (what, where), count in counts.most_common(_SHOWN))


def failures_of(columns: Columns, client: str, kind: str, from_ns: int, to_ns: int) -> list[Operation]:
    """What failed of one client and kind, of what it sent in [from_ns, to_ns]."""
    known = columns.between(from_ns, to_ns + 1)
    own = known.who == code(known.names.clients, client)
    return known.operations(np.flatnonzero(own & ~known.good & (known.is_write == (kind == "writes"))))


def in_words(found: Answers, places: Mapping[str, str]) -> str:
    """`HTTP 503 from us-west-2 38 times, no answer in time from us-east-1 2 times`. places: by edge address."""
    return ", ".join(
        f"{what}{f' from {places.get(where, where)}' if where else ''} {'once' if count == 1 else f'{count} times'}"
        for what, where, count in found
    )


def _answer(operation: Operation) -> str:
    completion = operation.completion
    if completion is None:
        return wording.answer(None, None)
    return wording.answer(completion.status, completion.error)
