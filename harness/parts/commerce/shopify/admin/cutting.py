"""Cuts Shopify's published schema to what is served here: `python -m …admin.cutting WHOLE.graphql > CUT.graphql`.

Object types keep the fields that are answered, fields the arguments that are heeded, and what nobody mentions any more
goes. Enumerations, scalars and inputs stay whole. Descriptions go.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from graphql import parse, print_ast
from graphql.language import (
    DefinitionNode,
    DirectiveDefinitionNode,
    DocumentNode,
    FieldDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    Node,
    ObjectTypeDefinitionNode,
    SchemaDefinitionNode,
    UnionTypeDefinitionNode,
)

from harness.parts.commerce.shopify.admin.serving import PLAINLY, RESOLVED, serves, takes

_ROOTS = frozenset(("QueryRoot", "Mutation"))
N = TypeVar("N", bound=Node)


def cut(text: str) -> str:
    """The schema as far as it is served. Raises ValueError where something is served that it does not have."""
    whole = parse(text, no_location=True)
    _all_known(whole)
    kept = [one for definition in whole.definitions if (one := _served(definition)) is not None]
    return print_ast(DocumentNode(definitions=tuple(_mentioned(kept)))) + "\n"


def _all_known(whole: DocumentNode) -> None:
    objects = {one.name.value: one for one in whole.definitions if isinstance(one, ObjectTypeDefinitionNode)}
    wanted = {**{name: tuple(known) for name, known in RESOLVED.items()}, **PLAINLY}
    missing = [
        f"{name}.{field}"
        for name, served in wanted.items()
        for field in served
        if name not in objects or field not in {one.name.value for one in objects[name].fields or ()}
    ]
    if missing:
        raise ValueError(f"served, and not in the schema: {', '.join(missing)}")


def _served(definition: DefinitionNode) -> DefinitionNode | None:
    if isinstance(definition, ObjectTypeDefinitionNode):
        name = definition.name.value
        kept = [_heeded(name, one) for one in definition.fields or () if serves(name, one.name.value)]
        return _undescribed(replace(definition, fields=tuple(kept))) if kept else None
    return _undescribed(definition)


def _heeded(type_name: str, field: FieldDefinitionNode) -> FieldDefinitionNode:
    kept = [one for one in field.arguments or () if takes(type_name, field.name.value, one.name.value)]
    return replace(field, arguments=tuple(kept))


def _mentioned(definitions: Sequence[DefinitionNode]) -> list[DefinitionNode]:
    """What can be reached from the roots; interfaces keep the fields that all of their objects have."""
    objects = [one for one in definitions if isinstance(one, ObjectTypeDefinitionNode)]
    names = {one.name.value for one in objects}
    whole = {one.name.value: _narrowed(one, objects, names) for one in definitions if hasattr(one, "name")}
    found: set[str] = set()
    waiting = list(_ROOTS)
    while waiting:
        name = waiting.pop()
        if name in found or name not in whole:
            continue
        found.add(name)
        waiting += _names(whole[name])
        waiting += [one.name.value for one in objects if name in {each.name.value for each in one.interfaces or ()}]
    roots = [one for one in definitions if isinstance(one, SchemaDefinitionNode)]
    kept = [
        _only(one, found) for name, one in whole.items() if name in found or isinstance(one, DirectiveDefinitionNode)
    ]
    return [*roots, *kept]


def _narrowed(
    one: Any, objects: Sequence[ObjectTypeDefinitionNode], names: set[str]
) -> DefinitionNode:  # fmt: skip
    if isinstance(one, UnionTypeDefinitionNode):
        return replace(one, types=tuple(each for each in one.types or () if each.name.value in names))
    if isinstance(one, InterfaceTypeDefinitionNode):
        having = [each for each in objects if one.name.value in {name.name.value for name in each.interfaces or ()}]
        shared = [field for field in one.fields or () if all(_has(each, field) for each in having)]
        return replace(one, fields=tuple(_as_in(having[0], field) if having else field for field in shared))
    definition: DefinitionNode = one
    return definition


def _has(one: ObjectTypeDefinitionNode, field: FieldDefinitionNode) -> bool:
    return field.name.value in {each.name.value for each in one.fields or ()}


def _as_in(one: ObjectTypeDefinitionNode, field: FieldDefinitionNode) -> FieldDefinitionNode:
    own = next(each for each in one.fields or () if each.name.value == field.name.value)
    return replace(field, arguments=own.arguments)


def _only(one: DefinitionNode, found: set[str]) -> DefinitionNode:
    if isinstance(one, ObjectTypeDefinitionNode):
        return replace(one, interfaces=tuple(each for each in one.interfaces or () if each.name.value in found))
    return one


def _names(node: Node) -> Iterator[str]:
    """The types that a definition mentions, but for the interfaces that it has."""
    for name in node.keys:
        value = getattr(node, name)
        for one in value if isinstance(value, tuple | list) else (value,):
            if isinstance(one, NamedTypeNode) and name != "interfaces":
                yield one.name.value
            elif isinstance(one, Node):
                yield from _names(one)


def _undescribed(node: N) -> N:
    changed: dict[str, Any] = {}
    for field in fields(node) if is_dataclass(node) else ():
        value = getattr(node, field.name)
        if field.name == "description":
            changed["description"] = None
        elif isinstance(value, Node):
            changed[field.name] = _undescribed(value)
        elif isinstance(value, tuple):
            changed[field.name] = tuple(_undescribed(one) if isinstance(one, Node) else one for one in value)
    return replace(node, **changed) if changed else node


if __name__ == "__main__":
    sys.stdout.write(cut(Path(sys.argv[1]).read_text(encoding="utf-8")))
