"""Which queries may be run in bulk. Pure.

One list at the top, at most five connections, at most two of them inside one another, and whatever has a connection
inside says its id, or nobody could tell whose the inner things are.
"""

from __future__ import annotations

from collections.abc import Iterator

from graphql import GraphQLError, OperationType, parse
from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

_CONNECTIONS_MAX = 5
_NESTED_MAX = 2
_TOKENS_MAX = 5_000
_FIELDS_MAX = 5_000
"""With those of fragments, each time that they are spread: so much is asked of every node."""
_BY_ID = ("node", "nodes")


def mistakes(query: str) -> list[str]:
    """What is wrong with it; nothing where it may be run."""
    try:
        document = parse(query, max_tokens=_TOKENS_MAX)
    except GraphQLError as error:
        return [f"Invalid bulk query: {error.message}"]
    except RecursionError:
        return ["Invalid bulk query: it is nested too deeply"]
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation is not OperationType.QUERY:
        return ["Invalid bulk query: Bulk query must be a single query operation"]
    if operations[0].variable_definitions:
        return ["Invalid bulk query: Variables are not supported"]
    try:
        return _Shape(document).mistakes(operations[0].selection_set)
    except (_TooLarge, RecursionError):
        return ["Invalid bulk query: it is too large"]


class _TooLarge(Exception):
    """More is asked than anybody answers."""


class _Shape:
    """Of a document's selections, fragments in their places."""

    def __init__(self, document: DocumentNode) -> None:
        found = (one for one in document.definitions if isinstance(one, FragmentDefinitionNode))
        self._fragments = {one.name.value: one for one in found}
        self._left = _FIELDS_MAX

    def mistakes(self, selections: SelectionSetNode) -> list[str]:
        """What is wrong with it. Raises _TooLarge, RecursionError."""
        top = list(self._fields(selections))
        found = [each for one in top for each in self._connections(one, 0, None)]
        said = []
        if len(top) > 1:
            said.append("Bulk queries can only contain a single top level field.")
        if any(one.name.value in _BY_ID for one in top):
            said.append(f"Bulk queries cannot contain a top level `{top[0].name.value}` field.")
        if max((depth for depth, _, __ in found), default=0) > _NESTED_MAX:
            said.append("Bulk queries cannot contain connections with a nesting depth greater than 2.")
        if len(found) > _CONNECTIONS_MAX:
            said.append("Bulk queries cannot contain more than 5 connections.")
        nameless = [name for _, name, parent in found if parent is not None and not self._says_id(parent)]
        said += [
            f"The parent 'node' field for a nested connection must select the 'id' field: '{one}'" for one in nameless
        ]
        if not found:
            said.append("Bulk queries must contain at least one connection.")
        return said

    def _connections(
        self, field: FieldNode, depth: int, parent: SelectionSetNode | None
    ) -> Iterator[tuple[int, str, SelectionSetNode | None]]:
        """Every connection at or below a field: how deep it lies in others, its name, the node that it is of."""
        node = self._node_of(field)
        if node is not None:
            yield depth, field.name.value, parent
            inner, depth, parent = node, depth + 1, node
        elif field.selection_set is not None:
            inner = field.selection_set
        else:
            return
        for one in self._fields(inner):
            yield from self._connections(one, depth, parent)

    def _node_of(self, field: FieldNode) -> SelectionSetNode | None:
        """What is asked of each node, where the field is a connection."""
        for one in self._fields(field.selection_set) if field.selection_set is not None else ():
            if one.name.value == "nodes":
                return one.selection_set
            if one.name.value == "edges" and one.selection_set is not None:
                inside = self._fields(one.selection_set)
                return next((each.selection_set for each in inside if each.name.value == "node"), None)
        return None

    def _says_id(self, selections: SelectionSetNode) -> bool:
        return any(one.name.value == "id" and one.alias is None for one in self._fields(selections))

    def _fields(self, selections: SelectionSetNode, seen: set[str] | None = None) -> Iterator[FieldNode]:
        seen = set() if seen is None else seen
        for one in selections.selections:
            self._left -= 1
            if self._left < 0:
                raise _TooLarge
            if isinstance(one, FieldNode):
                yield one
            elif isinstance(one, InlineFragmentNode):
                yield from self._fields(one.selection_set, seen)
            elif isinstance(one, FragmentSpreadNode) and one.name.value not in seen:
                seen.add(one.name.value)
                if (fragment := self._fragments.get(one.name.value)) is not None:
                    yield from self._fields(fragment.selection_set, seen)
