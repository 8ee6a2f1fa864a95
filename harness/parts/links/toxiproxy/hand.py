"""The adversary's hand on the links: a fault's actions, as a Toxiproxy server can do them.

What a real server does not have is done as nearly as it can: a black hole by two `timeout` toxics, failing requests by
`reset_peer`, and all links at once by several requests at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness.clock import monotonic_ns
from harness.errors import LinkError
from harness.faults.actions import Action, AddToxic, CutLink, DisableLink, EnableLink, LinkAction, RemoveToxic
from harness.faults.hand import Applied
from harness.faults.model import Plan
from harness.parts.links.toxiproxy.client import MissingError, ToxiproxyClient
from harness.parts.links.toxiproxy.client_model import Capabilities, Toxic

_AT_ONCE = 16
"""Requests under way at the same time where a server has no bulk endpoint."""


class LinkHand:
    """Acts on many links at once, in order on each of them."""

    def __init__(self, client: ToxiproxyClient) -> None:
        self._client = client

    @property
    def capabilities(self) -> Capabilities:
        """What the link server can do."""
        return self._client.capabilities()

    def kinds_used(self, plan: Plan) -> tuple[str, ...]:
        """See Particular."""
        types = {action.type for action in plan.apply if isinstance(action, AddToxic)}
        used = []
        if "black_hole" in types:
            used.append(f"black_hole: {self.capabilities.black_hole}")
        if "request_failure" in types:
            used.append(f"request_failure: {self.capabilities.request_failure}")
        if any(isinstance(action, CutLink) for action in plan.apply):
            used.append(f"cut: {self.capabilities.cut}")
        return tuple(used)

    def takes(self, action: Action) -> bool:
        """See Hand."""
        return isinstance(action, LinkAction)

    def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
        """See Hand. With a bulk endpoint all happen between two bytes, else the first ones first."""
        links = [action for action in actions if isinstance(action, LinkAction)]
        if not links:
            return ()
        start_ns = monotonic_ns()
        try:
            return self._in_bulk(links) if self._client.capabilities().bulk else self._side_by_side(links)
        except LinkError as error:  # an answer that did not come says nothing about what was done
            until_ns = monotonic_ns()
            return [Applied(action, start_ns, until_ns, str(error), kind=LinkError) for action in links]

    def _in_bulk(self, actions: Sequence[LinkAction]) -> list[Applied]:
        return [
            _applied(action, result["start_ns"], result["until_ns"], result.get("error"), result.get("status") == 404)
            for action, result in zip(actions, self._client.bulk(map(_bulk_action, actions)), strict=True)
        ]

    def _side_by_side(self, actions: Sequence[LinkAction]) -> list[Applied]:
        by_link: dict[str, list[int]] = {}
        for number, action in enumerate(actions):
            by_link.setdefault(action.link, []).append(number)
        done: dict[int, Applied] = {}
        with ThreadPoolExecutor(min(_AT_ONCE, len(by_link))) as pool:
            for batch in pool.map(lambda numbers: [(n, self._one(actions[n])) for n in numbers], by_link.values()):
                done.update(batch)
        return [done[number] for number in range(len(actions))]

    def _one(self, action: LinkAction) -> Applied:
        start_ns = monotonic_ns()
        try:
            self._do(action)
        except LinkError as error:
            return _applied(action, start_ns, monotonic_ns(), str(error), isinstance(error, MissingError))
        return Applied(action, start_ns, monotonic_ns())

    def _do(self, action: LinkAction) -> None:
        match action:
            case EnableLink(link):
                self._client.enable(link)
            case DisableLink(link):
                self._client.disable(link)
            case CutLink(link):
                self._client.cut(link)
            case AddToxic():
                for toxic in _as_real_toxics(action):
                    self._client.add_toxic(action.link, toxic)
            case RemoveToxic():
                self._remove(action)

    def _remove(self, action: RemoveToxic) -> None:
        """All the toxics that stand for one: that the first is gone must not keep the second one there."""
        errors: list[LinkError] = []
        for name in _real_names(action.name, action.type):
            try:
                self._client.remove_toxic(action.link, name)
            except LinkError as error:
                errors.append(error)
        if errors:
            raise next((error for error in errors if not isinstance(error, MissingError)), errors[0])


def _applied(action: LinkAction, start_ns: int, until_ns: int, error: str | None, missing: bool) -> Applied:
    if error is None:
        return Applied(action, start_ns, until_ns)
    return Applied(action, start_ns, until_ns, f"{action.link}: {error}", missing, kind=LinkError)


def _bulk_action(action: LinkAction) -> dict[str, Any]:
    match action:
        case EnableLink(link):
            return {"do": "enable", "proxy": link}
        case DisableLink(link):
            return {"do": "disable", "proxy": link}
        case CutLink(link):
            return {"do": "cut", "proxy": link}
        case RemoveToxic(link, name, _):
            return {"do": "remove_toxic", "proxy": link, "toxic": name}
        case AddToxic():
            return {"do": "add_toxic", "proxy": action.link, "toxic": _toxic_of(action).as_json()}


def _toxic_of(action: AddToxic) -> Toxic:
    return Toxic(action.type, action.stream, action.attributes, action.toxicity, action.name)


def _as_real_toxics(action: AddToxic) -> tuple[Toxic, ...]:
    """The toxics of a real server that come nearest."""
    if action.type == "black_hole":
        upstream, downstream = _real_names(action.name, action.type)
        return (
            Toxic("timeout", "upstream", {"timeout": 0}, action.toxicity, upstream),
            Toxic("timeout", "downstream", {"timeout": 0}, action.toxicity, downstream),
        )
    if action.type == "request_failure":
        return (Toxic("reset_peer", "upstream", {"timeout": 0}, float(action.attributes["rate"]), action.name),)
    return (_toxic_of(action),)


def _real_names(name: str, kind: str) -> tuple[str, ...]:
    return (f"{name}.upstream", f"{name}.downstream") if kind == "black_hole" else (name,)
