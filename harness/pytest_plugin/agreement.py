"""What drills would do to a stack that is not ours is shown, and agreed to, before anything starts; and what a world
cannot do is told before anything is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.drill.options import RunOptions
from harness.drill.stopping.stated import conditions_of
from harness.errors import InputError
from harness.faults.model import Fault
from harness.faults.needs import FROZEN_FAILOVER, lacking
from harness.pytest_plugin.rehearsal import Rehearsed
from harness.topology.environment import Environment
from harness.world.terms import no_way, preview_of, terms_of

Ask = Callable[[Sequence[str], bool], bool]
"""Shows the lines, and asks where something would be broken; whether it is agreed to. Raises InputError when not."""


def agreed(
    options: RunOptions, faults: Sequence[Fault], ask: Ask | None, stops_of_each: Sequence[Sequence[str]] = ((),)
) -> bool:
    """Whether drills with these faults are agreed to. ask: None where nobody can be asked. stops_of_each: of each
    scenario that states stop conditions, all that hold in it; of another one none.

    Raises InputError where they are not.
    """
    if terms_of(options.environment) is None:
        return options.yes
    of_all = conditions_of(options.environment, options.timing, options.settings).texts
    stops = dict.fromkeys(text for own in stops_of_each for text in own or of_all)
    lines = [
        *preview_of(options.environment, options.subject, options.timing, faults, list(stops)),
        *(_repeats(options) if faults else ()),
    ]
    if ask is not None:
        return ask(lines, bool(faults))
    if faults and not options.yes:
        how = "nothing is broken there before somebody agrees: give --yes-drills, or DRILL_YES=1"
        raise InputError("\n".join((*lines, how)))
    return options.yes


def _repeats(options: RunOptions) -> Iterator[str]:
    """How often all of this is done."""
    if options.trials > 1:
        yield f"  repeat  every drill {options.trials} times (--trials)"
    if options.rerun_invalid:
        many = "once" if options.rerun_invalid == 1 else f"{options.rerun_invalid} times"
        yield f"  repeat  a drill that ends INVALID up to {many} more (--rerun-invalid)"


def not_here(shown: Rehearsed | None, can: Mapping[str, bool | str], environment: Environment) -> str | None:
    """Why a world cannot do what a scenario needs; None: it can. can: its capabilities."""
    if shown is None:
        return None
    if (reason := lacking(shown.needs, can)) is not None:
        return reason
    if shown.freezes and isinstance(frozen := can.get(FROZEN_FAILOVER, True), str):
        return frozen
    return next((why for fault in shown.faults if (why := no_way(environment, fault)) is not None), None)
