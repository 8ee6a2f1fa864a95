"""A LocalStack that runs already, in a container or not: waited for, used, left as it was found, never stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from harness.engines.aws.calls import DYNAMODB, CallRefused, call, not_dynamodb
from harness.errors import InputError, WorldError
from harness.kit.address import Address, join_address
from harness.parts.regions.localstack import health
from harness.parts.regions.localstack.spec import Localstack as Spec
from harness.parts.regions.localstack.started import COMPOSE, FIRST_CALL_S, HEALTH
from harness.wire.ask import NoAnswer, ask, takes_connections
from harness.world.borrowed_region import BorrowedRegion
from harness.world.part import Blueprint, StatusLine
from harness.world.process import READY_TIMEOUT_S

_INFO = "/_localstack/info"
_ASK_S = 2.0
_POLL_S = 0.25
_NO_TABLE = "drill-canary"
SECTION = "region_servers: localstack"


def look(address: Address) -> health.Seen:
    """One look at a server's health."""
    try:
        answer = ask(address, "GET", HEALTH, timeout_s=_ASK_S)
    except NoAnswer:
        return health.seen(None, b"")
    return health.seen(answer.status, answer.body)


class RunningLocalstack(BorrowedRegion):
    """One region of it. What its streams can be believed is said, since it cannot be asked."""

    called = "this LocalStack"
    kind = "localstack"
    may_create = True

    def __init__(self, blueprint: Blueprint, spec: Spec, region: str, address: Address) -> None:
        super().__init__(blueprint, region, address)
        self.setting = SECTION
        self.made_by_subject = spec.subject_tables
        self.ordered_streams = spec.commits == "streams"
        self._about = ""

    def wrong(self) -> str | None:
        """Waits until it is ready. Raises WorldError when it is not in time."""
        at = join_address(self.address)
        if not takes_connections(self.address):
            return (
                f"nothing answers at {at}, where the LocalStack of {self.region} should run: start it "
                f"(`{COMPOSE}`), or say `use: started`"
            )
        until = time.monotonic() + READY_TIMEOUT_S
        while (found := look(self.address)).verdict is health.Verdict.NOT_YET:
            if time.monotonic() > until:
                raise WorldError(
                    f"{SECTION}: {at} ({self.region}) is not ready after {READY_TIMEOUT_S:g} s: it {found.text}; look "
                    "at its log, or say `use: started`"
                )
            time.sleep(_POLL_S)
        if found.verdict is health.Verdict.NEVER:
            return f"{at} ({self.region}) {found.text}; mend that, name another address, or say `use: started`"
        refused = not_dynamodb(self.address, self.region, FIRST_CALL_S)
        if refused is None:
            self._learn(found.version)
        return refused

    def _learn(self, version: str) -> None:
        """What it is, for the report."""
        missing = _of_a_missing_table(self.address, self.region)
        self._about = f"{version}, {health.described(_info(self.address), missing)}"

    def reset(self) -> None:
        """As it was found. Raises InputError for a table that the subject has made, and that nobody has named: the next
        drill would begin with what is in it."""
        super().reset()
        further = sorted(self._there() - self._found)
        if further:
            at, names = join_address(self.address), ", ".join(further)
            raise InputError(
                f"{SECTION}: {names} at {at} came while a drill ran, and a drill begins without it: name it in "
                "`subject_tables`, so that it is deleted after each drill"
            )

    def status(self) -> Sequence[StatusLine]:
        """Where its database is, and what it is."""
        return (StatusLine(f"DynamoDB {self.region}", join_address(self.address), f"LocalStack {self._about}"),)

    def versions(self) -> Mapping[str, str]:
        """What answers, where it runs, and which database is behind it."""
        return {f"localstack {self.region}": self._about}


def _info(address: Address) -> Mapping[str, Any] | None:
    try:
        told = json.loads(ask(address, "GET", _INFO, timeout_s=_ASK_S).body)
    except (NoAnswer, ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _of_a_missing_table(address: Address, region: str) -> str:
    """What the database behind it says of a table that there is not."""
    try:
        call(address, region, DYNAMODB, "GetItem", {"TableName": _NO_TABLE, "Key": {"id": {"S": "-"}}}, FIRST_CALL_S)
    except CallRefused as error:
        return error.message
    except NoAnswer:
        return ""
    return ""


def build(blueprint: Blueprint, spec: Spec, addresses: Mapping[str, Address]) -> list[RunningLocalstack]:
    """One for each region that has a database."""
    return [RunningLocalstack(blueprint, spec, region, addresses[region]) for region in blueprint.environment.databases]
