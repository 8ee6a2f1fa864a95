"""Cloudflare as a machine: an account, an API with a rate limit, and name servers that follow what data centres see.

| event | what comes of it |
| --- | --- |
| `Request` | a `Reply`; `Called` for one that was to change something or was refused for the API's own sake |
| `Checked` | `EndpointChanged` for each endpoint whose health is another now |
| `Freeze`, `Thaw` | a name is answered as now, whatever happens; names follow the account and its health again |
| `Lost`, `Restored` | from now on no call is answered, or each with an error of the service; no longer |
| `Reset` | an empty account |

Whatever changes what a watched name is answered is told by `AnswerChanged`. A call is judged in the order in which the
service does it: who asks (400, 403), how often (429), what for (400, 404, 405), what with (400, 404, 412).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from harness import scaling
from harness.engines.dns.lookup import Answer, Pick, everyone, lookup
from harness.engines.dns.names import normalise
from harness.engines.dns.selection import Health as NoHealth
from harness.engines.dns.zone import Configuration
from harness.engines.sliding_window import Window
from harness.parts.steering.cloudflare.calls import Call, Rules
from harness.parts.steering.cloudflare.health import Health, Seen, endpoints_of
from harness.parts.steering.cloudflare.quota import REQUESTS, asked, headers, quota_of
from harness.parts.steering.cloudflare.routes import route
from harness.parts.steering.cloudflare.selection import Chosen, choose, configuration
from harness.parts.steering.cloudflare.values import Account, Refusal, Reply, Request

ApiLoss = Literal["silent", "failing"]
Answered = tuple[tuple[str, ...], int]
BY_HAND, NOBODY = "by hand", "a wrong token"
_BEARER = re.compile(r"[Bb]earer +(.*)")
BEARER_FORM = r"[A-Za-z0-9_-]{40,}"
"""What a token looks like."""
_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_DNS_HEALTH = NoHealth()
"""What the name servers are given holds only what may be answered: nothing is left to decide there."""


@dataclass(frozen=True)
class Checked:
    """What all checkers know: something of it changed. seen: by endpoint."""

    seen: Mapping[str, Seen]


@dataclass(frozen=True)
class Freeze:
    """Keep answering for `name` as now. Freezing twice is freezing once."""

    name: str


@dataclass(frozen=True)
class Thaw:
    """Let every name follow the account again."""


@dataclass(frozen=True)
class Lost:
    """The API is lost; what it serves goes on."""

    mode: ApiLoss


@dataclass(frozen=True)
class Restored:
    """The API answers again."""


@dataclass(frozen=True)
class Reset:
    """As if the account were new. A loss of the API stays."""


Event = Request | Checked | Freeze | Thaw | Lost | Restored | Reset


@dataclass(frozen=True)
class AnswerChanged:
    """Effect: a watched name is answered otherwise now. addresses: none where it leads nowhere."""

    name: str
    addresses: tuple[str, ...]
    ttl_s: int


@dataclass(frozen=True)
class EndpointChanged:
    """Effect: an endpoint is healthy now, or no longer. healthy_votes: of so many data centres."""

    address: str
    healthy: bool
    healthy_votes: int
    data_centres: int


@dataclass(frozen=True)
class Called:
    """Effect: a call that was to change something was answered so (status 0: never), or was refused for the API's own
    sake. by: whose token it had; "" for one that nobody need hear of."""

    method: str
    path: str
    status: int
    by: str


Effect = Reply | AnswerChanged | EndpointChanged | Called


@dataclass(frozen=True)
class Names:
    """What names are answered from, and where a proxy in front of them leads."""

    zones: Configuration = field(default_factory=Configuration)
    chosen: Mapping[str, Chosen] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """generation: grows with every change that could alter an answer. frozen: by name, what it follows from. watched:
    what was last told of each name."""

    account: Account
    quota: Window
    names: Names
    health: Health = field(default_factory=Health)
    lost: ApiLoss | None = None
    generation: int = 0
    frozen: Mapping[str, Names] = field(default_factory=dict)
    watched: Mapping[str, Answered] = field(default_factory=dict)

    def answer(self, name: str, record_type: str, pick: Pick = everyone) -> Answer:
        """The answer to one question."""
        return lookup(self._names(name).zones, _DNS_HEALTH, name, record_type, pick)

    def chosen(self, name: str) -> Chosen:
        """Where a load balancer of this name leads; nowhere where there is none."""
        return self._names(name).chosen.get(normalise(name), Chosen())

    def _names(self, name: str) -> Names:
        return self.frozen.get(normalise(name), self.names)


@dataclass(frozen=True)
class Cloudflare:
    """The machine. token: the account's own; callers: other tokens that are let in, with who has them. watch: names
    whose answer is told. anycast: addresses of the proxies. scale: of TTLs and the rate limit."""

    token: str
    rules: Rules = field(default_factory=Rules)
    watch: tuple[str, ...] = ()
    anycast: tuple[str, ...] = ()
    scale: float = 1.0
    requests: int = REQUESTS
    callers: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> State:
        """An empty account."""
        state = State(Account(), quota_of(self.requests, self.scale), Names())
        return replace(state, names=self._names(state))

    def possible(self, state: State, name: str) -> Answered:
        """Every address that a name may be answered with now, sorted, and the TTL in wire seconds; () and 0: none."""
        answer = state.answer(name, "A")
        values = tuple(sorted(answer.values("A")))
        ttl_s = min((rrset.ttl_s for rrset in answer.answers), default=0)
        return values, scaling.ttl_s(ttl_s, self.scale) if values else 0

    def step(self, state: State, event: Event, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        """The next state, and what comes of it."""
        match event:
            case Request():
                return self._called(state, event, now_ns)
            case Checked(seen=seen):
                return self._checked(state, Health(seen))
            case Freeze(name=name):
                return self._moved(replace(state, frozen={normalise(name): state.names, **state.frozen}))
            case Thaw():
                return self._moved(replace(state, frozen={}))
            case Lost(mode=mode):
                return replace(state, lost=mode), ()
            case Restored():
                return replace(state, lost=None), ()
            case Reset():
                fresh = self.start()
                return self._moved(replace(state, account=fresh.account, quota=fresh.quota, health=Health(), frozen={}))

    def _names(self, state: State) -> Names:
        account, rules = state.account, self.rules
        zones = configuration(rules.zone_id, rules.zone, account, state.health, self.anycast)
        chosen = {
            normalise(balancer["name"]): choose(balancer, account.pools, state.health)
            for balancer in account.balancers.values()
            if balancer["enabled"]
        }
        return Names(zones, chosen)

    def _checked(self, state: State, health: Health) -> tuple[State, tuple[Effect, ...]]:
        before, told = state.health, []
        for pool in state.account.pools.values():
            for endpoint in endpoints_of(pool):
                healthy, checkers = health.endpoint(endpoint.id), health.seen.get(endpoint.id, ())
                if healthy != before.endpoint(endpoint.id):
                    votes = sum(checker.healthy for checker in checkers)
                    told.append(EndpointChanged(endpoint.address, healthy, votes, len(checkers)))
        state = replace(state, health=health)
        if not told:
            return state, ()
        state, changed = self._moved(state)
        return state, (*told, *changed)

    def _called(self, state: State, request: Request, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        before = state.account
        by = self._caller(request)
        state, reply = self._answered(state, request, now_ns)
        effects: tuple[Effect, ...] = (reply,)
        if request.method in _CHANGES or reply.lost or reply.status == 429 or reply.status >= 500:
            effects = (reply, Called(request.method, request.path, 0 if reply.lost else reply.status, by))
        if state.account is before:
            return state, effects
        state, more = self._moved(state)
        return state, (*effects, *more)

    def _caller(self, request: Request) -> str:
        token = _token(request)
        return BY_HAND if token == self.token else self.callers.get(token or "", NOBODY)

    def _answered(self, state: State, request: Request, now_ns: int) -> tuple[State, Reply]:
        if state.lost is not None:
            text = "The service is temporarily unavailable"
            body = Refusal(503, (10001, text)).body()
            return state, Reply(503, body, lost=state.lost == "silent")
        told: Mapping[str, str] = {}
        try:
            self._refuse_stranger(request)
            state = replace(state, quota=asked(state.quota, now_ns, self.rules.wall_ns))
            told = headers(state.quota, now_ns, self.rules.wall_ns)
            handler, ids = route(request.method, request.path)
            self._refuse_other_account(request.path, ids)
            account, reply = handler(state.account, Call(request, ids, self.rules, now_ns, state.health))
        except Refusal as refusal:
            return state, Reply(refusal.status, refusal.body(), {**told, **refusal.headers})
        return replace(state, account=account), replace(reply, headers={**told, **reply.headers})

    def _refuse_stranger(self, request: Request) -> None:
        if request.key:
            raise Refusal(403, (9103, "Unknown X-Auth-Key or X-Auth-Email"))
        if request.authorization is None:
            raise Refusal(400, (9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers"))
        token = _token(request)
        if token is None or not re.fullmatch(BEARER_FORM, token):
            chain = (6111, "Invalid format for Authorization header")
            raise Refusal(400, (6003, "Invalid request headers"), chain=chain)
        if token != self.token and token not in self.callers:
            raise Refusal(403, (9109, "Invalid access token"))

    def _refuse_other_account(self, path: str, ids: tuple[str, ...]) -> None:
        ours = self.rules.zone_id if "/zones/" in path else self.rules.account_id
        if ids and ids[0] != ours:
            raise Refusal(403, (10000, "Authentication error"))

    def _moved(self, state: State) -> tuple[State, tuple[Effect, ...]]:
        state = replace(state, generation=state.generation + 1, names=self._names(state))
        seen = {name: self.possible(state, name) for name in self.watch}
        changed = tuple(
            AnswerChanged(name, *found) for name, found in seen.items() if state.watched.get(name, ((), 0)) != found
        )
        return replace(state, watched=seen), changed


def _token(request: Request) -> str | None:
    found = _BEARER.fullmatch(request.authorization or "")
    return None if found is None else found[1].strip()
