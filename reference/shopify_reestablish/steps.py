"""The steps of the command, in the order in which each makes the next one worth while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from reference.dynamo import CallFailed
from reference.settings import Settings
from reference.shopify_app.admin_api.client import AdminApi, AdminFailed
from reference.shopify_app.buffer import Buffer
from reference.shopify_app.integrations.party import Party
from reference.shopify_app.integrations.queue import Queues
from reference.shopify_app.journal import JournalFailed
from reference.shopify_app.journals import journal_of
from reference.shopify_app.reconciliation import queries, subscriptions
from reference.shopify_app.reconciliation.service import Reconciliation
from reference.shopify_app.reconciliation.service import Report as Learned
from reference.shopify_app.secrets_file import Secrets
from reference.shopify_app.settings import SCOPES, TOPICS, ShopSettings
from reference.shopify_app.store import Store
from reference.shopify_app.worker import Worker
from reference.shopify_reestablish.report import Check, Replayed, Report

PROBE = "re-establish"
"""A record that no third party has."""
LOOK_AGAIN_S = 0.1


Found = TypeVar("Found")


class Steps:
    """Of one region. patience_s: how long queues may take to drain."""

    def __init__(self, settings: Settings, shop: ShopSettings, patience_s: float) -> None:
        self._settings, self._shop, self._patience_s = settings, shop, patience_s
        self._secrets = Secrets(shop.credentials, shop.secrets_file)
        self._store, self._buffer = Store(settings, shop), Buffer(settings)
        self._api = AdminApi(settings, shop, self._secrets)
        self._reconciliation = Reconciliation(settings, shop, self._store, self._api)

    def run(self, *, only_look: bool) -> Report:
        """All of them."""
        if only_look:
            return Report(self._settings.region, tuple(self._checks()))
        replayed, failed = self._replay()
        return Report(self._settings.region, (*self._checks(), *failed), replayed)

    # -- looking -------------------------------------------------------------------------------------------------
    def _checks(self) -> Iterator[Check]:
        secrets = self._secrets.current().secrets
        said = "a rotation is under way: both secrets count" if len(secrets) > 1 else "there is a client secret"
        yield Check("secret", bool(secrets), said if secrets else "there is no client secret")
        yield _checked("inbox", self._inbox)
        yield _checked("token", self._token)
        yield _checked("scopes", self._scopes)
        yield _checked("webhooks", self._webhooks)
        yield _checked("journal", self._last_reconciled)
        for name, url in self._shop.parties.items():
            yield _checked(name, lambda name=name, url=url: _party(name, url))  # type: ignore[misc]

    def _inbox(self) -> tuple[bool, str]:
        self._store.touch()
        return True, "can be written"

    def _token(self) -> tuple[bool, str]:
        self._api.keep_token()
        return True, "the shop gives one to this region"

    def _scopes(self) -> tuple[bool, str]:
        found = self._api.query(queries.SCOPES, patience_s=self._patience_s)["currentAppInstallation"]
        missing = sorted(set(SCOPES) - {one["handle"] for one in found["accessScopes"]})
        return not missing, f"missing: {', '.join(missing)}" if missing else ", ".join(SCOPES)

    def _last_reconciled(self) -> tuple[bool, str]:
        last = journal_of(self._settings, self._shop, self._store).last()
        return True, "this region has never reconciled" if last is None else f"last reconciled at {last.at}"

    def _webhooks(self) -> tuple[bool, str]:
        plan = subscriptions.plan(self._reconciliation.listed(), TOPICS, self._shop.webhook_url)
        astray = sorted(set((plan.astray or {}).values()))
        says = [f"not subscribed to: {', '.join(plan.missing)}"] if plan.missing else []
        says += [f"led elsewhere: {', '.join(astray)}"] if astray else []
        return plan.right, "; ".join(says) or f"all {len(TOPICS)} lead to {self._shop.webhook_url}"

    # -- replaying -----------------------------------------------------------------------------------------------
    def _replay(self) -> tuple[Replayed, list[Check]]:
        failed: list[Check] = []
        webhooks, parked = _or(failed, "inbox drained", self._drain_inbox, (0, 0))
        learned = _or(failed, "reconciled", self._reconcile, Learned())
        queues = _or(failed, "queues drained", lambda: asyncio.run(self._drain_queues()), None)
        senders = {} if queues is None else queues.senders
        return Replayed(
            webhooks=webhooks,
            parked=parked,
            learned=learned.news,
            seen=learned.seen,
            subscribed=learned.subscribed,
            sent={name: sender.settled for name, sender in senders.items()},
            unsent={name: sender.waiting for name, sender in senders.items()},
            dead={name: dict(sender.dead) for name, sender in senders.items()},
        ), failed

    def _drain_inbox(self) -> tuple[int, int]:
        """Whoever gives this command says that the other region is gone."""
        worker = Worker(self._settings, self._store, lambda _region: True, lambda _topic: None)
        try:
            found = worker.left_over()
            return len(found), sum(not worker.do(row) for row in found)
        finally:
            worker.close()

    def _reconcile(self) -> Learned:
        until = time.monotonic() + self._patience_s
        while (found := self._reconciliation.run()).skipped and time.monotonic() < until:
            time.sleep(LOOK_AGAIN_S)
        if found.skipped:
            raise AdminFailed("another region is at it")
        return found

    async def _drain_queues(self) -> Queues:
        queues = Queues(self._settings, self._store, self._shop.parties, lambda _region: True, self._buffer)
        work = asyncio.create_task(queues.run(look=False))
        try:
            await queues.take_over()
            await queues.drained(self._patience_s)
        finally:
            work.cancel()
            queues.close()
        return queues

    def close(self) -> None:
        """Give up threads and connections."""
        self._reconciliation.close()
        self._store.close()
        self._buffer.close()


def _checked(name: str, look: Callable[[], tuple[bool, str]]) -> Check:
    try:
        return Check(name, *look())
    except (AdminFailed, CallFailed, JournalFailed, KeyError, TypeError) as failure:
        return Check(name, False, _said(failure))


def _or(failed: list[Check], name: str, work: Callable[[], Found], otherwise: Found) -> Found:
    """What the work finds; where it fails, that is told, and the next step is tried all the same."""
    try:
        return work()
    except (AdminFailed, CallFailed, KeyError, TypeError) as failure:
        failed.append(Check(name, False, _said(failure)))
        return otherwise


def _said(failure: Exception) -> str:
    """KeyError, TypeError: an answer of the shop that is not as its schema has it."""
    known = isinstance(failure, AdminFailed | CallFailed | JournalFailed)
    return str(failure) if known else f"the shop's answer makes no sense: {type(failure).__name__}: {failure}"


def _party(name: str, url: str) -> tuple[bool, str]:
    answer = Party(name, url).find(PROBE)
    if answer is None:
        return False, "does not answer"
    return answer.status in (200, 404), f"answers with status {answer.status}"
