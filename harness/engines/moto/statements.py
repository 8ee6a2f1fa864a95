"""PartiQL statements as DynamoDB carries them out: each whole or not at all, a transaction of them as one.

Moto overwrites an item that INSERT meets, lets UPDATE of an absent one pass, answers HTTP 500 for a table that is not
there, keeps the first half of a failed ExecuteTransaction, and drops a whole BatchExecuteStatement for one statement
that it cannot read. Errors here are those of the API reference (ExecuteStatement, ExecuteTransaction,
BatchStatementError). Left as moto has it: the grammar of the statements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.dynamodb.exceptions import (
    ERROR_TYPE_PREFIX,
    ConditionalCheckFailed,
    DynamodbException,
    MockValidationException,
    ResourceNotFoundException,
    TransactionCanceledException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing import partiql

from harness.engines.moto.patching import Patches

Transaction = Callable[[], AbstractContextManager[None]]
_VERB = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|EXISTS)\b", re.IGNORECASE)
_CODES = {
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "DuplicateItemException": "DuplicateItem",
    "ResourceNotFoundException": "ResourceNotFound",
    "ValidationException": "ValidationError",
}
_CANCEL = {"ConditionalCheckFailed", "DuplicateItem"}
"""What cancels a transaction with a reason for each statement; anything else is told as it is."""


class _DuplicateItemError(DynamodbException):
    def __init__(self) -> None:
        text = "Duplicate primary key exists in table"
        super().__init__(f"{ERROR_TYPE_PREFIX}DuplicateItemException", text)


class Statements:
    """The patched ways to carry statements out. transaction: a block that is undone as a whole when it raises."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._backend: DynamoDBBackend | None = None
        """Whose statement is being carried out; under the lock of the write path."""

    def install(self, patches: Patches) -> None:
        """Patch moto's classes. Before the write path locks `execute_statement`."""
        patches.wrap(DynamoDBBackend, "execute_statement", self._make_one)
        patches.wrap(partiql, "query", self._make_query)
        patches.wrap(DynamoDBBackend, "execute_transaction", self._make_transaction)
        patches.wrap(DynamoDBBackend, "batch_execute_statement", lambda _: _execute_batch)

    def _make_one(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def execute_statement(backend: DynamoDBBackend, *arguments: Any, **named: Any) -> Any:
            self._backend = backend
            try:
                return original(backend, *arguments, **named)
            finally:
                self._backend = None

        return execute_statement

    def _make_query(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def query(statement: str, source_data: dict[str, Any], parameters: Sequence[Any]) -> Any:
            _refuse_unreadable(statement)
            found, updates = original(statement, source_data, parameters)
            tables = {} if self._backend is None else self._backend.tables
            for name, changes in updates.items():
                if name not in tables:
                    raise ResourceNotFoundException
                for before, after in changes:
                    if before is None and after is not None and _there(tables[name], after):
                        raise _DuplicateItemError
            if _verb(statement) == "UPDATE" and not any(updates.values()):
                raise ConditionalCheckFailed
            return found, updates

        return query

    def _make_transaction(self, _: Callable[..., Any]) -> Callable[..., list[dict[str, Any]]]:
        def execute_transaction(backend: DynamoDBBackend, statements: Sequence[Mapping[str, Any]]) -> Any:
            with self._transaction():
                answers, reasons = [], []
                for statement in statements:
                    code = text = None
                    try:
                        answers.append(_execute(backend, statement))
                    except JsonRESTError as error:
                        code, text = _code(error), error.message
                        if code not in _CANCEL:
                            raise
                    reasons.append((code, text, None))
                if any(code is not None for code, _, _ in reasons):
                    raise TransactionCanceledException(reasons)
                return answers

        return execute_transaction


def _execute_batch(backend: DynamoDBBackend, statements: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One after the other, each for itself: what fails is told in its place, and the others take effect."""
    return [_tried(backend, statement) for statement in statements]


def _tried(backend: DynamoDBBackend, statement: Mapping[str, Any]) -> dict[str, Any]:
    try:
        _refuse_unreadable(statement["Statement"])
        metadata = partiql.get_query_metadata(statement["Statement"])
        name = metadata.get_table_names()[0].strip('"')
        if metadata.is_select_query() and name in backend.tables:
            _refuse_without_key(backend.tables[name], metadata.get_filter_names())
        return {"TableName": name, **_execute(backend, statement)}
    except JsonRESTError as error:
        return {"Error": {"Code": _code(error), "Message": error.message}}


def _refuse_without_key(table: Table, filtered: Sequence[str]) -> None:
    if not set(table.table_key_attrs) <= set(filtered):
        text = "Select statements within BatchExecuteStatement must specify the primary key in the where clause."
        raise MockValidationException(text)


def _execute(backend: DynamoDBBackend, statement: Mapping[str, Any]) -> dict[str, Any]:
    """`Item` is there when the statement found one; a key names one at most."""
    parameters = statement.get("Parameters", [])
    items = backend.execute_statement(statement=statement["Statement"], parameters=parameters)
    return {"Item": items[0]} if items else {}


def _refuse_unreadable(statement: str) -> None:
    if _verb(statement) is None:
        first = (statement.split() or [""])[0]
        raise MockValidationException(f"Statement wasn't well formed, can't be processed: Unexpected token: {first!r}")


def _verb(statement: str) -> str | None:
    match = _VERB.match(statement)
    return None if match is None else match[1].upper()


def _there(table: Table, attributes: Mapping[str, Any]) -> bool:
    """Whether there is an item of this key. One without a key is no item, which moto says when it is put."""
    names = table.table_key_attrs
    if any(name not in attributes for name in names):
        return False
    keys = [attributes[name] for name in names]
    return any(
        all(name in item.attrs and item.attrs[name].to_json() == key for name, key in zip(names, keys, strict=True))
        for item in table.all_items()
    )


def _code(error: JsonRESTError) -> str:
    return _CODES.get(error.relative_error_type, error.relative_error_type)
