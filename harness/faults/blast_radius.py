"""What a plan touches, for people who decide whether to go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from harness.faults.actions import (
    Action,
    AddToxic,
    BlindHealthChecks,
    BreakByOwner,
    CorruptItems,
    CutLink,
    DatabaseAction,
    DeleteTables,
    DisableLink,
    DropRecord,
    FreezeProcess,
    KillProcess,
    LoseControlPlane,
    ProviderAction,
    PutPoison,
    RefuseOperations,
    SteeringAction,
    SwitchOffDatabase,
    TroubleProvider,
)
from harness.faults.commerce_actions import PartyAction, TroubleParty, TroubleShop
from harness.faults.dns_actions import TroubleDns
from harness.faults.model import Plan


def blast_radius(plan: Plan) -> str:
    """Some lines of text: how much is touched, what happens to each link and process, what healing does not undo."""
    counts = Counter(link.partition(":")[2] for link in plan.links)
    services = ", ".join(f"{count} {service}" for service, count in sorted(counts.items()))
    parts = [f"{len(plan.links)} links ({services})"] if plan.links else []
    parts += [f"{len(plan.instances)} processes"] if plan.instances else []
    parts += ["what its owner's way of breaking it touches"] if any(map(_by_owner, plan.apply)) else []
    parts += [f"{len(plan.databases)} {'databases' if plan.databases[1:] else 'database'}"] if plan.databases else []
    providers = {action.provider for action in plan.apply if isinstance(action, ProviderAction)}
    parts += [f"the API of {provider}" for provider in sorted(providers)]
    parts += ["whoever steers clients"] if any(isinstance(action, SteeringAction) for action in plan.apply) else []
    parts += ["the shop"] if any(isinstance(action, TroubleShop) for action in plan.apply) else []
    parts += [f"the system {party}" for party in sorted(_parties(plan))]
    head = f"{plan.kind} {plan.target}, {plan.mode}: touches {' and '.join(parts)}"
    return "\n".join((head, *_lines(plan), *_lasting(plan.apply)))


def _lines(plan: Plan) -> Iterator[str]:
    for link in plan.links:
        done = [_words(action) for action in plan.apply if _hits(action, link)]
        watched = "  (watched by a canary)" if link in plan.canary.links else ""
        yield f"  {link}  {', '.join(done)}{watched}"
    for action in plan.apply:
        if isinstance(action, KillProcess | FreezeProcess):
            yield f"  {action.instance}  {_words(action)}"
        if isinstance(action, DatabaseAction):
            yield f"  database of {action.database}  {_words(action)}  (watched by a canary)"
        if isinstance(action, ProviderAction):
            yield f"  the API of {action.provider}  {_words(action)}  (watched by a canary)"
        if isinstance(action, SteeringAction):
            yield f"  whoever steers clients  {_words(action)}  (watched by a canary)"
        if isinstance(action, TroubleShop):
            yield f"  the shop  {_words(action)}  (watched by a canary)"
        if isinstance(action, PartyAction):
            yield f"  the system {action.party}  {_words(action)}  (watched by a canary)"


def _parties(plan: Plan) -> set[str]:
    return {action.party for action in plan.apply if isinstance(action, PartyAction)}


def _hits(action: Action, link: str) -> bool:
    return getattr(action, "link", None) == link or link in getattr(action, "links", ())


def _by_owner(action: Action) -> bool:
    return isinstance(action, BreakByOwner)


def _lasting(actions: Sequence[Action]) -> Iterator[str]:
    killed = [action.instance for action in actions if isinstance(action, KillProcess)]
    if killed:
        yield f"  healing starts these anew, without what they held in memory: {', '.join(killed)}"
    if any(isinstance(action, PutPoison) for action in actions):
        yield "  healing removes these records where they were put; what was made of them elsewhere stays"
    if any(isinstance(action, CorruptItems) for action in actions):
        yield "  healing mends none of these values: whoever has a backup restores them"
    if any(isinstance(action, DeleteTables) for action in actions):
        yield "  healing brings none of these tables back: whoever has a backup, or another region, rebuilds them"
    if any(isinstance(action, SwitchOffDatabase) for action in actions):
        yield "  healing starts the database's server again, on what it has stored"


def _words(action: Action) -> str:
    """Of what a fault does; what heals it is no part of any plan's `apply`."""
    match action:
        case DisableLink():
            return "refuses connections"
        case AddToxic(type=kind, stream=stream, attributes=attributes):
            settings = "".join(f" {name}={value}" for name, value in attributes.items())
            return kind if kind == "black_hole" else f"{kind} {stream}{settings}"
        case CutLink():
            return "open connections are reset"
        case KillProcess():
            return "is killed"
        case FreezeProcess():
            return "is frozen"
        case RefuseOperations(operations=operations, error=error):
            return f"answers {', '.join(operations)} with {error}"
        case PutPoison(keys=keys):
            return f"gets records that the application never wrote: {', '.join(keys)}"
        case CorruptItems(items=items):
            return f"has the values of up to {items} of its items rewritten"
        case DeleteTables():
            return "has all of its tables deleted"
        case SwitchOffDatabase():
            return "ends at once, as without power"
        case TroubleProvider(trouble=trouble):
            return _TROUBLES.get(trouble, trouble)
        case TroubleShop(trouble=trouble):
            return _SHOP_TROUBLES.get(trouble, trouble)
        case TroubleParty(trouble=trouble, amount=amount, told=told):
            return _PARTY_TROUBLES.get(trouble, trouble).format(amount, told)
        case LoseControlPlane(mode=mode):
            return "never answers a call" if mode == "silent" else "fails every call (5xx)"
        case BlindHealthChecks(mode=mode):
            return "has health checks that reach nothing" if mode == "unreachable" else "has health checks at a stop"
        case TroubleDns(trouble=trouble, share=share, delay_ms=delay_ms):
            return _DNS_TROUBLES.get(trouble, trouble).format(share, delay_ms)
        case DropRecord():
            return "loses the application's record, which the heal makes anew"
        case BreakByOwner():
            return "is broken by the owner of the stack"
    return type(action).__name__


_TROUBLES = {
    "throttled": "refuses every call as one too many (429)",
    "failing": "fails every call (503)",
    "unanswered": "carries changes out, and never answers them",
}
_DNS_TROUBLES = {
    "black-hole": "answers nothing",
    "refuse": "refuses questions",
    "lost": "loses {0:.0%} of the questions",
    "slow": "answers {1} ms later",
    "truncated": "truncates {0:.0%} of the answers",
    "nxdomain": "says of {0:.0%} of the names that they do not exist",
    "servfail": "fails {0:.0%} of the questions (SERVFAIL)",
    "wrong-address": "answers {0:.0%} of the questions with nobody's address",
}
_SHOP_TROUBLES = {
    "disturbed": "tells of things twice, late and out of order",
    "forged": "is counterfeited: messages come that it did not send",
    "subscriptions-removed": "forgets whom it is to tell of anything",
    "throttled": "refuses calls as too many",
    "token-expired": "takes access tokens no more",
    "secret-rotated": "signs with another secret",
}
_PARTY_TROUBLES = {
    "failing": "fails {0:.0%} of the calls (503)",
    "wrong": "answers {0:.0%} of the calls with what nobody can read",
    "unanswered": "carries out what it is asked, and never answers",
    "limited": "lets {0:g} calls a second in, and refuses the others (429)",
    "maintenance": "refuses every call for its maintenance (503), {1}",
    "lying": "says that it stores what it is told (201), and stores nothing",
}
