"""Calls of the Admin API, as patient as the shop wants it and no longer than `patience_s`. Each blocks."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from typing import Any

from reference import backoff
from reference.log import say
from reference.settings import NS_PER_S, Settings
from reference.shopify_app.admin_api import answers, pace, token
from reference.shopify_app.admin_api.token import Token
from reference.shopify_app.asking import Answer, Unreachable, ask
from reference.shopify_app.secrets_file import Secrets
from reference.shopify_app.settings import ADMIN_TIMEOUT_S, TOKEN_MARGIN_S, ShopSettings

PATIENCE_S = 60.0
PAUSE_S, PAUSE_MAX_S = 0.25, 10.0
COST_GUESSED = 50.0
REFUSALS_MAX = 2
"""Tokens that are refused in a row: the second one was new."""


class AdminFailed(Exception):
    """The shop did not give what was asked for. too_costly: a smaller page might be given."""

    def __init__(self, why: str, *, too_costly: bool = False) -> None:
        super().__init__(why)
        self.too_costly = too_costly


class AdminApi:
    """Of one region; safe to use from several threads."""

    def __init__(self, settings: Settings, shop: ShopSettings, secrets: Secrets) -> None:
        self._settings = settings
        self._shop = shop
        self._secrets = secrets
        self._token = Token()
        self._bucket: pace.Bucket | None = None
        self._costs: dict[str, float] = {}
        self._getting = threading.Lock()

    @property
    def scopes(self) -> frozenset[str]:
        """What the token allows, as the shop said when it gave it."""
        return self._token.scopes

    def keep_token(self) -> None:
        """Get another token if it is time for one. Raises AdminFailed."""
        if self._due():
            self._get_token()

    def _due(self) -> bool:
        renews = self._shop.renews_token or not self._token.text
        return renews and token.due(self._token, time.monotonic_ns())

    def _get_token(self) -> None:
        with self._getting:
            if not self._due():
                return  # another thread has got it meanwhile
            for credentials in self._tried():
                asked = {
                    "client_id": credentials.client_id, "client_secret": credentials.secret,
                    "grant_type": "client_credentials",
                }  # fmt: skip
                url = f"{self._shop.admin_url}/admin/oauth/access_token"
                try:
                    answer = ask("POST", url, ADMIN_TIMEOUT_S, said=asked)
                except Unreachable as error:
                    raise AdminFailed(f"no token: {error}") from error
                if answer.status == 200:
                    margin_ns = self._settings.ns(TOKEN_MARGIN_S)
                    found = token.got(answer.object, time.monotonic_ns(), margin_ns)
                    if found is None:
                        raise AdminFailed("the shop's answer holds no token")
                    self._token = found
                    say("token got", scopes=sorted(found.scopes))
                    return
            raise AdminFailed(f"the shop gives no token: status {answer.status}")

    def _tried(self) -> list[Any]:
        """The credentials, and once more those that a look at the file brings."""
        first = self._secrets.current()
        self._secrets.read_again()
        return [first] if self._secrets.current() == first else [self._secrets.current(), first]

    def query(
        self, document: str, variables: Mapping[str, object] | None = None, patience_s: float = PATIENCE_S
    ) -> Mapping[str, Any]:
        """The data that a document asks for. Raises AdminFailed."""
        until = time.monotonic() + patience_s
        failures = refusals = 0
        while True:
            pause_s, why = 0.0, ""
            cost = self._costs.get(document, COST_GUESSED)
            self._sleep(pace.wait_ns(self._bucket, cost, time.monotonic_ns()) / NS_PER_S, until, "throttled")
            self.keep_token()
            used = self._token.text
            try:
                answer = self._post(used, document, variables or {})
                meant = answers.meaning(answer)
                self._hear(document, answer)
            except Unreachable as error:
                meant = answers.Passing(str(error))
            match meant:
                case answers.Data(data=data):
                    return data
                case answers.TooCostly():
                    raise AdminFailed("the query costs too much", too_costly=True)
                case answers.Refused(why=why):
                    raise AdminFailed(why)
                case answers.TokenRefused():
                    refusals += 1
                    if refusals > REFUSALS_MAX or not self._shop.renews_token:
                        raise AdminFailed("the shop refuses every token")
                    self._token = token.refused(self._token, used)
                    continue
                case answers.Throttled(after_s=after_s):
                    why, pause_s = "throttled", after_s or 0.0
                case answers.Passing(why=why):
                    pass
            failures += 1
            pause_s += backoff.wait_s(failures, random.random(), PAUSE_S, PAUSE_MAX_S)
            self._sleep(pause_s, until, why)

    def _sleep(self, pause_s: float, until: float, why: str) -> None:
        if time.monotonic() + pause_s > until:
            raise AdminFailed(f"no answer in time: {why}")
        time.sleep(pause_s)

    def _post(self, used: str, document: str, variables: Mapping[str, object]) -> Answer:
        url = f"{self._shop.admin_url}/admin/api/{self._shop.api_version}/graphql.json"
        headers = {"X-Shopify-Access-Token": used}
        return ask("POST", url, ADMIN_TIMEOUT_S, headers, {"query": document, "variables": dict(variables)})

    def _hear(self, document: str, answer: Answer) -> None:
        extensions = answer.object.get("extensions") or {}
        self._bucket = pace.heard(extensions, time.monotonic_ns()) or self._bucket
        cost = pace.cost_of(extensions)
        if cost is not None:
            self._costs[document] = cost
