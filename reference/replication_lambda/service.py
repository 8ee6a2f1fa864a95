"""Keeps the replication out of a region going: deploys it, beats for it, empties its queue.

It runs in the region of the function. A heartbeat is due every `IDLE_POLL_INTERVAL_S`, and sooner in a handover; it
carries the drain token, so that the other region's status says when all that was written before it has arrived.
"""

from __future__ import annotations

import threading
import time

from reference.dynamo import CallFailed, Client
from reference.heartbeat import Heartbeat, parse_heartbeat
from reference.log import say
from reference.replication_lambda.beat import beat_arguments
from reference.replication_lambda.deployment import Deployment
from reference.replication_lambda.redrive import Redrive
from reference.settings import IDLE_POLL_INTERVAL_S, Settings

REDRIVE_INTERVAL_S = 60.0
COUNT_INTERVAL_S = 10.0


class Keeper:
    """Of `settings.region`. One thread drives it; the queue has one of its own, so that no beat waits for it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._deployment = Deployment(settings)
        self._local = Client(settings.region)
        self._parked = 0

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        new = self._deployed(stop)
        if new is None:
            return
        queue = threading.Thread(target=self._keep_queue, args=(stop, new), name="queue", daemon=True)
        queue.start()
        pause_s = 0.0
        while not stop.wait(pause_s):
            pause_s = self._settings.scaled_s(IDLE_POLL_INTERVAL_S)
            try:
                heartbeat = self._heartbeat()
                if heartbeat.hurry:
                    pause_s = min(pause_s, self._settings.hurried_s)
                now_ms = round(time.time() * 1000)
                self._local.call(
                    "update_item", **beat_arguments(self._settings, now_ms, heartbeat.drain_token, self._parked)
                )
            except CallFailed as failure:
                say("no heartbeat", level="warning", why=str(failure))

    def _deployed(self, stop: threading.Event) -> bool | None:
        """Whether the mapping is new; None when it was stopped first."""
        pause_s = 0.0
        while not stop.wait(pause_s):
            try:
                new = self._deployment.deploy()
            except CallFailed as failure:
                say("not deployed", level="warning", why=str(failure))
                pause_s = self._settings.scaled_s(IDLE_POLL_INTERVAL_S)
                continue
            say("deployed", region=self._settings.region, into=self._settings.other_region, new=new)
            return new
        return None

    def _heartbeat(self) -> Heartbeat:
        key = {self._settings.key: {"S": self._settings.region}}
        reply = self._local.call("get_item", TableName=self._settings.table, Key=key, ConsistentRead=True)
        return parse_heartbeat(reply.get("Item", {}))

    def _keep_queue(self, stop: threading.Event, new: bool) -> None:
        redrive: Redrive | None = None
        due_s, pause_s, copy = 0.0, 0.0, new
        while not stop.wait(pause_s):
            pause_s = self._settings.scaled_s(COUNT_INTERVAL_S)
            try:
                redrive = redrive or Redrive(self._settings, self._deployment)
                if copy:  # what was there before the stream
                    redrive.backfill()
                    copy = False
                self._parked = redrive.waiting()
                if self._parked and time.monotonic() >= due_s:
                    due_s = time.monotonic() + self._settings.scaled_s(REDRIVE_INTERVAL_S)
                    redrive.run()
                    self._parked = redrive.waiting()
            except CallFailed as failure:
                say("queue not kept", level="warning", why=str(failure))

    def close(self) -> None:
        """Give up the connections."""
        self._deployment.close()
        self._local.close()
