"""What a query costs: at most, before it is run, and in truth, by what it gave.

Objects cost a point, scalars and enumerations none, a connection two and what a page of its nodes costs, a mutation
ten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLSchema,
    OperationType,
    get_named_type,
    is_composite_type,
    value_from_ast_untyped,
)
from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from harness.parts.commerce.shopify.admin.bulk import nodes_of

_CONNECTION = 2
_MUTATION = 10
_DEFAULT_PAGE = 50


class Cost:
    """The cost of one operation of a document that is valid."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> None:  # fmt: skip
        self._schema = schema
        self._operation = operation
        self._variables = variables
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self._weighed: dict[tuple[int, str], int] = {}

    def at_most(self) -> int:
        """Before it is run: pages are as large as they were asked for. Raises RecursionError."""
        return self._whole(None)

    def of(self, data: Mapping[str, Any] | None) -> int:
        """By what it gave."""
        return self._whole(data or {})

    def _whole(self, data: Mapping[str, Any] | None) -> int:
        root = self._schema.get_root_type(self._operation.operation)
        total = self._selected(self._operation.selection_set, root, data)
        if self._operation.operation is OperationType.MUTATION:
            names = [one for one, _ in self._fields(self._operation.selection_set, root)]
            return _MUTATION * len(names)
        return total

    def _selected(self, selections: SelectionSetNode | None, parent: Any, data: Any) -> int:
        """Each selection is weighed once: fragments within fragments would multiply the work, as they do the cost."""
        if selections is None:
            return 0
        if data is not None:
            return self._summed(selections, parent, data)
        key = (id(selections), parent.name)
        if key not in self._weighed:
            self._weighed[key] = self._summed(selections, parent, None)
        return self._weighed[key]

    def _summed(self, selections: SelectionSetNode, parent: Any, data: Any) -> int:
        total = 0
        for node, field in self._fields(selections, parent):
            if is_composite_type(get_named_type(field.type)):
                key = (node.alias or node.name).value
                given = data.get(key) if isinstance(data, Mapping) else None
                if data is None or given is not None:
                    total += self._composite(node, field, None if data is None else given)
        return total

    def _composite(self, node: FieldNode, field: GraphQLField, given: Any) -> int:
        kind = get_named_type(field.type)
        if kind.name.endswith("Connection"):
            if given is None:
                return _CONNECTION + self._page(node, field) * self._node(node.selection_set, kind, None)
            found = nodes_of(given) or ()
            return _CONNECTION + sum(self._node(node.selection_set, kind, one) for one in found)
        if given is not None and isinstance(given, Sequence):
            return sum(1 + self._selected(node.selection_set, kind, one) for one in given if one is not None)
        times = self._page(node, field) if "first" in field.args else 1
        return times * (1 + self._selected(node.selection_set, kind, given))

    def _node(self, selections: SelectionSetNode | None, connection: Any, data: Any) -> int:
        """One node of a page: the one that was given, or any."""
        total = 0
        for node, field in self._fields(selections, connection) if selections is not None else ():
            kind = get_named_type(field.type)
            if node.name.value == "nodes":
                total = max(total, 1 + self._selected(node.selection_set, kind, data))
            elif node.name.value == "edges":
                for inner, inner_field in self._fields(node.selection_set, kind):
                    if inner.name.value == "node":
                        of = get_named_type(inner_field.type)
                        total = max(total, 1 + self._selected(inner.selection_set, of, data))
        return total

    def _page(self, node: FieldNode, field: GraphQLField) -> int:
        """How many were asked for; of a list that may be asked for whole, one."""
        said = {
            one.name.value: value_from_ast_untyped(one.value, dict(self._variables)) for one in node.arguments or ()
        }
        for name in ("first", "last"):
            size = said.get(name)
            if isinstance(size, int):
                return max(0, size)
        return _DEFAULT_PAGE if field.args["first"].default is not None else 1

    def _fields(
        self, selections: SelectionSetNode | None, parent: Any, seen: set[str] | None = None
    ) -> Iterator[tuple[FieldNode, GraphQLField]]:
        """As they are executed: a fragment counts once in a selection, however often it is spread there."""
        seen = set() if seen is None else seen
        for one in selections.selections if selections is not None else ():
            if isinstance(one, FieldNode):
                field = getattr(parent, "fields", {}).get(one.name.value)
                if field is not None:
                    yield one, field
            elif isinstance(one, InlineFragmentNode):
                condition = one.type_condition
                kind = self._schema.get_type(condition.name.value) if condition else parent
                yield from self._fields(one.selection_set, kind, seen)
            elif isinstance(one, FragmentSpreadNode) and one.name.value not in seen:
                seen.add(one.name.value)
                fragment = self._fragments[one.name.value]
                kind = self._schema.get_type(fragment.type_condition.name.value)
                yield from self._fields(fragment.selection_set, kind, seen)
