"""Has the shop asked whenever there is a reason to (due.py), and keeps this region's token fresh all the while."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from reference.dynamo import CallFailed
from reference.log import say
from reference.settings import Settings
from reference.shopify_app.admin_api.client import AdminApi, AdminFailed
from reference.shopify_app.journal import Entry, Journal, JournalFailed
from reference.shopify_app.reconciliation import due
from reference.shopify_app.reconciliation.service import Reconciliation
from reference.shopify_app.settings import RECONCILE_EVERY_S, RECONCILE_RETRY_S

LOOK_EVERY_S = 2.0


class Keeper:
    """Of one region."""

    def __init__(self, settings: Settings, api: AdminApi, work: Reconciliation, journal: Journal) -> None:
        self._settings = settings
        self._api = api
        self._work = work
        self._journal = journal
        self._state = due.State(due.Terms(settings.ns(RECONCILE_EVERY_S), settings.ns(RECONCILE_RETRY_S)))
        self._threads = ThreadPoolExecutor(2, "keeper")

    def want(self, reason: str) -> None:
        """There is a reason. On the event loop."""
        self._step(due.Wanted(reason))

    def _step(self, event: due.Event) -> tuple[due.Ask, ...]:
        self._state, asked = due.step(self._state, event, time.monotonic_ns())
        return asked

    async def run(self) -> None:
        """For ever."""
        loop = asyncio.get_running_loop()
        while True:
            await loop.run_in_executor(self._threads, self._keep_token)
            for ask in self._step(due.Look()):
                self._step(due.Ended(await loop.run_in_executor(self._threads, self._reconcile, ask.reasons)))
            await asyncio.sleep(self._settings.scaled_s(LOOK_EVERY_S))

    def _keep_token(self) -> None:
        try:
            self._api.keep_token()
        except AdminFailed as failure:
            say("no token", level="alert", why=str(failure))

    def _reconcile(self, reasons: tuple[str, ...]) -> bool:
        try:
            report = self._work.run()
        except (AdminFailed, CallFailed, KeyError, TypeError) as failure:
            # KeyError, TypeError: the shop's answer is not as its schema has it.
            say("not reconciled", level="warning", because=reasons, why=f"{type(failure).__name__}: {failure}")
            return False
        if report.skipped:
            return due.PERIOD in reasons  # another region is at it; for any other reason it is done again afterwards
        say("reconciled", because=reasons, seen=report.seen, news=report.news, subscribed=list(report.subscribed))
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        entry = Entry(at, self._settings.region, reasons, report.seen, report.news, report.subscribed)
        try:
            self._journal.add(entry)
        except (JournalFailed, CallFailed) as failure:
            say("journal not written", level="warning", why=str(failure))
        return True

    def close(self) -> None:
        """Give up the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
