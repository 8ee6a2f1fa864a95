"""Deletes again what the clients have written to a stack that is not ours: only keys that they have noted, and that
begin with the run's prefix; through the application, at the hosts that the environment names, and slowly."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import WorldError
from harness.history.events import ABSENT
from harness.kit.address import Address, join_address, split_address
from harness.kit.tls import Tls
from harness.outcome import Outcome
from harness.parts.platform.external.model import KEYS_MAX, deletable
from harness.regular_files import open_bytes
from harness.witness.single_requests import Application
from harness.workload import Workload

_NAMED_MAX = 3
_FAILURES_MAX = 3
_ROUNDS = 5
_BETWEEN_S = 4.0
"""A stack that fails over, or has just been healed, takes no deletes for some seconds."""


@dataclass(frozen=True)
class Items:
    """What the clients have noted, and how it is deleted. addresses: of the places, the primary's first."""

    file: Path
    prefix: str
    addresses: tuple[Address, ...]
    rate_per_s: float
    application: Application

    def handle(self) -> dict[str, str]:
        """All of it as plain text, for the journal. Values of variables of the environment are not in it."""
        return {
            "is": "items",
            "file": str(self.file),
            "prefix": self.prefix,
            "addresses": json.dumps([join_address(address) for address in self.addresses]),
            "rate_per_s": f"{self.rate_per_s:g}",
            "workload": self.application.workload.model_dump_json(),
            "host": self.application.host,
            "hosts": json.dumps(self.application.hosts),
            "timeout_s": f"{self.application.timeout_s:g}",
            "tls": "" if self.application.tls is None else self.application.tls.model_dump_json(),
        }

    @classmethod
    def of(cls, handle: Mapping[str, str]) -> Items:
        """From what the journal says."""
        application = Application(
            Workload.model_validate_json(handle["workload"]),
            handle["host"],
            tuple(json.loads(handle["hosts"])),
            float(handle["timeout_s"]),
            Tls.model_validate_json(handle["tls"]) if handle.get("tls") else None,
        )
        addresses = tuple(split_address(text) for text in json.loads(handle["addresses"]))
        return cls(Path(handle["file"]), handle["prefix"], addresses, float(handle["rate_per_s"]), application)

    def keys(self) -> tuple[str, ...]:
        """Those that may be deleted."""
        if not self.file.exists():
            return ()
        with open_bytes(self.file) as file:
            return deletable(file.read().decode(errors="replace").splitlines(), self.prefix)[:KEYS_MAX]


def tidy(items: Items, pause: Callable[[float], None] = time.sleep) -> list[str]:
    """Delete them all; a sentence. Raises WorldError when some may be there still, and then their file names those."""
    keys = items.keys()
    if "delete" not in items.application.workload.functions:
        _leave(items, ())
        stay = f"{len(keys)} items stay: the application has no delete; {items.prefix}... begin their keys"
        return [stay] if keys else []
    left = _delete(items, keys, pause)
    for _ in range(_ROUNDS - 1):
        if not left:
            break
        pause(_BETWEEN_S)
        left = _delete(items, left, pause)
    _leave(items, left)
    if left:
        raise WorldError(f"{len(left)} of {len(keys)} items could not be deleted, {_some(left)}; see {items.file}")
    return [f"{len(keys)} items deleted whose keys begin with {items.prefix}"] if keys else []


def _delete(items: Items, keys: Sequence[str], pause: Callable[[float], None]) -> Sequence[str]:
    """Those that may be there still: after a few failures in a row nobody takes deletes now, and the rest must wait.

    Raises WorldError where the application cannot be spoken to from here at all.
    """
    order, left = list(items.addresses), []
    for number, key in enumerate(keys):
        try:
            gone = _gone(items, order, key, pause)
        except KeyError as error:
            raise WorldError(f"items cannot be deleted: the environment variable {error.args[0]} is not set") from None
        if not gone:
            left.append(key)
        if len(left) == _FAILURES_MAX:
            return [*left, *keys[number + 1 :]]
    return left


def _leave(items: Items, keys: Sequence[str]) -> None:
    """What the file names from now on. It stays the same file, into which the clients may go on writing."""
    if items.file.exists():
        with items.file.open("r+b") as file:
            file.write("".join(f"{key}\n" for key in keys).encode())
            file.truncate()


def _gone(items: Items, order: list[Address], key: str, pause: Callable[[float], None]) -> bool:
    """Whether a place has deleted it, or every place says that it is not there.

    Which place takes writes is not known: order is left with the one first that did last.
    """
    absent = 0
    for address in tuple(order):
        pause(1 / items.rate_per_s)
        seen = items.application.delete(address, key)
        if seen.outcome is Outcome.OK:
            order.remove(address)
            order.insert(0, address)
            return True
        absent += seen.error == ABSENT
    return absent == len(order)


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:_NAMED_MAX]) + (", ..." if keys[_NAMED_MAX:] else "")
