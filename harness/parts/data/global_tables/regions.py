"""Which regions multi-Region strong consistency can span (Developer Guide, "Multi-Region strong consistency"). Pure."""

from __future__ import annotations

from collections.abc import Iterable

SETS = (
    frozenset(("us-east-1", "us-east-2", "us-west-2")),
    frozenset(("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1")),
    frozenset(("ap-northeast-1", "ap-northeast-2", "ap-northeast-3")),
)


def same_set(regions: Iterable[str]) -> bool:
    """Whether they are all of one set."""
    wanted = frozenset(regions)
    return any(wanted <= known for known in SETS)
