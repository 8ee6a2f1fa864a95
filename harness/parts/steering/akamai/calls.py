"""One call as the handlers of the API see it: who asks for what, and how answers to it are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote

from harness.engines.provider.values import Json
from harness.kit.strict_json import well_formed_json
from harness.parts.steering.akamai import media
from harness.parts.steering.akamai.signing import Credential
from harness.parts.steering.akamai.values import (
    Account,
    Change,
    Domain,
    Refusal,
    Reply,
    Request,
    not_found,
    uuid_of,
    written,
)

BASE = "/config-gtm/v1"
_CHANGES_KEPT = 200
_COMMENT_MAX = 4000
PENDING, COMPLETE = "PENDING", "COMPLETE"
_MESSAGES = {PENDING: "Change Pending", COMPLETE: "Current configuration has been propagated to all GTM name servers."}


@dataclass(frozen=True)
class Rules:
    """What the service is like. wall_ns: added to monotonic time it makes Unix time. activation_ns: until all name
    servers answer by a change."""

    wall_ns: int = 0
    seed: int = 0
    activation_ns: int = 0


@dataclass(frozen=True)
class Call:
    """A request with what its path names. ids: the parts of the path that are no fixed words."""

    request: Request
    ids: tuple[str, ...]
    rules: Rules
    credential: Credential
    now_ns: int

    @property
    def body(self) -> Any:
        """What the request's JSON says. Raises Refusal."""
        try:
            return well_formed_json(self.request.body)
        except ValueError as error:
            raise Refusal(400, "config-gtm/v1/badRequest", "Bad Request", "Could not read JSON") from error

    @property
    def sent_version(self) -> str:
        """The version of the body. Raises Refusal."""
        return media.sent(self.request.headers.get("content-type", ""))

    @property
    def wanted(self) -> tuple[str, str]:
        """Media type and version of the answer. Raises Refusal."""
        return media.wanted(self.request.headers.get("accept", ""))

    @property
    def query(self) -> Mapping[str, str]:
        """The query's parameters."""
        return dict(parse_qsl(self.request.target.partition("?")[2], keep_blank_values=True))

    def written(self, moment_ns: int) -> str:
        """A moment as the API writes it."""
        return written(moment_ns + self.rules.wall_ns)

    def domain(self, account: Account) -> Domain:
        """The domain that the path names. Raises Refusal."""
        found = account.domains.get(self.ids[0])
        if found is None:
            raise not_found(f'Domain "{self.ids[0]}"')
        return found

    def changed(self, account: Account, domain: Domain, comment: str = "") -> tuple[Account, Domain]:
        """The account after one more change of a domain, which is pending from now on."""
        comment = comment or self.query.get("domainModificationComments", "")
        if len(comment) > _COMMENT_MAX:
            text = f"The comment is longer than {_COMMENT_MAX} characters"
            raise Refusal(400, "config-gtm/v1/badRequest", "Bad Request", text)
        due_ns = self.now_ns + self.rules.activation_ns
        change = Change(uuid_of(self.rules.seed, account.made), self.now_ns, due_ns, self.credential.by, comment)
        body = {**domain.body, "modificationComments": comment or domain.body.get("modificationComments")}
        changes = (change, *domain.changes)[:_CHANGES_KEPT]
        after = replace(domain, body=body, change=change, changes=changes)
        return Account({**account.domains, domain.name: after}, account.made + 1), after

    def status(self, domain: Domain) -> dict[str, Any]:
        """How far the last change of a domain has come."""
        change = domain.change
        pending = self.now_ns < change.due_ns
        state = PENDING if pending else COMPLETE
        return {
            "changeId": change.id, "message": _MESSAGES[state], "passingValidation": True, "propagationStatus": state,
            "propagationStatusDate": self.written(change.made_ns if pending else change.due_ns),
            "links": [link("self", path_of(domain.name, "status", "current"))],
        }  # fmt: skip

    def answer(self, status: int, body: Json, location: str = "") -> Reply:
        """The answer, as the media type that is wanted."""
        return Reply(status, body, self.wanted[0], {"Location": location} if location else {})


def path_of(domain: str, *more: str | int) -> str:
    """The path of a domain, or of something in it."""
    return "/".join((f"{BASE}/domains/{domain}", *(quote(str(one), safe="") for one in more)))


def link(rel: str, href: str) -> dict[str, str]:
    """A link as the API writes it."""
    return {"href": href, "rel": rel}


Handler = Callable[[Account, Call], tuple[Account, Reply]]
