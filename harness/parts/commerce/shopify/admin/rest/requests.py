"""Requests to the REST API: which resource a path names, and what is done with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from harness.kit.strict_json import strict_json
from harness.parts.commerce.shopify.admin.exchange import AdminReply, AdminRequest, json_reply, refusal
from harness.parts.commerce.shopify.admin.rest import listing
from harness.parts.commerce.shopify.admin.rest.errors import Unusable, not_found, required, unprocessable
from harness.parts.commerce.shopify.admin.rest.special import SPECIAL
from harness.parts.commerce.shopify.admin.rest.things import RESOURCES, Resource
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.values import Changed, Changes, Refused

_BY_NAME = {one.many: one for one in RESOURCES}
_ONE = re.compile(r"(\w+)/(\d{1,18})")
_SPECIAL = [(method, re.compile(pattern), handler) for (method, pattern), handler in SPECIAL.items()]
_WRITES = ("POST", "PUT")


class Rest:
    """The REST API of one shop. told: called with what a request changed."""

    def __init__(self, shop: Shop, told: Callable[[Changes], None]) -> None:
        self._shop = shop
        self._told = told

    def answer(self, request: AdminRequest, path: str, url: str) -> AdminReply:
        """path: below the version, without `.json`; url: of the resource, for the Link header."""
        try:
            given = _given(request) if request.method in _WRITES else {}
            return self._routed(request, path, given, url)
        except Unusable as unusable:
            return refusal(unusable.status, unusable.errors)
        except Refused as refused:
            return unprocessable(refused)

    def _routed(self, request: AdminRequest, path: str, given: Mapping[str, Any], url: str) -> AdminReply:
        self._needs(path, request.method)
        known = False
        for method, pattern, handler in _SPECIAL:
            match = pattern.fullmatch(path)
            if match is not None and method == request.method:
                changed: list[Changed] = []
                reply = handler(self._shop, request, given, [int(one) for one in match.groups()], changed)
                self._told(tuple(changed))
                return reply
            known = known or match is not None
        name, _, rest = path.partition("/")
        resource = _BY_NAME.get(name)
        if resource is None or (rest and rest != "count" and not _ONE.fullmatch(path)):
            return refusal(405, "Method Not Allowed") if known else not_found()
        return self._resource(resource, request, rest, given, url)

    def _resource(
        self, resource: Resource, request: AdminRequest, rest: str, given: Mapping[str, Any], url: str
    ) -> AdminReply:  # fmt: skip
        things = resource.register(self._shop)
        match (request.method, rest):
            case ("GET", ""):
                page = listing.page(
                    things, request.query, lambda one: resource.body(one, self._shop), url,
                    newest_first=resource.newest_first,
                )  # fmt: skip
                return json_reply({resource.many: page.bodies}, headers={"Link": page.link} if page.link else {})
            case ("GET", "count"):
                return json_reply({"count": len(listing.matching(things, request.query))})
            case ("GET", number):
                return self._shown(resource, int(number))
            case ("POST", "") if resource.make is not None:
                return self._changed(resource, resource.make(self._shop, _inside(given, resource.one)), 201)
            case ("PUT", number) if resource.change is not None and number.isdigit():
                return self._changed(
                    resource, resource.change(self._shop, int(number), _inside(given, resource.one)), 200
                )
            case ("DELETE", number) if resource.delete is not None and number.isdigit():
                self._told(resource.delete(self._shop, int(number)))
                return json_reply({})
            case _:
                return refusal(405, "Method Not Allowed")

    def _shown(self, resource: Resource, number: int) -> AdminReply:
        thing = resource.register(self._shop).get(number)
        return not_found() if thing is None else json_reply({resource.one: resource.body(thing, self._shop)})

    def _changed(self, resource: Resource, changes: Changes, status: int) -> AdminReply:
        self._told(changes)
        thing = resource.register(self._shop).require(changes[0].id)
        return json_reply({resource.one: resource.body(thing, self._shop)}, status)

    def _needs(self, path: str, method: str) -> None:
        """Refused with 403 where the app has no scope."""
        resource = _BY_NAME.get(path.partition("/")[0])
        if resource is None:
            return
        scopes, writes = self._shop.installation.scopes, method != "GET"
        if f"write_{resource.scope}" in scopes or (not writes and f"read_{resource.scope}" in scopes):
            return
        if writes and resource.scope in ("locations",):
            return
        wanted = f"{'write' if writes else 'read'}_{resource.scope}"
        raise Unusable(
            f"[API] This action requires merchant approval for {wanted} scope.", 403
        )  # fmt: skip


def _given(request: AdminRequest) -> Mapping[str, Any]:
    if not request.body:
        return {}
    if request.content_type != "application/json":
        raise Unusable({"base": "Unsupported Media Type"}, 415)
    try:
        given = strict_json(request.body)
    except ValueError:
        raise Unusable("Bad Request") from None
    if not isinstance(given, dict):
        raise Unusable("Bad Request")
    return given


def _inside(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inside = given.get(name)
    if not isinstance(inside, dict):
        raise required(name)
    return inside
