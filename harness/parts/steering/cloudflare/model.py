"""Cloudflare as a machine: an account, an API with a rate limit, and name servers that follow what data centres see.

| event | what comes of it |
| --- | --- |
| `Request` | a `Reply`; `Called` for one that was to change something or was refused for the API's own sake |
| `Checked` | `EndpointChanged` for each endpoint whose health is another now |
| `Freeze`, `Thaw` | a name is answered as now, whatever happens; names follow the account and its health again |
| `ApiLost` | from now on no call is answered, or each with an error of the service, or that is over |
| `Reset` | an empty account |

Whatever changes what a watched name is answered is told by `AnswerChanged`. A call is judged in the order in which the
service does it: who asks (400, 403), how often (429), what for (400, 404, 405), what with (400, 404, 412).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.engines.dns.answering import AnswerChanged, Answered, Answering, Freeze, Thaw, possible
from harness.engines.dns.lookup import Answer, Pick, everyone, lookup
from harness.engines.dns.names import normalise
from harness.engines.dns.selection import Health as NoHealth
from harness.engines.dns.zone import Configuration
from harness.engines.provider.values import CHANGES, ApiLoss, ApiLost, Called
from harness.engines.sliding_window import Window
from harness.parts.steering.cloudflare.calls import Call, Rules
from harness.parts.steering.cloudflare.health import Health, Seen, endpoints_of
from harness.parts.steering.cloudflare.quota import REQUESTS, asked, headers, quota_of
from harness.parts.steering.cloudflare.routes import route
from harness.parts.steering.cloudflare.selection import Chosen, choose, configuration
from harness.parts.steering.cloudflare.values import Account, Refusal, Reply, Request

BY_HAND, NOBODY = "by hand", "a wrong token"
_BEARER = re.compile(r"[Bb]earer +(.*)")
BEARER_FORM = r"[A-Za-z0-9_-]{40,}"
"""What a token looks like."""
_DNS_HEALTH = NoHealth()
"""What the name servers are given holds only what may be answered: nothing is left to decide there."""


@dataclass(frozen=True)
class Checked:
    """What all checkers know: something of it changed. seen: by endpoint."""

    seen: Mapping[str, Seen]


@dataclass(frozen=True)
class Reset:
    """As if the account were new. A loss of the API stays."""


Event = Request | Checked | Freeze | Thaw | ApiLost | Reset


@dataclass(frozen=True)
class EndpointChanged:
    """Effect: an endpoint is healthy now, or no longer. healthy_votes: of so many data centres."""

    address: str
    healthy: bool
    healthy_votes: int
    data_centres: int


Effect = Reply | AnswerChanged | EndpointChanged | Called


@dataclass(frozen=True)
class Names:
    """What names are answered from, and where a proxy in front of them leads."""

    zones: Configuration = field(default_factory=Configuration)
    chosen: Mapping[str, Chosen] = field(default_factory=dict)


@dataclass(frozen=True)
class State(Answering[Names]):
    """The account, what is known of its origins, and what its names are answered from. lost: how the API is, if it
    is."""

    account: Account
    quota: Window
    health: Health = field(default_factory=Health)
    lost: ApiLoss | None = None

    def answer(self, name: str, record_type: str, pick: Pick = everyone) -> Answer:
        """The answer to one question."""
        return lookup(self.basis(name).zones, _DNS_HEALTH, name, record_type, pick)

    def chosen(self, name: str) -> Chosen:
        """Where a load balancer of this name leads; nowhere where there is none."""
        return self.basis(name).chosen.get(normalise(name), Chosen())


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
        state = State(Account(), quota_of(self.requests, self.scale), now=Names())
        return replace(state, now=self._names(state))

    def possible(self, state: State, name: str) -> Answered:
        """Every address that a name may be answered with now."""
        return possible(state.answer(name, "A"), self.scale)

    def step(self, state: State, event: Event, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        """The next state, and what comes of it."""
        match event:
            case Request():
                return self._called(state, event, now_ns)
            case Checked(seen=seen):
                return self._checked(state, Health(seen))
            case Freeze(name=name):
                return state.freezing(name), ()
            case Thaw():
                return self._moved(state.thawed())
            case ApiLost(mode=mode):
                return replace(state, lost=mode), ()
            case Reset():
                fresh = self.start()
                return self._moved(
                    replace(state.thawed(), account=fresh.account, quota=fresh.quota, health=fresh.health)
                )

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
        if request.method in CHANGES or reply.lost or reply.status == 429 or reply.status >= 500:
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
        state = replace(state.moved(), now=self._names(state))
        return state.seeing({name: self.possible(state, name) for name in self.watch})


def _token(request: Request) -> str | None:
    found = _BEARER.fullmatch(request.authorization or "")
    return None if found is None else found[1].strip()
