"""What the environment file says of LocalStack."""

from __future__ import annotations

from harness.topology.environment import Spec


class Localstack(Spec):
    """LocalStack without Docker, one process for each region: what `drill install localstack` installed. Its DynamoDB
    is dynoxide there, in memory.

    services: beside `dynamodb` and `dynamodbstreams`, which of its services each region loads, by LocalStack's names.
    """

    services: tuple[str, ...] = ()


SPEC = Localstack
PRELOAD: tuple[tuple[str, str], ...] = ()
