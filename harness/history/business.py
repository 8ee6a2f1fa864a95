"""What a business that goes on elsewhere leaves in a history: what happened there, and who was told of it.

A shop takes orders whether or not the application of its merchant runs. What it says here is the ledger by which the
application is judged: world truth, written by the stand-in for the shop, never by the application.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.history.source import Source


@dataclass(frozen=True)
class BusinessChange:
    """Something changed in the business, and the application must come to know of it.

    system: whose change it is, e.g. `shop`. kind: of which sort of thing, as the subject file names it: `orders`.
    topic: what is told of it: `orders/create`. event: unique, shared by everything that tells of it. k: the thing, as
    the application keys it. v: its version from now on, larger than all before. effects: the keys of what the
    application must do because of it, once. mono_ns: when it happened.
    """

    system: str
    kind: str
    topic: str
    event: str
    k: str
    v: int
    mono_ns: int
    effects: tuple[str, ...] = ()
    source: Source = "world"


@dataclass(frozen=True)
class BusinessTold:
    """One attempt to tell the application of a change.

    delivery: the same for all attempts of one message. attempt: from 1. address: where to, as a URL; reached: the
    place whose link was dialled, None when none was. status: of the answer, None when there was none; error: why it
    counts as failed, in words, None when it was taken. forged: nobody's message, or wrongly signed: it must be refused.
    """

    system: str
    topic: str
    event: str
    delivery: str
    attempt: int
    address: str
    mono_ns: int
    returned_ns: int
    reached: str | None = None
    status: int | None = None
    error: str | None = None
    forged: bool = False
    source: Source = "world"
