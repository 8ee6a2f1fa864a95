"""Every write to a DynamoDB item of moto, in one file: one at a time, whole or not at all, and told to an observer.

Moto changes items in place and without a lock, copies the whole table for a transaction, and puts the copy in its
place when the transaction is cancelled, so that whoever follows the old table's stream sees a write that never was,
and then nothing more. Here instead

* one lock is held for a write, and for a transaction as a whole; reads of items take it too, TransactGetItems for all
  of its items, so none sees half of one,
* an update works on a copy of the item; a failed one leaves the item as it was,
* a cancelled transaction (of items, or of PartiQL statements) is undone item by item, and its stream records are not
  written before it is committed,
* a batch is no transaction: its writes take effect one by one; but one that DynamoDB refuses as a whole writes nothing,
* an update that creates an item is one INSERT (moto: two), a write that changes nothing is no record (moto: MODIFY),
* the observer hears of each committed write under the lock, so in the order in which they took effect.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from moto.dynamodb.exceptions import MockValidationException, MultipleTransactionsException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import StreamShard, Table
from moto.dynamodb.responses import DynamoHandler

from harness.engines.moto.patching import Patches
from harness.engines.moto.statements import Statements

BATCH_MAX = 25
"""Requests in one BatchWriteItem (API Reference)."""

Observer = Callable[[Table, Item, bool, Item | None], None]
"""Called with the table, the item, whether it is there after the write (False: it was this one that is gone), and what
was there before, where that is known (`WritePath.keeps_before`)."""
Record = tuple[StreamShard, Item | None, Item | None]


@dataclass(frozen=True)
class _Change:
    """One write to one item. before: what was there, None when nothing was (or when nobody will ask)."""

    table: Table
    item: Item
    present: bool
    before: Item | None = None

    def undo(self) -> None:
        _store(self.table, self.item.hash_key, self.item.range_key, self.before)


def _store(table: Table, hash_key: DynamoType, range_key: DynamoType | None, item: Item | None) -> None:
    place: dict[Any, Any] = table.items if range_key is None else table.items[hash_key]
    key = hash_key if range_key is None else range_key
    if item is None:
        place.pop(key, None)
    else:
        place[key] = item


class WritePath:
    """The patched write path. observer: replace it at any time; None: nobody listens.

    dropped: called with a table that is deleted, with its items; None: nobody listens.
    keeps_before: whether the observer wants to be told what was there before each write.
    """

    def __init__(self) -> None:
        self.observer: Observer | None = None
        self.keeps_before = False
        self.dropped: Callable[[Table], None] | None = None
        self.lock = threading.RLock()
        # All that follows is touched under the lock only.
        self._updating = False
        self._creating = False
        self._changes: list[_Change] | None = None  # those of the open transaction
        self._records: list[Record] = []

    def install(self, patches: Patches) -> None:
        """Patch moto's classes."""
        patches.wrap(StreamShard, "add", self._make_add)
        patches.wrap(Table, "put_item", self._make_put)
        patches.wrap(Table, "delete_item", self._make_delete)
        patches.wrap(Table, "all_items", self._make_all_items)
        patches.add(Table, "__deepcopy__", self._deepcopy())
        patches.wrap(DynamoDBBackend, "update_item", self._make_update)
        patches.wrap(DynamoDBBackend, "transact_write_items", self._make_transact)
        patches.wrap(DynamoDBBackend, "delete_table", self._make_drop)
        Statements(self._statements).install(patches)
        for name in ("get_item", "delete_item", "create_backup", "execute_statement"):
            patches.wrap(DynamoDBBackend, name, self._make_locked)
        patches.wrap(DynamoHandler, "transact_get_items", self._make_locked)
        patches.wrap(DynamoHandler, "batch_write_item", self._make_batch)

    def _make_locked(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def locked(*arguments: Any, **named: Any) -> Any:
            with self.lock:
                return original(*arguments, **named)

        return locked

    def _make_drop(self, original: Callable[..., Table]) -> Callable[..., Table]:
        def delete_table(*arguments: Any, **named: Any) -> Table:
            with self.lock:
                table = original(*arguments, **named)
                if self.dropped is not None:
                    self.dropped(table)
                return table

        return delete_table

    def _changed(self, change: _Change) -> None:
        if self._changes is not None:
            self._changes.append(change)
        elif self.observer is not None:
            self.observer(change.table, change.item, change.present, change.before)

    def _make_put(self, original: Callable[..., Item]) -> Callable[..., Item]:
        def put_item(table: Table, item_attrs: Mapping[str, Any], *arguments: Any, **named: Any) -> Item:
            with self.lock:
                if self._updating:  # an update that creates: its keys are put first, and are no write of their own
                    self._creating = True
                    try:
                        return original(table, item_attrs, *arguments, **named)
                    finally:
                        self._creating = False
                # Undoing needs the item before; moto has looked it up already, so the key is known to be sound.
                wanted = self.keeps_before or self._changes is not None
                before = _current(table, item_attrs) if wanted else None
                item = original(table, item_attrs, *arguments, **named)
                self._changed(_Change(table, item, True, before))
                return item

        return put_item

    def _make_delete(self, original: Callable[..., Item | None]) -> Callable[..., Item | None]:
        def delete_item(table: Table, hash_key: DynamoType, range_key: DynamoType | None) -> Item | None:
            with self.lock:
                item = original(table, hash_key, range_key)
                if item is not None:
                    self._changed(_Change(table, item, False, item))
                return item

        return delete_item

    def _make_update(self, original: Callable[..., Item]) -> Callable[..., Item]:
        def update_item(backend: DynamoDBBackend, table_name: str, key: Mapping[str, Any], **named: Any) -> Item:
            with self.lock:
                table = backend.get_table(table_name)
                keys = _keys(table, key)
                before = None if keys is None else table.get_item(*keys)
                if keys is not None and before is not None:
                    _store(table, *keys, copy.deepcopy(before))
                self._updating = True
                done = False
                try:
                    item = original(backend, table_name, key, **named)
                    done = True
                finally:
                    self._updating = False
                    if not done and keys is not None:
                        _store(table, *keys, before)
                self._changed(_Change(table, item, True, before))
                return item

        return update_item

    def _make_transact(self, original: Callable[..., None]) -> Callable[..., None]:
        def transact_write_items(backend: DynamoDBBackend, transact_items: Sequence[Mapping[str, Any]]) -> None:
            with self._transaction():
                original(backend, transact_items)

        return transact_write_items

    @contextmanager
    def _transaction(self, *, keep: bool = True) -> Iterator[None]:
        """Writes of the block take effect together at its end; none of them does when it raises, or without `keep`."""
        with self.lock:
            self._changes, self._records = [], []
            done = False
            try:
                yield
                done = keep
            finally:
                changes, records = self._changes, self._records
                self._changes, self._records = None, []
                if not done:
                    for change in reversed(changes):
                        change.undo()
            if done:
                for shard, old, new in records:
                    shard.add(old, new)
                for change in changes:
                    self._changed(change)

    @contextmanager
    def _statements(self) -> Iterator[None]:
        """A transaction of statements, which may write each item once."""
        with self._transaction():
            yield
            written = [
                (id(change.table), change.item.hash_key, change.item.range_key) for change in self._changes or ()
            ]
            if any(key in written[:number] for number, key in enumerate(written)):
                raise MultipleTransactionsException

    def _make_batch(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """BatchWriteItem: its writes are tried first, because one that is no item has the whole batch refused."""

        def batch_write_item(handler: DynamoHandler) -> Any:
            _refuse_batch(handler)
            # Moto's own check takes equal keys of two tables for one item.
            vars(handler)["_contains_duplicates"] = lambda keys: False
            with self._transaction(keep=False):
                original(handler)
            return original(handler)

        return batch_write_item

    def _make_add(self, original: Callable[..., None]) -> Callable[..., None]:
        def add(shard: StreamShard, old: Item | None, new: Item | None) -> None:
            with self.lock:
                if self._creating or (old is not None and new is not None and old == new):
                    return
                if self._changes is not None:
                    self._records.append((shard, old, new))
                else:
                    original(shard, old, new)

        return add

    def _make_all_items(self, original: Callable[[Any], list[Item]]) -> Callable[[Any], list[Item]]:
        def all_items(table: Table) -> list[Item]:
            with self.lock:  # long enough for a copy, not for the sorting
                ranged = table.range_key_attr is not None
                items = {key: dict(found) if ranged else found for key, found in table.items.items()}
            return original(SimpleNamespace(items=items, range_key_attr=table.range_key_attr))

        return all_items

    def _deepcopy(self) -> Callable[[Table, dict[int, Any]], Table]:
        def deepcopy(table: Table, memo: dict[int, Any]) -> Table:
            with self.lock:
                if self._changes is not None:  # a transaction's safety copy: undone item by item instead
                    return table
                twin: Table = object.__new__(type(table))
                memo[id(table)] = twin
                for name, value in vars(table).items():
                    setattr(twin, name, copy.deepcopy(value, memo))
                return twin

        return deepcopy


def _refuse_batch(handler: DynamoHandler) -> None:
    """Too many requests, or several for one item. Raises as moto does."""
    requested: Mapping[str, Sequence[Mapping[str, Any]]] = handler.body["RequestItems"]
    if sum(map(len, requested.values())) > BATCH_MAX:
        raise MockValidationException("Too many items requested for the BatchWriteItem call")
    for name, requests in requested.items():
        table = handler.dynamodb_backend.get_table(name)
        found = [_keys(table, body.get("Item") or body.get("Key") or {}) for r in requests for body in r.values()]
        keys = [key for key in found if key is not None]
        if any(key in keys[:number] for number, key in enumerate(keys)):
            raise MockValidationException("Provided list of item keys contains duplicates")


def _keys(table: Table, key: Mapping[str, Any]) -> tuple[DynamoType, DynamoType | None] | None:
    """The key of an item; None when it is not one, which moto then says itself."""
    try:
        hash_key = DynamoType(key[table.hash_key_attr])
        range_key = DynamoType(key[table.range_key_attr]) if table.range_key_attr is not None else None
    except (KeyError, IndexError, TypeError, AttributeError):
        return None
    return hash_key, range_key


def _current(table: Table, item_attrs: Mapping[str, Any]) -> Item | None:
    keys = _keys(table, item_attrs)
    found: Item | None = None if keys is None else table.get_item(*keys)
    return found
