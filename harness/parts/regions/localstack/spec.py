"""What the environment file says of LocalStack."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.topology.endpoints import TableName, Url, endpoint_mistakes
from harness.topology.environment import Spec


class Localstack(Spec):
    """LocalStack, one server for each region: those that run already (docker-compose.yml starts two), else processes
    of what `drill install localstack` installed, with dynoxide as their DynamoDB, in memory.

    use: `running`, `started`, or `either`: those that run, where any answers, else processes. endpoints: region ->
    `http://HOST:PORT` of those that run. Where it is left out, the first database's is at LOCALSTACK_HOST (HOST:PORT,
    127.0.0.1:4566 unless set), and each further one's at the next port; LOCALSTACK_HOST_US_EAST_1 and the like say it
    for one region, and win. subject_tables: tables that the subject makes for itself on servers that run already: not
    there at first, and deleted after each drill. commits: `streams`, where those that run tell every change at once in
    the streams of their tables (PROVIDER_OVERRIDE_DYNAMODB=v2, as docker-compose.yml starts them), so that the recovery
    point is exact; else `scans`, which make it a range. services: beside `dynamodb` and `dynamodbstreams`, which of its
    services a process loads, by LocalStack's names.
    """

    use: Literal["either", "running", "started"] = "either"
    endpoints: dict[str, Url] = Field(default_factory=dict)
    subject_tables: tuple[TableName, ...] = ()
    commits: Literal["scans", "streams"] = "scans"
    services: tuple[str, ...] = ()


SPEC = Localstack
PRELOAD: tuple[tuple[str, str], ...] = ()
mistakes = endpoint_mistakes
