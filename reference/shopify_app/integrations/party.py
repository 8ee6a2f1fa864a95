"""The HTTP of a third party: records under keys that it knows again."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from reference.shopify_app.asking import Answer, Unreachable, ask
from reference.shopify_app.settings import PARTY_TIMEOUT_S

NO_ANSWER = None


class Party:
    """One of them. Every call blocks; None: there was no answer, and nobody knows what came of it."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._url = url

    def send(self, key: str, body: Mapping[str, object]) -> Answer | None:
        """Give it a record; once, however often this is called."""
        return self._ask("POST", key, {"Idempotency-Key": key}, body)

    def find(self, key: str) -> Answer | None:
        """Whether it has a record: 200, or 404."""
        return self._ask("GET", key)

    def _ask(
        self, method: str, key: str, headers: Mapping[str, str] | None = None, said: object = None
    ) -> Answer | None:
        url = f"{self._url}/v1/records/{quote(key, safe='')}"
        try:
            answer = ask(method, url, PARTY_TIMEOUT_S, headers, said)
        except Unreachable:
            return NO_ANSWER
        if answer.status // 100 == 2 and not answer.object:
            return NO_ANSWER  # a page of somebody's in between, perhaps: it says nothing of the record
        return answer
