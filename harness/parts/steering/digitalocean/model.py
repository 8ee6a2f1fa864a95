"""DigitalOcean as a machine: an account, an API with a quota, and name servers that answer from the account's domains.

| event | what comes of it |
| --- | --- |
| `Request` | a `Reply`; `AnswerChanged` where a watched name is answered otherwise now |
| `Freeze`, `Thaw` | a name is answered as now, whatever the API is told; names follow the account again |
| `Trouble`, `Relief` | from now on every call is throttled, fails, or is carried out and never answered; no longer |
| `Reset` | an empty account |

A call is judged in the order in which the service does it: who asks (401), how often (429), what for (404, 405), what
with (400, 422). Health has no part in an answer: an A record is answered until somebody rewrites it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from harness import scaling
from harness.engines.dns.answering import AnswerChanged, Answered, Answering, Freeze, Thaw, possible
from harness.engines.dns.lookup import Answer, everyone, lookup
from harness.engines.dns.selection import Health
from harness.engines.dns.zone import Configuration
from harness.engines.provider.values import CHANGES, Called
from harness.parts.steering.digitalocean.calls import Call, Rules
from harness.parts.steering.digitalocean.quota import PER_HOUR, PER_MINUTE, Quota, burst_headers, quota_of
from harness.parts.steering.digitalocean.routes import route
from harness.parts.steering.digitalocean.values import Account, Refusal, Reply, Request
from harness.parts.steering.digitalocean.zones import configuration
from harness.units import NS_PER_S

TroubleKind = Literal["throttled", "failing", "unanswered"]
BY_HAND, NOBODY = "by hand", "a wrong token"
"""Who has the account's own token; who has none that is let in."""
_NO_HEALTH = Health()
_THROTTLED_S = 2
"""What a throttled client is told to wait: so short that it asks again while the trouble lasts."""


@dataclass(frozen=True)
class Trouble:
    """From now on the API is in trouble. name: of this trouble; several may hold, and the first one counts."""

    name: str
    kind: TroubleKind


@dataclass(frozen=True)
class Relief:
    """A trouble is over."""

    name: str


@dataclass(frozen=True)
class Reset:
    """As if the account were new; troubles stay."""


Event = Request | Freeze | Thaw | Trouble | Relief | Reset


Effect = Reply | AnswerChanged | Called


@dataclass(frozen=True)
class State(Answering[Configuration]):
    """The account, and what its names are answered from. troubles: of the API, by name."""

    account: Account
    quota: Quota
    troubles: Mapping[str, TroubleKind] = field(default_factory=dict)

    def answer(self, name: str, record_type: str) -> Answer:
        """The answer to one question."""
        return lookup(self.basis(name), _NO_HEALTH, name, record_type, everyone)


@dataclass(frozen=True)
class Provider:
    """The machine. token: the account's own. callers: other tokens that are let in, with who has them. watch: names
    whose answer is told. scale: of TTLs and the quota."""

    token: str
    rules: Rules = field(default_factory=Rules)
    watch: tuple[str, ...] = ()
    scale: float = 1.0
    per_hour: int = PER_HOUR
    per_minute: int = PER_MINUTE
    callers: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> State:
        """An empty account."""
        return State(Account(), quota_of(self.per_hour, self.per_minute, self.scale), now=Configuration())

    def possible(self, state: State, name: str) -> Answered:
        """The addresses that a name is answered with now."""
        return possible(state.answer(name, "A"), self.scale)

    def step(self, state: State, event: Event, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        """The next state, and what comes of it."""
        match event:
            case Request():
                return self._called(state, event, now_ns)
            case Freeze(name=name):
                return state.freezing(name), ()
            case Thaw():
                return self._moved(state.thawed())
            case Trouble(name=name, kind=kind):
                return replace(state, troubles={**state.troubles, name: kind}), ()
            case Relief(name=name):
                return replace(state, troubles={n: k for n, k in state.troubles.items() if n != name}), ()
            case Reset():
                fresh = self.start()
                return self._moved(replace(state.thawed(), account=fresh.account, quota=fresh.quota, now=fresh.now))

    def _called(self, state: State, request: Request, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        before = state.account
        state, reply = self._answered(state, request, now_ns)
        reply = replace(reply, headers={**state.quota.headers(now_ns, self.rules.wall_ns), **reply.headers})
        effects: tuple[Effect, ...] = (reply,)
        by = self._caller(request.token)
        if request.method in CHANGES or reply.status == 429 or reply.status >= 500:
            effects = (reply, Called(request.method, request.path, 0 if reply.lost else reply.status, by))
        if state.account.domains is before.domains:
            return state, effects
        state, more = self._moved(replace(state, now=configuration(state.account.domains.values())), by)
        return state, (*effects, *more)

    def _caller(self, token: str | None) -> str:
        return BY_HAND if token == self.token else self.callers.get(token or "", NOBODY)

    def _answered(self, state: State, request: Request, now_ns: int) -> tuple[State, Reply]:
        trouble = next(iter(state.troubles.values()), None)
        try:
            if self._caller(request.token) == NOBODY:
                raise Refusal(401, "unauthorized", "Unable to authenticate you.")
            if trouble == "throttled":
                raise _too_many({"retry-after": str(_THROTTLED_S)})
            quota, again_ns = state.quota.asked(now_ns)
            state = replace(state, quota=quota)
            if again_ns is not None:
                raise _too_many(burst_headers(again_ns, now_ns) if quota.minute.full else {})
            if trouble == "failing":
                raise Refusal(503, "service_unavailable", "Service Unavailable")
            handler, ids = route(request.method, request.path)
            account, reply = handler(state.account, Call(request, ids, self.rules, now_ns))
            lost = trouble == "unanswered" and request.method in CHANGES
            return replace(state, account=account), replace(reply, lost=lost)
        except Refusal as refusal:
            body = {"id": refusal.id, "message": str(refusal)}
            return state, Reply(refusal.status, body, refusal.headers)

    def _moved(self, state: State, by: str = "") -> tuple[State, tuple[Effect, ...]]:
        """What may have changed of answers. by: whose call it was."""
        state = state.moved()
        return state.seeing({name: self.possible(state, name) for name in self.watch}, by)


def _too_many(headers: Mapping[str, str]) -> Refusal:
    return Refusal(429, "too_many_requests", "API rate limit exceeded.", headers)


def seconds_ns(seconds: float, scale: float) -> int:
    """A documented duration in a profile."""
    return scaling.interval_ns(round(seconds * NS_PER_S), scale)
