"""The adversary's hand on a database: what it asks for, what it takes back, and what a poison record looks like."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import WorldError
from harness.faults.actions import (
    AllowOperations,
    KillProcess,
    PutPoison,
    RefuseOperations,
    RemovePoison,
    SwitchOffDatabase,
    SwitchOnDatabase,
)
from harness.parts.regions.moto.hand import DatabaseHand
from harness.topology.subject import Table
from harness.witness.canaries import dynamodb_request
from harness.witness.models import CallCanary
from harness.world.poison import PoisonHand, odd_twin
from harness.world.power import PowerHand

EAST = "us-east-1"
TABLE = Table(name="items", key="id", value="value")
REFUSE = RefuseOperations(EAST, "x", ("PutItem",), "InternalServerError")


class Admin:
    def __init__(self, error: str = "") -> None:
        self.asked: list[tuple[str, Any]] = []
        self._error = error

    def post(self, path: str, body: Any = None) -> None:
        self.asked.append((path, body))
        if self._error:
            raise WorldError(self._error)


class Database:
    def __init__(self, *items: dict[str, Any]) -> None:
        self.items = {item["id"]["S"]: item for item in items}

    def scan(self, **_: Any) -> dict[str, Any]:
        return {"Items": list(self.items.values())[:1]}

    def put_item(self, TableName: str, Item: dict[str, Any]) -> None:
        self.items[Item["id"]["S"]] = Item

    def delete_item(self, TableName: str, Key: dict[str, Any]) -> None:
        self.items.pop(Key["id"]["S"], None)


def hand(admin: Admin) -> DatabaseHand:
    return DatabaseHand(EAST, lambda: admin)  # type: ignore[arg-type, return-value]


def poisoner(database: Database, table: Table | None = TABLE) -> PoisonHand:
    return PoisonHand(EAST, lambda: database, table)


def test_it_takes_what_is_about_its_own_database_only() -> None:
    own = hand(Admin())
    assert own.takes(REFUSE)
    assert not own.takes(RefuseOperations("us-west-2", "x", ("PutItem",), "InternalServerError"))
    assert not own.takes(KillProcess(EAST))
    assert not own.takes(PutPoison(EAST, ("p",)))
    on_stored = poisoner(Database())
    assert on_stored.takes(PutPoison(EAST, ("p",)))
    assert not on_stored.takes(PutPoison("us-west-2", ("p",)))
    assert not on_stored.takes(REFUSE)


def test_refusing_and_allowing_are_asked_of_the_region() -> None:
    admin = Admin()
    results = hand(admin).apply([REFUSE, AllowOperations(EAST, "x")])
    assert [result.error for result in results] == [None, None]
    assert admin.asked == [
        ("/drill/refuse", {"name": "x", "operations": ["PutItem"], "error": "InternalServerError"}),
        ("/drill/allow", {"name": "x"}),
    ]


def test_what_does_not_hold_any_more_counts_as_taken_back() -> None:
    [gone] = hand(Admin("us-east-1: POST /drill/allow: 404 no such refusal holds")).apply([AllowOperations(EAST, "x")])
    assert gone.missing
    [failed] = hand(Admin("us-east-1: no answer")).apply([AllowOperations(EAST, "x")])
    assert failed.error
    assert not failed.missing


def test_poison_is_the_odd_twin_of_what_is_there_and_goes_again() -> None:
    database = Database({"id": {"S": "u1"}, "value": {"S": "u1"}, "epoch": {"N": "1"}, "on": {"BOOL": True}})
    [put] = poisoner(database).apply([PutPoison(EAST, ("p", "p-2"))])
    assert put.error is None
    twin = database.items["p"]
    assert set(twin) == {"id", "value", "epoch", "on"}
    kinds = {name: next(iter(value)) for name, value in twin.items()}
    assert kinds == {"id": "S", "value": "M", "epoch": "S", "on": "L"}
    poisoner(database).apply([RemovePoison(EAST, ("p", "p-2"))])
    assert set(database.items) == {"u1"}


def test_an_empty_table_is_poisoned_too_and_no_table_is_told() -> None:
    assert odd_twin({}, TABLE, "p") == {"id": {"S": "p"}, "value": {"M": {"drill": {"NULL": True}}}}
    [failed] = poisoner(Database(), None).apply([PutPoison(EAST, ("p",))])
    assert failed.error is not None
    assert "lists no table" in failed.error


def test_poison_has_a_key_of_the_kind_that_the_table_has() -> None:
    table = Table(name="shop", key={"PK": "TENANT#1", "SK": "ITEM#{id}"}, value="doc.value")
    item = {"PK": {"S": "TENANT#1"}, "SK": {"S": "ITEM#u1"}, "doc": {"M": {"value": {"S": "u1"}}}}
    twin = odd_twin(item, table, "p")
    assert (twin["PK"], twin["SK"]) == ({"S": "TENANT#1"}, {"S": "ITEM#p"})
    assert next(iter(twin["doc"])) == "L"


@pytest.mark.parametrize(("operation", "body"), [("PutItem", '{"TableName": "x"}'), ("GetItem", "{}")])
def test_a_canary_of_one_operation_sends_that_one(operation: str, body: str) -> None:
    canary = CallCanary(
        kind="dynamodb-call", link="l", address=("127.0.0.1", 1), region=EAST, operation=operation, body=body
    )
    sent = dynamodb_request(canary).decode()
    assert f"X-Amz-Target: DynamoDB_20120810.{operation}\r\n" in sent
    assert sent.endswith(f"Content-Length: {len(body)}\r\n\r\n{body}")


def test_a_server_that_was_switched_off_is_started_again_and_no_other() -> None:
    done: list[str] = []
    hand = PowerHand(EAST, lambda: done.append("off"), lambda: done.append("on"))
    off, on = SwitchOffDatabase(EAST), SwitchOnDatabase(EAST)
    assert hand.takes(off)
    assert not hand.takes(SwitchOffDatabase("us-west-2"))
    assert not hand.takes(PutPoison(EAST, ("p",)))
    [early] = hand.apply([on])
    assert early.missing
    assert [result.error for result in hand.apply([off, on])] == [None, None]
    assert done == ["off", "on"]


def test_a_server_that_does_not_come_back_is_told_and_tried_again() -> None:
    tries: list[int] = []

    def on() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise WorldError("did not answer")

    hand = PowerHand(EAST, lambda: None, on)
    hand.apply([SwitchOffDatabase(EAST)])
    [failed] = hand.apply([SwitchOnDatabase(EAST)])
    assert failed.error == f"{EAST}: did not answer"
    assert [result.error for result in hand.apply([SwitchOnDatabase(EAST)])] == [None]
