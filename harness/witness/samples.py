"""What failing requests were answered, a few of each kind for each client: for people who ask what the 503 said.

Only of answers: what was asked is never kept, since it may carry secrets; neither are cookies, nor any header that is
not listed here; what the environment put into requests is blotted out where an answer repeats it, in whatever form
(wire/masking.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from harness.history.events import Completion, Sample
from harness.names import HEADER_EPOCH, HEADER_LOAD_BALANCER, HEADER_REGION
from harness.wire.exchange import Response
from harness.wire.masking import Mask

EACH = 2
"""Samples of one client for one kind of operation and one status."""

MAX_CHARACTERS = 200
_READ_CHARACTERS = 64 * 1024
"""Nothing that stands later in an answer gets into a sample, however blank its beginning is."""

_HEADERS = (
    "content-type", "location", "retry-after", "server", "via", "allow",
    HEADER_REGION.lower(), HEADER_EPOCH.lower(), HEADER_LOAD_BALANCER.lower(),
)  # fmt: skip


class Samples:
    """Chooses the answers of one client that are kept. hidden: texts that must not be in them."""

    def __init__(self, hidden: Collection[str] = ()) -> None:
        self._hidden = Mask(hidden)
        self._taken: Counter[tuple[str, int, str | None]] = Counter()

    def take(self, completion: Completion, answer: Response) -> Sample | None:
        """The sample of a failed operation's answer; None when there are enough of its kind."""
        kind = (completion.f, answer.status, completion.error)
        if self._taken[kind] >= EACH:
            return None
        self._taken[kind] += 1
        headers = (f"{name}: {_without_query(answer.headers[name])}" for name in _HEADERS if name in answer.headers)
        return Sample(
            completion.op, completion.client, completion.cohort, completion.f, completion.mono_ns, answer.status,
            self._safe(f"{answer.status} {answer.reason}"), tuple(self._safe(header) for header in headers),
            self._safe(answer.body.decode("utf-8", "surrogateescape")), completion.address,
        )  # fmt: skip

    def _safe(self, text: str) -> str:
        """One line of printable characters, at most 200, without what must not be told.

        That is looked for first, in all of it: what is cut or cleaned might not be found any more, and yet be read.
        """
        text = self._hidden.text(text, _READ_CHARACTERS)
        text = text.encode("utf-8", "surrogateescape").decode(errors="replace")
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return line if len(line) <= MAX_CHARACTERS else f"{line[: MAX_CHARACTERS - 1]}…"


def _without_query(value: str) -> str:
    """Where an answer sends somebody else may carry a token."""
    return value.partition("?")[0]
