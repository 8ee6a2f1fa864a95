"""Requests to the application one at a time, for whoever reads back or tidies up: the clients' own templates, and the
same reading of answers. For threads, not event loops; redirects are never followed."""

from __future__ import annotations

import os
from dataclasses import dataclass

from harness.history.events import Function
from harness.kit.address import Address
from harness.kit.reach import may_dial
from harness.kit.tls import Tls
from harness.rendering import rendered
from harness.wire.ask import NoAnswer, ask
from harness.witness import outcomes
from harness.witness.outcomes import Seen
from harness.workload import Workload


@dataclass(frozen=True)
class Application:
    """How the application is spoken to. host: the name that clients know it by; hosts: what may be dialled; tls: how it
    is spoken, None: not at all."""

    workload: Workload
    host: str
    hosts: tuple[str, ...]
    timeout_s: float = 5.0
    tls: Tls | None = None

    def read(self, address: Address, key: str) -> Seen:
        """What a key holds at an address. Raises KeyError for a variable that is not set."""
        return self._sent(address, "get", key)

    def delete(self, address: Address, key: str) -> Seen:
        """What came of deleting a key at an address. Raises KeyError for a variable that is not set."""
        return self._sent(address, "delete", key)

    def _sent(self, address: Address, function: Function, key: str) -> Seen:
        template = self.workload.request(function)
        if template is None or not may_dial(address[0], self.hosts):
            return outcomes.without_answer(outcomes.UNREACHABLE)
        fields = {"id": key, "value": "", "amount": "", "op": f"{key}-{function}"}
        request = rendered(template, fields, os.environ)
        try:
            answer = ask(
                address, request.method, request.path, timeout_s=self.timeout_s, headers=request.headers,
                body=request.body, host=request.host or self.host, tls=self.tls,
            )  # fmt: skip
        except NoAnswer:
            return outcomes.without_answer(outcomes.TIMEOUT)
        return outcomes.with_answer(function, answer.status, answer.headers, answer.body, template)
