"""Global Traffic Management as a machine: an account behind a signed API, name servers, and what agents find out.

| event | what comes of it |
| --- | --- |
| `Request` | a `Reply`; a change of a domain is pending, and name servers go on answering by what they have |
| `Activated` | it may be time: name servers answer by what was changed so long ago; `Follow` what agents test |
| `Activate` | the same for every change there is, at once: as if it had been made long ago |
| `Tested`, `Report`, `Decide` | see liveness.py |
| `Freeze`, `Thaw` | a name is answered as now, whatever changes; names follow again |
| `ApiLost` | from now on the API answers nobody, or fails every call, or does so no longer; name servers go on |
| `Reset` | an empty account, of which nothing is known; what the adversary did stays |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.engines.dns.answering import AnswerChanged, Answered, Answering, Freeze, Thaw, possible
from harness.engines.dns.lookup import Answer, Pick, everyone, lookup
from harness.engines.dns.selection import Health
from harness.engines.dns.zone import Configuration
from harness.engines.provider.values import BODY_BYTES_MAX, CHANGES, ApiLoss, ApiLost, Called, nothing
from harness.parts.steering.akamai import liveness
from harness.parts.steering.akamai.calls import Call, Rules
from harness.parts.steering.akamai.liveness import Decide, Forgotten, Liveness, LivenessRules, Report, Stood, Tested
from harness.parts.steering.akamai.problems import problem
from harness.parts.steering.akamai.properties import Property, parse_property
from harness.parts.steering.akamai.routes import route
from harness.parts.steering.akamai.signing import Credential, remembered, verified
from harness.parts.steering.akamai.values import Account, Refusal, Reply, Request
from harness.parts.steering.akamai.zones import Alias, configuration

UNAVAILABLE = "The service is unavailable"
"""What a call is answered while the API fails."""
NOBODY = "a wrong signature"
_NO_HEALTH = Health()


@dataclass(frozen=True)
class Activated:
    """It may be time for a change."""


@dataclass(frozen=True)
class Activate:
    """Let name servers answer by everything that was changed, now."""


@dataclass(frozen=True)
class Reset:
    """As if the account were new."""


Event = Request | Activated | Activate | Tested | Report | Decide | Freeze | Thaw | ApiLost | Reset


@dataclass(frozen=True)
class Follow:
    """Effect: agents test the servers of these properties from now on."""

    properties: Mapping[str, Property]


@dataclass(frozen=True)
class Wake:
    """Effect: report this event at this time."""

    event: Activated | Report | Decide
    until_ns: int


Effect = Reply | AnswerChanged | Called | Follow | Wake | Stood


@dataclass(frozen=True)
class Snapshot:
    """What answers follow from."""

    zones: Configuration = field(default_factory=Configuration)
    properties: Mapping[str, Property] = field(default_factory=nothing)


@dataclass(frozen=True)
class State(Answering[Snapshot]):
    """served: by domain, the properties that name servers know. nonces: of requests that were let in. lost: how the API
    is lost, if it is."""

    liveness: Liveness
    account: Account = field(default_factory=Account)
    served: Mapping[str, tuple[Property, ...]] = field(default_factory=nothing)
    nonces: Mapping[str, int] = field(default_factory=nothing)
    calls: int = 0
    lost: ApiLoss | None = None

    def answer(self, name: str, record_type: str, pick: Pick) -> Answer:
        """The answer to one question."""
        return lookup(self.basis(name).zones, _NO_HEALTH, name, record_type, pick)


@dataclass(frozen=True)
class Gtm:
    """The machine. credentials: by client token. watch: names whose answer is told. scale: of TTLs and intervals."""

    credentials: Mapping[str, Credential]
    rules: Rules = field(default_factory=Rules)
    testing: LivenessRules = field(default_factory=LivenessRules)
    aliases: tuple[Alias, ...] = ()
    watch: tuple[str, ...] = ()
    scale: float = 1.0

    def start(self, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        """An empty account, and the clocks of agents."""
        fresh, effects = self.testing.start(now_ns)
        state = State(fresh, now=Snapshot())
        return replace(state, now=self._snapshot(state)), _woken(effects)

    def possible(self, state: State, name: str) -> Answered:
        """The addresses that a name may be answered with now."""
        return possible(state.answer(name, "A", everyone), self.scale)

    def step(self, state: State, event: Event, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        """The next state, and what comes of it."""
        match event:
            case Request():
                return self._called(state, event, now_ns)
            case Activated() | Activate():
                return self._activated(state, now_ns, at_once=isinstance(event, Activate))
            case Tested() | Report() | Decide():
                return self._heard(state, event, now_ns)
            case Freeze(name=name):
                return state.freezing(name), ()
            case Thaw():
                return self._moved(state.thawed())
            case ApiLost(mode=mode):
                return replace(state, lost=mode), ()
            case Reset():
                forgotten, _ = self.testing.step(state.liveness, Forgotten(), now_ns)
                fresh = replace(state.thawed(), account=Account(made=state.account.made), liveness=forgotten)
                return self._activated(fresh, now_ns, at_once=True)

    # Calls of the API

    def _called(self, state: State, request: Request, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        state, wall_ns, by = replace(state, calls=state.calls + 1), now_ns + self.rules.wall_ns, NOBODY
        before = state.account
        try:
            if state.lost is not None:
                raise Refusal(503, "config-gtm/v1/serverError", "Server Error", UNAVAILABLE)
            if request.too_large:  # all of it would be needed to see who signed it
                text = f"The request is larger than {BODY_BYTES_MAX} bytes"
                raise Refusal(413, "config-gtm/v1/requestTooLarge", "Request Entity Too Large", text)
            signed = verified(request, self.credentials, state.nonces, wall_ns)
            by = signed.credential.by
            state = replace(state, nonces=remembered(state.nonces, signed.nonce, wall_ns))
            handler, ids = route(request.method, request.path)
            account, reply = handler(state.account, Call(request, ids, self.rules, signed.credential, now_ns))
            state = replace(state, account=account)
        except Refusal as refusal:
            reply = problem(refusal, request, state.calls, wall_ns)
        effects: list[Effect] = [replace(reply, silent=state.lost == "silent")]
        if request.method in CHANGES or reply.status >= 400:
            effects.append(Called(request.method, request.path, reply.status, by))
        if state.account is not before:
            effects.append(Wake(Activated(), now_ns + self.rules.activation_ns))
        return state, tuple(effects)

    # What name servers know

    def _activated(self, state: State, now_ns: int, *, at_once: bool) -> tuple[State, tuple[Effect, ...]]:
        account = _settled(state.account, now_ns) if at_once else state.account
        served = {
            name: tuple(parse_property(body, name) for body in domain.properties.values())
            for name, domain in account.domains.items()
            if domain.change.due_ns <= now_ns
        }
        # A domain whose change is pending is answered as before it.
        pending = {name: state.served[name] for name in account.domains if name in state.served and name not in served}
        state = replace(state, account=account, served={**served, **pending})
        properties = {prop.name: prop for found in state.served.values() for prop in found}
        known, _ = self.testing.step(state.liveness, liveness.Followed(properties), now_ns)
        state, told = self._moved(replace(state, liveness=known))
        return state, (Follow(properties), *told)

    # What agents find out

    def _heard(self, state: State, event: Tested | Report | Decide, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        known, effects = self.testing.step(state.liveness, event, now_ns)
        state, stood = replace(state, liveness=known), [one for one in effects if isinstance(one, Stood)]
        if not any(one.up != one.before.up for one in stood):
            return state, (*_woken(effects), *stood)
        state, told = self._moved(state)
        return state, (*_woken(effects), *stood, *told)

    def _snapshot(self, state: State) -> Snapshot:
        zones = configuration(state.served, self.aliases, state.liveness.up)
        return Snapshot(zones, {prop.name: prop for found in state.served.values() for prop in found})

    def _moved(self, state: State) -> tuple[State, tuple[Effect, ...]]:
        """What may have changed of answers."""
        state = replace(state.moved(), now=self._snapshot(state))
        return state.seeing({name: self.possible(state, name) for name in self.watch})


def _settled(account: Account, now_ns: int) -> Account:
    """The account when every change was made long ago."""
    settled = {
        name: replace(domain, change=replace(domain.change, due_ns=min(domain.change.due_ns, now_ns)))
        for name, domain in account.domains.items()
    }
    return replace(account, domains=settled)


def _woken(effects: tuple[liveness.Effect, ...]) -> tuple[Wake, ...]:
    return tuple(Wake(one.event, one.until_ns) for one in effects if isinstance(one, liveness.Wake))
