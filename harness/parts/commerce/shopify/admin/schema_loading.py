"""The schema that is served, with its resolvers: built when it is first needed, which takes a twentieth of a second."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    get_directive_values,
    get_named_type,
)

from harness.parts.commerce.shopify.admin.idempotency import MANDATORY_SINCE, MISSING, NEEDING_A_KEY
from harness.parts.commerce.shopify.admin.mutations.payloads import user_error
from harness.parts.commerce.shopify.admin.serving import TYPE_OF, plain, resolver_of
from harness.parts.commerce.shopify.admin.types.table import Resolver
from harness.parts.commerce.shopify.records.values import Refused

VERSION = "2026-10"
_FILE = f"admin-{VERSION}.graphql"


@cache
def schema() -> GraphQLSchema:
    """The one schema of this process."""
    text = resources.files(__package__).joinpath("schema", _FILE).read_text(encoding="utf-8")
    built = build_schema(text, assume_valid=True)
    for one in built.type_map.values():
        if isinstance(one, GraphQLObjectType) and not one.name.startswith("__"):
            _resolved(one)
        elif isinstance(one, GraphQLInterfaceType | GraphQLUnionType):
            one.resolve_type = _type_of
    return built


def _resolved(one: GraphQLObjectType) -> None:
    for name, field in one.fields.items():
        found = resolver_of(one.name, name)
        if found is not None:
            field.resolve = _once(name, found) if name in NEEDING_A_KEY else _answering(found)
        elif name == "code" and one.name.endswith(("UserError", "UserErrors")):
            field.resolve = _code_of(get_named_type(field.type))
        else:
            field.resolve = _plain(name)


def _answering(resolver: Resolver) -> Any:
    return lambda thing, info, **arguments: resolver(thing, info.context, **arguments)


def _once(name: str, resolver: Resolver) -> Any:
    """A mutation that is done once for each key."""

    def resolve(thing: Any, info: Any, **arguments: Any) -> Any:
        asked = info.context
        said = get_directive_values(info.schema.get_directive("idempotent"), info.field_nodes[0], info.variable_values)
        if not said or not said["key"].strip():
            if asked.version < MANDATORY_SINCE:
                return resolver(thing, asked, **arguments)
            raise GraphQLError(MISSING, extensions={"code": "BAD_REQUEST"})
        try:
            return asked.keys.once(said["key"], name, arguments, lambda: resolver(thing, asked, **arguments))
        except Refused as refused:
            return {"userErrors": [user_error(refused)]}

    return resolve


def _plain(name: str) -> Any:
    return lambda thing, info: plain(thing, info, name)


def _code_of(codes: Any) -> Any:
    """A user error's code, or the nearest that the enumeration of this mutation has."""
    known = set(codes.values) if isinstance(codes, GraphQLEnumType) else set()
    fallback = next((one for one in ("INVALID", "FILE_VALIDATION_ERROR", "ERROR", "NOT_FOUND") if one in known), None)
    return lambda error, _: error["code"] if error["code"] in known else fallback


def _type_of(value: Any, _: Any, __: Any) -> str | None:
    if isinstance(value, dict):
        name: str | None = value.get("__typename")
        return name
    return TYPE_OF.get(type(value))
