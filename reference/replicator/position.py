"""Where the replicator stands in the source's stream: pure bookkeeping of shards.

A shard is read after its parent is finished, so the changes to one item keep their order across splits. A finished
shard stays known until the stream no longer lists it. A stream with another ARN is a new stream: what was written
between the two is in neither, so the position asks for a full copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reference import backoff


@dataclass(frozen=True, slots=True)
class Shard:
    """`last` is the sequence number of the last record applied; None: start at the oldest record."""

    parent: str | None = None
    last: str | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """All shards of one stream. `copy_needed`: the stream alone does not hold everything."""

    arn: str = ""
    shards: Mapping[str, Shard] = field(default_factory=dict)
    copy_needed: bool = True

    def readable(self) -> tuple[str, ...]:
        """The shards to read now."""
        return tuple(name for name, shard in self.shards.items() if not shard.done and self._parent_done(shard))

    def _parent_done(self, shard: Shard) -> bool:
        parent = self.shards.get(shard.parent or "")
        return parent is None or parent.done


def listed(position: Position, arn: str, described: Iterable[Mapping[str, Any]]) -> Position:
    """The position after DescribeStream named these shards."""
    known = position.shards if arn == position.arn else {}
    shards = {}
    for entry in described:
        name = entry["ShardId"]
        shards[name] = replace(known.get(name, Shard()), parent=entry.get("ParentShardId"))
    return Position(arn, shards, position.copy_needed if arn == position.arn else True)


def advanced(position: Position, shard: str, last: str | None, *, done: bool) -> Position:
    """The position after the records of `shard` up to `last` were applied; `done`: it is closed and has no more."""
    if shard not in position.shards:
        return position
    before = position.shards[shard]
    after = replace(before, last=last or before.last, done=done)
    return replace(position, shards={**position.shards, shard: after})


def trimmed(position: Position, shard: str) -> Position:
    """Records of the shard were lost to the stream's retention: go on with its oldest, and copy the table."""
    if shard not in position.shards:
        return replace(position, copy_needed=True)
    restarted = replace(position.shards[shard], last=None)
    return replace(position, shards={**position.shards, shard: restarted}, copy_needed=True)


def dump(position: Position) -> dict[str, Any]:
    """The position as attributes of a DynamoDB-JSON item."""
    shards = {}
    for name, shard in position.shards.items():
        entry: dict[str, Any] = {"done": {"BOOL": shard.done}}
        if shard.last:
            entry["last"] = {"S": shard.last}
        if shard.parent:
            entry["parent"] = {"S": shard.parent}
        shards[name] = {"M": entry}
    return {"arn": {"S": position.arn}, "shards": {"M": shards}, "copy_needed": {"BOOL": position.copy_needed}}


def load(item: Mapping[str, Any]) -> Position:
    """The position in an item that `dump` made; a fresh one when there is none."""
    if "arn" not in item:
        return Position()
    shards = {
        name: Shard(
            parent=entry["M"].get("parent", {}).get("S"),
            last=entry["M"].get("last", {}).get("S"),
            done=entry["M"]["done"]["BOOL"],
        )
        for name, entry in item["shards"]["M"].items()
    }
    return Position(item["arn"]["S"], shards, item["copy_needed"]["BOOL"])


def backoff_s(attempt: int, base_s: float, cap_s: float, luck: float) -> float:
    """Seconds to wait before try `attempt` + 1: full jitter under an exponential ceiling. `luck` is in [0, 1)."""
    return backoff.ceiling_s(attempt, base_s, cap_s) * (0.1 + 0.9 * luck)
