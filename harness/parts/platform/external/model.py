"""What may be done to a stack that is not ours, decided from plain values: which way brings a fault about, what must be
seen of it, and which keys may be deleted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.errors import InputError, NotMeasurable
from harness.faults.actions import BreakByOwner
from harness.faults.model import CanaryExpectation, Fault, Link, Plan
from harness.measurement.canary import Fails
from harness.names import CANARY, link_name
from harness.parts.platform.external.spec import Breaking

KEY_LENGTH_MAX = 1_024
KEYS_MAX = 1_000_000


def way_of(ways: Sequence[Breaking], kind: str, target: str, mode: str) -> int | None:
    """The number of the way that fits best: told for this target and mode, for this target, for this mode, for any."""
    fitting = [
        (one.target is None, one.mode is None, number)
        for number, one in enumerate(ways)
        if one.fault == kind and one.target in (None, target) and one.mode in (None, mode)
    ]
    return min(fitting)[2] if fitting else None


def untold(fault: Fault) -> str:
    """Why a fault cannot be brought about, in a sentence."""
    return (
        f"not measurable here: the environment names no way to bring about {fault.kind} of {fault.target} "
        f"({fault.mode}); `platform.faults` is where its commands would stand"
    )


def proof_link(number: int) -> str:
    """The link over which the URL is asked that proves a way of breaking."""
    return link_name(CANARY, f"fault-{number}", "proof")


def plan_of(fault: Fault, ways: Sequence[Breaking], links: Sequence[Link]) -> Plan:
    """A fault as its owner brings it about. Raises NotMeasurable where the file names no way."""
    number = way_of(ways, fault.kind, fault.target, fault.mode)
    if number is None:
        raise NotMeasurable(untold(fault))
    try:
        ours = fault.plan(links, ())
    except InputError:  # nothing that we dial leads to what it hits
        ours = Plan(fault.kind, fault.target, fault.mode, (), CanaryExpectation((), Fails()))
    seen = ours.canary.links if ways[number].proves is None else (proof_link(number),)
    if not seen:
        raise NotMeasurable(
            f"not measurable here: nothing that is dialled from here shows {fault.kind} of {fault.target}; a URL that "
            f"must fail meanwhile can be named: `platform.faults.{number}.proves`"
        )
    action = BreakByOwner(fault.kind, fault.target, fault.mode, number, ours.links or seen)
    return Plan(fault.kind, fault.target, fault.mode, (action,), CanaryExpectation(seen, ours.canary.expected))


def deletable(lines: Iterable[str], prefix: str) -> tuple[str, ...]:
    """The keys that may be deleted, each once: those that the clients have noted, and that begin as they must.

    A key of a server's own making does not begin so: it is kept out, too, where the prefix is all that tells it.
    """
    keys = (line.rstrip("\n") for line in lines)
    return tuple(dict.fromkeys(key for key in keys if key.startswith(prefix) and len(key) <= KEY_LENGTH_MAX))
