"""What a world that is not ours adds to a drill: nothing is broken before somebody has agreed, and a drill ends when
clients are led where they may not go, or a lease has run out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from harness.drill.options import RunOptions
from harness.errors import CommandFailed, DrillAborted, DrillInvalid, InputError
from harness.history.events import DnsAnswer, Event
from harness.kit.reach import outside
from harness.world.part import Part
from harness.world.terms import Terms, terms_of


class Visit:
    """Of one world. Where the stack is ours, it finds nothing."""

    def __init__(self, options: RunOptions, parts: Sequence[Part]) -> None:
        self._options = options
        self._parts = parts
        self._terms = terms_of(options.environment)

    def allowed(self, answered: Sequence[str]) -> Sequence[str]:
        """These addresses. Raises DrillInvalid when clients may not dial one of them."""
        name = self._options.environment.edge.record
        if self._terms is not None and (reason := led_astray(name, answered, self._terms)) is not None:
            raise DrillInvalid(reason)
        return answered

    def look(self, events: Iterable[Event]) -> None:
        """Raises DrillInvalid or DrillAborted when the drill must not go on."""
        for event in events:
            if isinstance(event, DnsAnswer):
                self.allowed(event.addresses)
        alarms = [text for part in self._parts for text in part.alarms()]
        if alarms:
            raise DrillAborted("; ".join(alarms))

    @contextmanager
    def breaking(self) -> Iterator[None]:
        """Around a fault. Raises InputError unless somebody has agreed to it, DrillInvalid where its owner's way of
        bringing it about did not work."""
        self._refuse_unconfirmed()
        try:
            yield
        except CommandFailed as failed:
            raise DrillInvalid(str(failed)) from None  # whoever broke it has told everything

    def _refuse_unconfirmed(self) -> None:
        if self._terms is not None and not self._options.yes:
            name = self._options.environment.environment
            raise InputError(
                f"{name} is no world of ours: nothing is broken there before somebody agrees. `drill run` shows what a "
                "drill would do and asks; --yes (or DRILL_YES=1) says so beforehand"
            )


def led_astray(name: str, addresses: Sequence[str], terms: Terms) -> str | None:
    """Why clients must not follow what DNS answers for a name, in a sentence; None where they may."""
    beyond = outside(addresses, terms.hosts)
    if not beyond:
        return None
    return (
        f"DNS answers {', '.join(beyond)} for {name}, which is outside the named hosts ({terms.named}): it was "
        "not dialled"
    )
