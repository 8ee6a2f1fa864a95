"""What a scenario has broken so far, step by step, and which steps can show nothing at that point."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from harness.drill.episodes import LOSSES
from harness.errors import InputError
from harness.faults.model import Fault
from harness.topology.environment import Environment

NEED_CLIENTS = frozenset(
    {"watch", "require_no_failover", "require_error_budget", "require_journeys", "require_audience"}
)
"""What is asked of a drill while its clients are at work, beside faults, recovery and the like."""


@dataclass
class Course:
    """serving: the place that clients were last said to be served by. holding: the faults that hold, but for those that
    heal by themselves. broken: whether there was any fault.

    healed_line: of the step that healed everything, until something is broken again. rest_line: of the step that
    stopped the clients. moved_line: of the step that brought clients back, until all was seen to be calm there.
    foreign: there was a step that only its author knows, which may have done anything.
    """

    serving: str
    holding: list[Fault] = field(default_factory=list)
    broken: bool = False
    healed_line: int | None = None
    rest_line: int | None = None
    moved_line: int | None = None
    foreign: bool = False

    def breaks(self, fault: Fault, *, heals_itself: bool) -> None:
        """A fault. heals_itself: before the next step. Raises InputError where nobody has seen a calm before it."""
        if self.moved_line is not None and not self.foreign:
            raise InputError(
                f"line {self.moved_line} brings clients back to another region, and nothing shows that all was "
                'calm there before this fault, so the drill would prove nothing: write "Then steady state holds again" '
                "before it"
            )
        self.broken, self.healed_line = True, None
        if not heals_itself:
            self.holding.append(fault)

    def heals_all(self, line: int) -> None:
        """Everything is taken back."""
        if self.broken:
            self.holding, self.healed_line = [], line

    def heals(self, place: str, targets: Collection[str], *, line: int) -> None:
        """What hit one place is taken back. Raises InputError when that is nothing."""
        left = [fault for fault in self.holding if fault.target not in targets]
        if len(left) == len(self.holding) and not self.foreign:
            holding = ", ".join(_told(fault) for fault in left)
            hint = f'; what holds is {holding}, and "the fault heals" heals it' if holding else "; nothing holds"
            raise InputError(f"no fault of {place} holds here, so there is nothing to heal there{hint}")
        self.holding = left
        if not left:
            self.healed_line = line

    def calm_in(self, place: str) -> None:
        """All has been calm, with clients served by that place."""
        self.serving, self.moved_line = place, None

    def fails_back(self, place: str, line: int) -> None:
        """Clients are served by that place, and nobody waits until all is calm."""
        if place != self.serving:
            self.serving, self.moved_line = place, line

    def recovers(self, place: str) -> None:
        """Somebody must be served again. Raises InputError when everything has healed before that."""
        if self.healed_line is not None and not self.foreign:
            raise InputError(
                f"line {self.healed_line} has healed everything, so nobody could tell a recovery from the heal: write "
                f'"service fails back to region {place}", or let clients be served before the heal, or heal one region '
                "while another is lost"
            )
        self.calm_in(place)

    def goes_nowhere(self, environment: Environment) -> None:
        """Nobody may be served. Raises InputError unless every place is lost."""
        lost = {fault.target for fault in self.holding if fault.kind in LOSSES}
        left = [place.name for place in environment.places if not lost & {place.name, place.database_name}]
        if left and not self.foreign:
            who = f"{left[0]} is" if len(left) == 1 else f"{', '.join(left)} are"
            raise InputError(f"clients have nowhere to go when every region is lost, and {who} not lost here")

    def rests(self, line: int) -> None:
        """The clients are stopped, and data compared. Raises InputError while something is broken."""
        if self.holding and not self.foreign:
            raise InputError(
                f"{_told(self.holding[-1])} holds still, so what is lost now may come back: let it heal before"
            )
        self.rest_line = line if self.rest_line is None else self.rest_line

    def clients_at_work(self) -> None:
        """Raises InputError when they have been stopped."""
        if self.rest_line is not None:
            raise InputError(
                f"this step needs clients at work, but line {self.rest_line} has stopped them to compare data"
            )


def _told(fault: Fault) -> str:
    return " ".join(part for part in (fault.kind, fault.target) if part)
