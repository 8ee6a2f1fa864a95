"""LocalStack in an environment of its own, with the pins without which it does not start, and dynoxide behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.world.recipe import File, Recipe, Step, Tool, environment_steps, python

VERSION = "4.14.0"
ENVIRONMENT = "environment"
START = "start.py"
DATABASE = "dynoxide"
_PACKAGES = (
    f"localstack-core[runtime]=={VERSION}", "moto-ext==5.1.22", "cbor2<5.8", "service_identity<24.3",
    "cryptography==44.0.3", "pyopenssl==24.3.0", "joserfc<1.2",
)  # fmt: skip
_STARTER = '''\
"""Starts LocalStack with another database than the one that it would fetch.

Its DynamoDB Streams take every shard iterator for one of that database, which begins with the stream's ARN; another
server's must be passed on as they are.
"""

from localstack.services.dynamodbstreams.v2.provider import DynamoDBStreamsProvider

renamed = DynamoDBStreamsProvider.modify_stream_arn_for_ddb_local


def modify_stream_arn_for_ddb_local(self, text):
    return renamed(self, text) if text.startswith("arn:") else text


DynamoDBStreamsProvider.modify_stream_arn_for_ddb_local = modify_stream_arn_for_ddb_local

if __name__ == "__main__":
    from localstack.runtime.main import main

    main()
'''


def _steps(folder: Path, tools: Mapping[str, Path]) -> Sequence[Step]:
    text = f"pip install localstack-core {VERSION} and its pins (some minutes)"
    return environment_steps(tools["python"], folder / ENVIRONMENT, text, _PACKAGES)


RECIPE = Recipe(
    name="localstack",
    version=VERSION,
    about="LocalStack without Docker, as a region's server, with dynoxide as its database",
    licence="Apache-2.0",
    downloads="it and about a hundred packages from PyPI, about 150 MB",
    size_mb=500,
    program=f"{ENVIRONMENT}/bin/python",
    steps=_steps,
    tools=(
        Tool("python", "Python 3.13, since this LocalStack runs on no other", python("3.13"), "https://www.python.org"),
    ),
    files=lambda _: (File(START, _STARTER),),
    needs=(DATABASE,),
)
