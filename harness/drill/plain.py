"""Values to plain JSON and back: frozen dataclasses, tuples, mappings, enumerations and what they are made of.

Nothing is converted in between: an integer stays one, and a text keeps whatever is in it, half a character included.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from harness.errors import WorldError

Value = TypeVar("Value")
LEFT_OUT = {"plain": "left out where it has its default"}
"""Of a field: files of those that have no use for it are as they were before there was one."""


def to_plain(value: Any) -> Any:
    """The JSON value of a dataclass, or of what can be in one."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: to_plain(getattr(value, one.name)) for one in fields(value) if not _unsaid(one, value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [to_plain(item) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise WorldError(f"no plain value: {value!r}")


def _unsaid(one: Field[Any], value: Any) -> bool:
    return one.metadata.get("plain") == LEFT_OUT["plain"] and getattr(value, one.name) == one.default


def from_plain(kind: type[Value], body: Any, where: str = "$") -> Value:
    """The value of `kind` that a JSON value says; unknown fields are ignored, so that newer files stay readable.

    Raises ValueError with the path of what does not fit.
    """
    found: Value = _read(kind, body, where)
    return found


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, body: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _either(get_args(kind), body, where)
    if origin is Literal:
        return _one_of(get_args(kind), body, where)
    if origin is tuple:
        item = get_args(kind)[0]
        return tuple(_read(item, one, f"{where}[{n}]") for n, one in enumerate(_of(list, body, where)))
    if origin is not None and issubclass(origin, Mapping):
        item = get_args(kind)[1]
        return {key: _read(item, one, f"{where}.{key}") for key, one in _of(dict, body, where).items()}
    if is_dataclass(kind):
        return _dataclass(kind, _of(dict, body, where), where)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(_one_of([member.value for member in kind], body, where))
    if kind is float:
        try:
            return float(_of((int, float), body, where))
        except OverflowError as error:
            raise ValueError(f"{where}: {error}") from error
    return _of(kind, body, where)


def _dataclass(kind: Any, body: Mapping[str, Any], where: str) -> Any:
    hints = _hints(kind)
    given = {f.name: _read(hints[f.name], body[f.name], f"{where}.{f.name}") for f in fields(kind) if f.name in body}
    try:
        return kind(**given)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from error


def _either(kinds: tuple[Any, ...], body: Any, where: str) -> Any:
    if body is None and type(None) in kinds:
        return None
    rest = [kind for kind in kinds if kind is not type(None)]
    for kind in rest[:-1]:
        if isinstance(body, kind) and not (kind is int and isinstance(body, bool)):
            return body
    return _read(rest[-1], body, where)


def _one_of(allowed: Any, body: Any, where: str) -> Any:
    if body not in allowed:
        raise ValueError(f"{where}: must be one of {', '.join(map(str, allowed))}, not {body!r:.80}")
    return body


def _of(kind: Any, body: Any, where: str) -> Any:
    wrong = isinstance(body, bool) and kind is not bool
    if wrong or not isinstance(body, kind):
        raise ValueError(f"{where}: {body!r:.80} does not fit here")
    return body
