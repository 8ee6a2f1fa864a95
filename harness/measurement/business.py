"""What became of a business that goes on elsewhere: what the application was told of, and what it made of it.

A shop's ledger says what happened there and which attempts were made to tell of it; the application's tables say what
it knows in the end, how often it did something because of it, and in which order. Lost, repeated, put back, late: each
is counted from these, never from what the application says of itself.

A thing has versions that grow. Whoever knows a newer one needs no older one, so a change is lost only where the newest
version that is known is older. A version is a whole number, or a time as ISO 8601 writes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from harness.history.business import BusinessChange, BusinessTold
from harness.history.events import Commit
from harness.measurement.statistics import quantile
from harness.measurement.telling import about

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

DISTRUSTED = (401, 403)
"""What an application answers to who is not whom they say they are."""

Thing = tuple[str, str]
"""Kind and key: ("orders", "1001")."""


@dataclass(frozen=True)
class Lost:
    """Changes of one thing that the application does not know of. known: the newest version it knows; None: none."""

    thing: Thing
    changes: tuple[BusinessChange, ...]
    known: int | None


@dataclass(frozen=True)
class PutBack:
    """An older version of a thing took the place of a newer one, as a database committed it."""

    thing: Thing
    database: str
    newer: int
    older: int
    at_ns: int


@dataclass(frozen=True)
class Effects:
    """What became of a business. changes: how many there were of what the application keeps; things: of how many
    things; elsewhere: the kinds of what changed beside.

    lost: by thing; of its changes, acknowledged: a message of each that the application had taken nevertheless; untold:
    of how many no message was sent at all. repeated: key -> how often something was done, where that is more than once;
    undone: what a change asks for and nobody did, with the change; counts: how many keys the table of effects has;
    unfilled: topics of which it is said what they ask for, and of which no change asked for anything. put_back: in
    order of time. delays_ns: of each change that became known, how long that took; None where no order of commits is
    kept. forged_taken: forged messages that the application took; forged_unclear: those that it neither took nor
    refused. distrusted: attempts to tell something genuine that were refused as if forged; given_up: messages that no
    attempt has delivered; attempts: to deliver genuine ones.
    """

    changes: int
    things: int
    lost: tuple[Lost, ...] = ()
    acknowledged: tuple[BusinessTold, ...] = ()
    untold: int = 0
    repeated: Mapping[str, int] | None = None
    undone: tuple[tuple[str, BusinessChange], ...] = ()
    counts: int | None = None
    unfilled: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    put_back: tuple[PutBack, ...] | None = None
    delays_ns: tuple[int, ...] | None = None
    forged: int = 0
    forged_taken: tuple[BusinessTold, ...] = ()
    forged_unclear: tuple[BusinessTold, ...] = ()
    distrusted: tuple[BusinessTold, ...] = ()
    messages: int = 0
    attempts: int = 0
    given_up: tuple[str, ...] = ()

    @property
    def lost_changes(self) -> int:
        """How many changes the application does not know of."""
        return sum(len(one.changes) for one in self.lost)

    def late_ns(self, share: float) -> int | None:
        """Within which time that share of the changes was known; None where that is not known of any."""
        return quantile(self.delays_ns, share) if self.delays_ns else None


def version_of(text: str | None) -> int | None:
    """The version that a table holds: a whole number, or a time in microseconds since 1970; None: neither."""
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - _EPOCH) // _MICROSECOND


def effects_of(
    changes: Sequence[BusinessChange],
    told: Sequence[BusinessTold],
    held: Mapping[str, Mapping[str, str]],
    counted: Mapping[str, str] | None = None,
    commits: Mapping[str, Sequence[Commit]] | None = None,
    asks: Collection[str] = (),
) -> Effects:
    """What became of these changes.

    held: by kind of thing, key -> version in the application's table at the end, of the database that serves. counted:
    key -> how often something was done. commits: by kind, what every database committed to that table. asks: the
    topics of which the subject file says what a change asks for.
    """
    due: dict[Thing, list[BusinessChange]] = {}
    for change in changes:
        if change.kind in held:
            due.setdefault((change.kind, change.k), []).append(change)
    lost = []
    for thing, of_it in due.items():
        known = version_of(held[thing[0]].get(thing[1]))
        missing = tuple(one for one in of_it if known is None or known < one.v)
        if missing:
            lost.append(Lost(thing, missing, known))
    honest = [one for one in told if not one.forged]
    taken = {one.delivery for one in honest if one.error is None}
    forged = [one for one in told if one.forged]
    unknown = [change for one in lost for change in one.changes]
    tried = {about(one) for one in honest}
    answers = {about(one): one for one in reversed(honest) if one.error is None}
    return Effects(
        changes=sum(map(len, due.values())),
        things=len(due),
        lost=tuple(lost),
        acknowledged=tuple(answers[about(change)] for change in unknown if about(change) in answers),
        untold=sum(about(change) not in tried for change in unknown),
        repeated=None if counted is None else _repeated(counted),
        undone=() if counted is None else tuple(_undone(changes, counted)),
        counts=None if counted is None else len(counted),
        unfilled=tuple(sorted(_unfilled(changes, asks))),
        elsewhere=tuple(sorted({change.kind for change in changes} - {*held})),
        put_back=None if commits is None else tuple(_put_back(commits)),
        delays_ns=None if commits is None else tuple(sorted(_delays(due, commits))),
        forged=len(forged),
        forged_taken=tuple(one for one in forged if one.error is None),
        forged_unclear=tuple(one for one in forged if one.error is not None and not _is_refused(one)),
        distrusted=tuple(one for one in honest if one.status in DISTRUSTED),
        attempts=len(honest),
        messages=len({one.delivery for one in honest}),
        given_up=tuple(sorted({one.delivery for one in honest} - taken)),
    )


def _is_refused(one: BusinessTold) -> bool:
    """Whether somebody has looked at a message and said no; who is in trouble says nothing of it, and may take it."""
    return one.status is not None and 400 <= one.status < 500


def _repeated(counted: Mapping[str, str]) -> Mapping[str, int]:
    numbers = {key: version_of(text) for key, text in counted.items()}
    return {key: number for key, number in sorted(numbers.items()) if number is not None and number > 1}


def _undone(changes: Sequence[BusinessChange], counted: Mapping[str, str]) -> Iterable[tuple[str, BusinessChange]]:
    """Of every kind, kept or not, superseded changes among them: a newer state of a thing makes up for an older one,
    and not for what it asked."""
    for change in changes:
        yield from ((effect, change) for effect in change.effects if not version_of(counted.get(effect)))


def _unfilled(changes: Sequence[BusinessChange], asks: Collection[str]) -> set[str]:
    """A key that names what no body has is never asked for."""
    told = {change.topic for change in changes} & {*asks}
    return told - {change.topic for change in changes if change.effects}


def _put_back(commits: Mapping[str, Sequence[Commit]]) -> list[PutBack]:
    found: list[PutBack] = []
    for kind, of_kind in commits.items():
        newest: dict[tuple[str, str], int] = {}
        for commit in _standing(of_kind):
            version = version_of(commit.v)
            if version is None:
                continue
            before = newest.get((commit.region, commit.k), version)
            if version < before:
                found.append(PutBack((kind, commit.k), commit.region, before, version, commit.mono_ns))
            newest[commit.region, commit.k] = max(before, version)
    return sorted(found, key=lambda one: one.at_ns)


def _standing(commits: Sequence[Commit]) -> list[Commit]:
    """In the order of each database, without the writes that it has undone: those never were."""
    kept: dict[tuple[str, str], list[Commit]] = {}
    for commit in sorted(commits, key=lambda one: (one.region, one.seq)):
        of_it = kept.setdefault((commit.region, commit.k), [])
        if not commit.undo:
            of_it.append(commit)
        elif of_it:
            of_it.pop()
    return [commit for of_it in kept.values() for commit in of_it]


def _delays(due: Mapping[Thing, Sequence[BusinessChange]], commits: Mapping[str, Sequence[Commit]]) -> list[int]:
    """Of each change, until any database knew of it or of something newer."""
    known: dict[Thing, list[tuple[int, int]]] = {}
    for kind, of_kind in commits.items():
        for commit in _standing(of_kind):
            version = version_of(commit.v)
            if version is not None:
                known.setdefault((kind, commit.k), []).append((commit.mono_ns, version))
    delays = []
    for thing, of_it in due.items():
        moments = sorted(known.get(thing, ()))
        for change in of_it:
            first = next((at_ns for at_ns, version in moments if version >= change.v), None)
            if first is not None:
                delays.append(max(0, first - change.mono_ns))
    return delays
