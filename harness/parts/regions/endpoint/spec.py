"""What the environment file says of region servers that exist already, and that nobody here starts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.topology.endpoints import TableName, Url, endpoint_mistakes
from harness.topology.environment import Spec


class Endpoint(Spec):
    """Servers that speak DynamoDB's API and run already: ScyllaDB's Alternator, Amazon's DynamoDB Local, a container.
    Nothing is started or stopped, and only the named tables are touched.

    endpoints: region -> `http://HOST:PORT`, one for each database of the environment; which hosts a drill may reach is
    said here and nowhere else. create_tables: whether tables of the subject that are not there may be made (and deleted
    after each drill); one that is there is used, and must be empty. subject_tables: further tables, which the subject
    makes for itself: not there at first, and deleted after each drill. commits: `streams`, where the streams of the
    tables have one shard and tell every change at once, so that the recovery point is exact; else `scans`, which make
    it a range.
    """

    endpoints: dict[str, Url] = Field(min_length=1)
    create_tables: bool = False
    subject_tables: tuple[TableName, ...] = ()
    commits: Literal["scans", "streams"] = "scans"


SPEC = Endpoint
PRELOAD: tuple[tuple[str, str], ...] = ()
mistakes = endpoint_mistakes
