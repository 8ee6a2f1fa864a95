"""Torn groups: of several items that one request wrote, all or none of them, somebody could see a part.

A side has a part of a group when it shows the value of one of its puts while another's key shows something that cannot
have come after that one (see `superseding`). Whether the request was answered does not matter: what has taken effect in
one item has taken effect in all. Seen is a part in three ways:

- a side had it when it took over from the one that was lost, and not only for the moment that copying takes;
- the side that serves has it in the end;
- a client that was shown one of the items was later shown, by the same side, nothing or something older of the other.

Where a design promises no more than single items (Amazon DynamoDB Developer Guide, "Global tables: how it works":
transactions are atomic in the Region where they were made, and single items elsewhere), it is told and breaks nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from harness.checkers.anomalies.cut_off import excuses, unseen_by
from harness.checkers.anomalies.scene import Scene, several
from harness.checkers.result import CheckResult, Finding
from harness.history.codes import ABSENT, FAIL, NEVER_NS, OK, Bools
from harness.history.tables import CommitColumns, TableState
from harness.measurement.contradictions import Known, contradicted
from harness.measurement.newest import Rows
from harness.measurement.superseding import LOST, effects
from harness.outcome import Verdict
from harness.units import NS_PER_S, to_s

_NAME = "groups"
_SOON_NS = NS_PER_S
"""What comes so soon after the first of a group is still on its way, and no part that a side was left with."""


def groups(scene: Scene) -> CheckResult | None:
    """Was every group seen whole?"""
    one, other = scene.columns.grouped
    possible = scene.columns.outcome[one] != FAIL  # of a refused one nothing may be seen at all: see `phantoms`
    pairs = one[possible], other[possible]
    if not len(pairs[0]):
        return None
    torn: set[int] = set()
    found = [*_at_takeovers(scene, pairs, torn), *_in_the_end(scene, pairs, torn), *_of_reads(scene, pairs)]
    count = several(len(np.unique(_group_of(scene, pairs[0]))), "group", "groups")
    if found and not scene.promise.groups_whole:
        notes = tuple(replace(finding, severity="info") for finding in found)
        return CheckResult(_NAME, Verdict.MET, f"{count}, of which each item comes by itself, as promised", notes)
    if found:
        return CheckResult(_NAME, Verdict.MISSED, "; ".join(f.text for f in found), tuple(found))
    if not scene.final and not scene.commits:
        text = f"{count}, and the data was not read after everything had gone quiet"
        return CheckResult(_NAME, Verdict.UNKNOWN, text)
    return CheckResult(_NAME, Verdict.MET, f"{count}, none seen in part{_apart(scene, pairs)}")


_Pairs = tuple[Rows, Rows]
"""Of each pair a put, and another one of its group; every pair stands there twice."""


def _group_of(scene: Scene, rows: Rows) -> Rows:
    """The first row of each one's group, as a row of the whole history."""
    names = scene.columns.names
    found: Rows = names.group[np.searchsorted(names.grouped, rows + scene.columns.base)]
    return found


def _halves(scene: Scene, state: TableState, pairs: _Pairs) -> Bools:
    """Pairs of which a state shows the one, and the other certainly not."""
    columns, (one, other) = scene.columns, pairs
    shown = columns.local(state.values[columns.key[one]]) == one
    found = np.zeros(len(one), np.bool_)
    found[shown] = effects(columns, scene.deletes, state, other[shown]) == LOST
    return found


# --- when a side took over --------------------------------------------------------------------------------------------


def _at_takeovers(scene: Scene, pairs: _Pairs, torn: set[int]) -> Iterator[Finding]:
    for takeover in scene.takeovers:
        log = scene.commits.get(takeover.place)
        if log is None:
            half = _by_what_is_missing(scene, pairs, takeover.missing, takeover.doubtful)
        else:
            half = _halves(scene, log.state_at(takeover.at_ns), pairs) & ~_on_its_way(scene, takeover.place, pairs)
        yield from _told(scene, pairs, half, torn, f"when {takeover.place} took over", takeover.at_ns)


def _by_what_is_missing(scene: Scene, pairs: _Pairs, missing: Bools, doubtful: Bools) -> Bools:
    """Where no log tells: one of them was certainly missing, and the other certainly there, under a key of its own."""
    columns, (one, other) = scene.columns, pairs
    writes = np.flatnonzero(columns.is_write & (columns.outcome != FAIL))
    alone = np.bincount(columns.key[writes], minlength=len(columns.names.keys))[columns.key[one]] == 1
    there = ~missing[one] & ~doubtful[one] & (columns.outcome[one] == OK)
    half: Bools = there & alone & missing[other]
    return half


def _on_its_way(scene: Scene, side: str, pairs: _Pairs) -> Bools:
    """Pairs whose second item came to a side soon after the first."""
    first_ns = _first_ns(scene, side, scene.commits[side])
    one_ns, other_ns = first_ns[pairs[0]], first_ns[pairs[1]]
    soon: Bools = np.abs(other_ns - one_ns) <= _SOON_NS
    return soon


def _first_ns(scene: Scene, side: str, log: CommitColumns) -> Rows:
    """By row, when a side first had the value of a put; NEVER_NS: it never had it."""
    found = np.full(len(scene.columns), NEVER_NS, np.int64)
    writer = scene.writer_of(side)
    puts = np.flatnonzero(writer >= 0)
    np.minimum.at(found, writer[puts], log.at_ns[puts])
    return found


# --- in the end, and on the way ---------------------------------------------------------------------------------------


def _in_the_end(scene: Scene, pairs: _Pairs, torn: set[int]) -> Iterator[Finding]:
    serving = scene.serving
    if serving is not None and serving in scene.final:
        yield from _told(scene, pairs, _halves(scene, scene.final[serving], pairs), torn, f"on {serving} in the end")


def _told(
    scene: Scene, pairs: _Pairs, half: Bools, torn: set[int], where: str, at_ns: int | None = None
) -> Iterator[Finding]:
    """One finding for those that have not been told yet."""
    columns = scene.columns
    at = np.flatnonzero(half)
    group = _group_of(scene, pairs[0][at])
    fresh = ~np.isin(group, list(torn))
    if not fresh.any():
        return
    found = np.unique(group[fresh])
    torn.update(found.tolist())
    one, other = int(pairs[0][at[fresh][0]]), int(pairs[1][at[fresh][0]])
    text = (
        f"{several(len(found), 'group was', 'groups were')} there in part {where}: {scene.told(one)} was, and "
        f"{scene.told(other)} of the same request was not"
    )
    yield Finding("A15", text, "serious", int(columns.sent_ns[one]) if at_ns is None else at_ns)


def _of_reads(scene: Scene, pairs: _Pairs) -> Iterator[Finding]:
    """Reads through one side that showed a part after the same side had shown the other."""
    columns, reads = scene.columns, scene.honest
    bounded = scene.promise.reads == "eventual"
    late_ns = scene.promise.staleness_ns if bounded else 0
    sibling = np.full(len(columns), ABSENT, np.int64)
    sibling[pairs[0]] = pairs[1]
    of_groups = np.zeros(len(columns.names.keys), np.bool_)
    of_groups[columns.key[pairs[0]]] = True
    reads = reads[of_groups[columns.key[reads]]]
    wrong: list[int] = []
    known_of: list[int] = []
    for address in np.unique(columns.address[reads]):
        here = reads[columns.address[reads] == address]
        shown = here[columns.value[here] != ABSENT]
        other = sibling[columns.writer[shown]]
        shown, other = shown[other >= 0], other[other >= 0]
        shown, other = shown[~scene.explained[other]], other[~scene.explained[other]]
        known = Known(other, columns.returned_ns[shown] + late_ns, None if bounded else columns.who[shown])
        found, newest = contradicted(columns, scene.deletes, here, known)
        for read, write in zip(here[found].tolist(), newest[found].tolist(), strict=True):
            if not (excuses(scene) and unseen_by(scene, read)[write]):
                wrong.append(read)
                known_of.append(write)
    if wrong:
        read, write = wrong[0], known_of[0]
        text = (
            f"{several(len(wrong), 'read', 'reads')} showed a part of a group: {scene.told(read)}, after the same side "
            f"had shown what was written with {scene.told(write)}"
        )
        yield Finding("A15", text, "serious", int(columns.sent_ns[read]))


def _apart(scene: Scene, pairs: _Pairs) -> str:
    """How far apart the items of a group came to a side, where that is worth a word."""
    told = []
    for side, log in scene.commits.items():
        first_ns = _first_ns(scene, side, log)
        one_ns, other_ns = first_ns[pairs[0]], first_ns[pairs[1]]
        both = (one_ns != NEVER_NS) & (other_ns != NEVER_NS)
        if both.any():
            told.append(f"{to_s(int(np.abs(other_ns - one_ns)[both].max())):.2f} s on {side}")
    return f"; their items came at most {', '.join(told)} apart" if told else ""
