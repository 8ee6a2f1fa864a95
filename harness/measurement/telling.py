"""Whether a business that goes on elsewhere still tells the application of what happens in it.

Whoever asks for everything now and then knows it all in the end, and may never notice that nobody tells it anything any
more: it only knows everything later. So it is looked at which changes of a time were told of, and not at what is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.history.business import BusinessChange, BusinessTold


def about(one: BusinessChange | BusinessTold) -> tuple[str, str]:
    """An event and a kind of thing: what a message tells of (`orders/create`: of orders), and of what a change is."""
    return one.event, one.kind if isinstance(one, BusinessChange) else one.topic.partition("/")[0]


@dataclass(frozen=True)
class Telling:
    """changes: how many there were in that time. unsent: those of which no message was sent; untaken: those of which
    one was sent, and none was taken. last_ns: when a message was last taken, by then; None: none was.
    """

    changes: int
    unsent: tuple[BusinessChange, ...] = ()
    untaken: tuple[BusinessChange, ...] = ()
    last_ns: int | None = None


def telling(changes: Iterable[BusinessChange], told: Iterable[BusinessTold], from_ns: int, until_ns: int) -> Telling:
    """Of the changes between the two moments. A message tells of what its event changed in one kind of thing."""
    within = [one for one in changes if from_ns <= one.mono_ns <= until_ns]
    genuine = [one for one in told if not one.forged]
    taken = [one for one in genuine if one.error is None]
    tried, known = {about(one) for one in genuine}, {about(one) for one in taken}
    return Telling(
        len(within),
        tuple(one for one in within if about(one) not in tried),
        tuple(one for one in within if about(one) in tried - known),
        max((one.returned_ns for one in taken if one.returned_ns <= until_ns), default=None),
    )
