"""Moto as a region: what is slow or wrong in the pinned version, mended in place. One function per mend.

Everything here touches private names, so it holds for one version only (`MOTO_VERSION`, pinned in pyproject.toml).
With another version nothing is patched, and a log line says so.

Left as moto has it: one shard per stream, never trimmed; iterators never expire and are never freed; records stay
readable after a stream is disabled; a ClientRequestToken does not make a transaction idempotent; Query looks at every
item of the table.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import moto
from moto import backends
from moto.core import responses
from moto.dynamodb.exceptions import MockValidationException, ResourceNotFoundException
from moto.dynamodb.models.table import StreamRecord, Table
from moto.dynamodbstreams.models import DynamoDBStreamsBackend
from moto.moto_server import werkzeug_app
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from harness.engines.moto.changes import whole_batches, whole_record_sets
from harness.engines.moto.health_checks import whole_health_checks
from harness.engines.moto.patching import Patches as Patches

MOTO_VERSION = "5.2.5"
_LOG = logging.getLogger(__name__)


def version_fits() -> bool:
    """Whether the installed moto is the one that the patches were written for."""
    return bool(moto.__version__ == MOTO_VERSION)


def apply(patches: Patches) -> bool:
    """Apply every mend of this file; False, with a log line, when moto is another version."""
    if not version_fits():
        _LOG.warning(
            "moto is %s, not %s: it runs unpatched, slower, and with its defects", moto.__version__, MOTO_VERSION
        )
        return False
    for mend in (
        remember_modules,
        remember_hosts,
        remember_methods,
        no_cors,
        own_region_in_records,
        refuse_bad_iterators,
        whole_health_checks,
        whole_batches,
        whole_record_sets,
    ):
        mend(patches)
    return True


def remember_modules(patches: Patches) -> None:
    """The list of moto's modules is a directory listing on every request; it does not change."""
    known = frozenset(backends.list_of_moto_modules())
    patches.wrap(backends, "list_of_moto_modules", lambda _: lambda: known)


def remember_hosts(patches: Patches) -> None:
    """The backend for a host is found by trying hundreds of patterns; the answer for a host does not change."""

    def make(original: Callable[[Any, str | None], Any]) -> Callable[[Any, str | None], Any]:
        answers: dict[str | None, Any] = {}

        def get_backend_for_host(self: Any, host: str | None) -> Any:
            if host not in answers:
                answers[host] = original(self, host)
            return answers[host]

        return get_backend_for_host

    patches.wrap(DomainDispatcherApplication, "get_backend_for_host", make)


def remember_methods(patches: Patches) -> None:
    """The methods of a response class are looked up by inspection on every request; they do not change."""
    patches.wrap(responses, "method_names_from_class", lambda original: functools.lru_cache(maxsize=None)(original))


def no_cors(patches: Patches) -> None:
    """No browser talks to a region; the headers for one cost time on every answer."""
    patches.wrap(werkzeug_app, "DISABLE_GLOBAL_CORS", lambda _: True)


def own_region_in_records(patches: Patches) -> None:
    """A stream record names the region it was written in (moto: always us-east-1)."""

    def make(original: Callable[..., None]) -> Callable[..., None]:
        def __init__(self: StreamRecord, table: Table, *arguments: Any, **named: Any) -> None:
            original(self, table, *arguments, **named)
            self.record["awsRegion"] = table.region_name

        return __init__

    patches.wrap(StreamRecord, "__init__", make)


def refuse_bad_iterators(patches: Patches) -> None:
    """A made-up iterator or shard is the caller's mistake, told as AWS tells it (moto: HTTP 500 and a stack trace).

    Errors as in the API reference of Amazon DynamoDB Streams: GetRecords, GetShardIterator.
    """

    def make_iterator(original: Callable[..., Any]) -> Callable[..., Any]:
        def get_shard_iterator(self: DynamoDBStreamsBackend, arn: str, shard_id: str, *rest: Any) -> Any:
            shard = self._get_table_from_arn(arn).stream_shard
            if shard is None or shard.id != shard_id:
                raise ResourceNotFoundException(f"Requested resource not found: Shard {shard_id}")
            return original(self, arn, shard_id, *rest)

        return get_shard_iterator

    def make_records(original: Callable[..., Any]) -> Callable[..., Any]:
        def get_records(self: DynamoDBStreamsBackend, iterator_arn: str, limit: int) -> Any:
            if iterator_arn not in self.shard_iterators:
                raise MockValidationException("Invalid ShardIterator")
            return original(self, iterator_arn, limit)

        return get_records

    patches.wrap(DynamoDBStreamsBackend, "get_shard_iterator", make_iterator)
    patches.wrap(DynamoDBStreamsBackend, "get_records", make_records)
