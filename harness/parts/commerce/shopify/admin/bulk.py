"""Bulk operations: queries whose whole result is written to a file, one object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.parts.commerce.shopify.records.values import Body, Changed, Refused, gid, iso, iso_or_none

PREFIX = "/bulk/"
_SECOND_US = 1_000_000
_KEPT_S = 7 * 86_400
_RUNNING = ("CREATED", "RUNNING", "CANCELING")


@dataclass
class BulkOperation:
    """One operation. lines: of the result, once it is complete."""

    id: int
    query: str
    created_at_us: int
    due_us: int
    status: str = "CREATED"
    completed_at_us: int | None = None
    error_code: str | None = None
    lines: bytes = b""
    objects: int = 0
    roots: int = 0


class BulkOperations:
    """The operations of one app in one shop. now_us, new_id: the shop's."""

    def __init__(self, now_us: Callable[[], int], new_id: Callable[[], int], takes_s: float, concurrent: int) -> None:
        self._now_us = now_us
        self._new_id = new_id
        self._takes_us = round(takes_s * _SECOND_US)
        self._concurrent = concurrent
        self._operations: dict[int, BulkOperation] = {}

    def __iter__(self) -> Iterator[BulkOperation]:
        return iter(self._operations.values())

    def get(self, number: int) -> BulkOperation | None:
        """The one of that number."""
        return self._operations.get(number)

    def begin(self, query: str) -> BulkOperation:
        """Begin one. Refused where as many as may run do."""
        if sum(one.status in _RUNNING for one in self) >= self._concurrent:
            raise Refused(
                f"A bulk query operation for this app and shop is already in progress: limit {self._concurrent}.",
                (), "LIMIT_REACHED",
            )  # fmt: skip
        now = self._now_us()
        one = BulkOperation(self._new_id(), query, now, now + self._takes_us)
        self._operations[one.id] = one
        return one

    def cancel(self, number: int) -> BulkOperation:
        """Cancel one. Refused where it is over."""
        one = self.get(number)
        if one is None:
            raise Refused("Bulk operation does not exist", ("id",))
        if one.status not in _RUNNING:
            raise Refused(
                "A bulk operation cannot be canceled when it is completed", ("id",),
            )  # fmt: skip
        one.status, one.completed_at_us = "CANCELED", self._now_us()
        return one

    def settle(self, run: Callable[[str], tuple[Mapping[str, Any] | None, str | None]]) -> list[Changed]:
        """Complete what is due. run: gives the whole result of a query, or the code of an error."""
        done = []
        for one in [one for one in self if one.status in ("CREATED", "RUNNING")]:
            if self._now_us() < one.due_us:
                one.status = "RUNNING"
                continue
            data, one.error_code = run(one.query)
            one.completed_at_us = self._now_us()
            one.status = "FAILED" if data is None else "COMPLETED"
            objects = list(_objects(data)) if data is not None else []
            one.lines = "".join(f"{json.dumps(line)}\n" for line in objects).encode()
            one.objects, one.roots = len(objects), sum("__parentId" not in line for line in objects)
            done.append(_finished(one))
        return done

    def file(self, path: str) -> bytes | None:
        """The result at a path, for seven days."""
        name = path.removeprefix(PREFIX).removesuffix(".jsonl")
        one = self.get(int(name)) if name.isascii() and name.isdigit() else None
        if one is None or one.status != "COMPLETED" or one.completed_at_us is None:
            return None
        return one.lines if self._now_us() < one.completed_at_us + _KEPT_S * _SECOND_US else None


def _finished(one: BulkOperation) -> Changed:
    at = one.completed_at_us or one.created_at_us
    body: Body = {
        "admin_graphql_api_id": gid("BulkOperation", one.id), "completed_at": iso_or_none(one.completed_at_us),
        "created_at": iso(one.created_at_us), "error_code": one.error_code and one.error_code.lower(),
        "status": one.status.lower(), "type": "query",
    }  # fmt: skip
    return Changed(
        "bulk_operations", "bulk_operations/finish", gid("BulkOperation", one.id), one.id, at, body
    )  # fmt: skip


def _objects(data: Mapping[str, Any]) -> Iterator[Body]:
    """Every node of every connection, its parent before it; nested ones name their parent."""
    for value in data.values():
        yield from _nodes(value, None)


def _nodes(value: Any, parent: str | None) -> Iterator[Body]:
    found = nodes_of(value)
    if found is None:
        return
    for node in found:
        own = {key: part for key, part in node.items() if nodes_of(part) is None}
        yield own if parent is None else {**own, "__parentId": parent}
        for part in node.values():
            yield from _nodes(part, node.get("id"))


def nodes_of(value: Any) -> list[Any] | None:
    """The nodes of a connection in a result, None where it is not one."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("edges"), list):
        return [
            edge["node"] for edge in value["edges"] if isinstance(edge, dict) and isinstance(edge.get("node"), dict)
        ]
    nodes = value.get("nodes")
    return nodes if isinstance(nodes, list) else None
