"""The function: `reference.replication_lambda.handler.handle`, fed by the stream of its region's items.

Idempotent (versions decide, by conditional writes), no loops (what came from the other region does not go back),
deletes are tombstones. What the other region does not take now is reported as failed, so that it is tried again, in
order; what nobody can ever apply goes to the queue whole, and neither blocks the records behind it nor gets lost.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from reference.dynamo import CallFailed, Client
from reference.log import say
from reference.replication_lambda.beat import Beat, gap, report_arguments
from reference.replication_lambda.events import Bad, Group, answer, arrived, message_of, work_of
from reference.replicator.apply import Delete, Put, Route, request
from reference.settings import Settings, load

WRITERS = 4


class Function:
    """What is kept from one invocation to the next."""

    def __init__(self, settings: Settings, queue_url: str) -> None:
        self._settings = settings
        self._queue_url = queue_url
        self.route = Route(settings.items_table, settings.items_key, settings.region, settings.other_region)
        self._target = Client(settings.other_region, connections=WRITERS + 1)
        self._queue = Client(settings.region, service="sqs")
        self._writers = ThreadPoolExecutor(WRITERS, "apply")

    def handle(self, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Apply a batch; what the function returns."""
        work = work_of(records, self.route)
        failed = [number for number in self._writers.map(self._carry_out, work.groups) if number is not None]
        failed += [bad.number for bad in work.bad if not self._gave_up(bad)]
        beats = arrived(work, failed)
        if beats and not self._report([beat for _, beat in beats], str(records[0].get("eventSourceARN", ""))):
            failed.append(beats[0][0])
        return answer(failed)

    def _carry_out(self, group: Group) -> str | None:
        """None when all is done; else from which sequence number on it is not."""
        for entry in group.entries:
            try:
                self.apply(entry)
            except CallFailed as failure:
                if not failure.poison:
                    say("not applied", level="warning", into=self._settings.other_region, why=str(failure))
                    return group.number
                image = {"Keys": {self.route.key: _key(entry, self.route)}, "SequenceNumber": group.number}
                if isinstance(entry, Put):
                    image["NewImage"] = entry.item
                bad = Bad(
                    group.number, str(failure), message_of({"eventName": "MODIFY", "dynamodb": image}, str(failure))
                )
                if not self._gave_up(bad):
                    return group.number
        return None

    def apply(self, entry: Put | Delete) -> None:
        """Carry out one plan. Raises CallFailed."""
        operation, arguments = request(entry, self.route)
        try:
            self._target.insist(operation, **arguments)
        except CallFailed as failure:
            if not failure.condition_failed:
                raise

    def _gave_up(self, bad: Bad) -> bool:
        """Whether the queue has it."""
        try:
            self._queue.insist("send_message", QueueUrl=self._queue_url, MessageBody=bad.message)
        except CallFailed as failure:
            say("not queued", level="alert", number=bad.number, why=str(failure))
            return False
        say("record given up", level="warning", number=bad.number, why=bad.why)
        return True

    def _report(self, beats: Sequence[Beat], stream: str) -> bool:
        """Say in the other region that heartbeats have come, the latest of them. False: it must be said again."""
        latest = max(beats, key=lambda beat: beat.count)
        try:
            arguments = report_arguments(self._settings, latest, round(time.time() * 1000), stream)
            before = self._target.call("update_item", **arguments).get("Attributes", {})
        except CallFailed as failure:
            if failure.condition_failed:  # a later one was there before: this batch comes again
                return True
            say("not reported", level="warning", why=str(failure))
            return False
        missing = gap(before, min(beat.count for beat in beats), stream)
        if missing is not None:
            say(
                "gap in the stream", level="alert", missing_beats=list(missing),
                what_to_do="records were trimmed before they were read: python run.py replication_lambda backfill",
            )  # fmt: skip
        return True


def _key(entry: Put | Delete, route: Route) -> Any:
    return entry.item[route.key] if isinstance(entry, Put) else entry.key[route.key]


_function: list[Function] = []


def handle(event: Mapping[str, Any], _context: object = None) -> dict[str, Any]:
    """What Lambda calls."""
    if not _function:
        _function.append(Function(load(), os.environ["QUEUE_URL"]))
    return _function[0].handle(event["Records"])
