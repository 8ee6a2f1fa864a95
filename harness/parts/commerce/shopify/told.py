"""What the history of a drill gets of the shop: what changed there, every attempt to tell of it, and what people see.

World truth, from which alone it is judged what the application lost; so it is written by the shop, as it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.clock import monotonic_ns
from harness.history.business import BusinessChange, BusinessTold
from harness.history.events import Happening
from harness.parts.commerce.shopify.message import Message, effects_of
from harness.parts.commerce.shopify.posting import Posted
from harness.parts.commerce.shopify.records.values import Changed
from harness.witness.recorder import Recorder

_KIND = "webhooks"


class Told:
    """The file. system: whose business it is. effects: templates by topic, see `effects_of`."""

    def __init__(
        self, path: Path, system: str, effects: Mapping[str, tuple[str, ...]], on_error: Callable[[BaseException], None]
    ) -> None:
        self._recorder = Recorder(path, on_error)
        self._system = system
        self._effects = effects

    def changed(self, changes: Sequence[Changed], event: str) -> None:
        """One action has changed these things. event: its id.

        What is told of one thing under several topics is one change, of the first topic, with the effects of all.
        """
        now_ns = monotonic_ns()
        found: dict[tuple[str, int, int], tuple[str, dict[str, None]]] = {}
        for one in changes:
            _, effects = found.setdefault((one.kind, one.id, one.updated_at_us), (one.topic, {}))
            fields = {**one.body, "id": one.id, "kind": one.kind}
            effects |= dict.fromkeys(effects_of(self._effects, one.topic, fields))
        for (kind, number, version), (topic, effects) in found.items():
            line = (self._system, kind, topic, event, str(number), version, now_ns, tuple(effects))
            self._recorder.record(BusinessChange(*line))

    def attempted(self, message: Message, delivery: str, attempt: int, posted: Posted, *, forged: bool = False) -> None:
        """An attempt has ended. delivery: the same for all attempts of a message."""
        self._recorder.record(
            BusinessTold(
                self._system, message.topic, message.event_id, delivery, attempt, message.address, posted.sent_ns,
                posted.returned_ns, posted.reached, posted.status, posted.error, forged,
            )
        )  # fmt: skip

    def seen(self, thing: str, what: str, text: str = "", *, lasts: bool = True, good: bool | None = None) -> None:
        """Something that people should see. thing: mostly a topic."""
        self._recorder.record(Happening(_KIND, thing, what, monotonic_ns(), text, lasts=lasts, good=good))

    def flush(self) -> None:
        """Write everything now."""
        self._recorder.flush()

    def close(self) -> None:
        """Flush and close."""
        self._recorder.close()
