"""Errors as Shopify says them: what graphql-core finds wrong with a query, in the words and codes of Shopify."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from graphql import GraphQLError
from graphql.language import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    print_ast,
)

Said = dict[str, Any]
Match = re.Match[str]
_Rule = tuple[re.Pattern[str], Callable[[Match], str], Callable[[Match], Said]]


def _rule(pattern: str, say: Callable[[Match], str], more: Callable[[Match], Said]) -> _Rule:
    return re.compile(pattern, re.DOTALL), say, more


_RULES: Sequence[_Rule] = (
    _rule(
        r"Cannot query field '(\w+)' on type '(\w+)'", lambda m: f"Field '{m[1]}' doesn't exist on type '{m[2]}'",
        lambda m: {"code": "undefinedField", "typeName": m[2], "fieldName": m[1]},
    ),
    _rule(
        r"Unknown argument '(\w+)' on field '\w+\.(\w+)'",
        lambda m: f"Field '{m[2]}' doesn't accept argument '{m[1]}'",
        lambda m: {"code": "argumentNotAccepted", "name": m[2], "typeName": "Field", "argumentName": m[1]},
    ),
    _rule(
        r"(?:Field|Argument) '(?:\w+\.)?(\w+)(?:\((\w+):\))?' (?:argument '(\w+)' )?of type '[^']+' is required",
        lambda m: f"Field '{m[1]}' is missing required arguments: {m[2] or m[3]}",
        lambda m: {
            "code": "missingRequiredArguments", "className": "Field", "name": m[1], "arguments": m[2] or m[3],
        },
    ),
    _rule(
        r"Field '(\w+)' of type '(\[?\w+)\W*' must have a selection",
        lambda m: (
            f"Field must have selections (field '{m[1]}' returns {m[2].strip('[')} but has no selections. "
            f"Did you mean '{m[1]} {{ ... }}'?)"
        ),
        lambda m: {"code": "selectionMismatch", "nodeName": f"field '{m[1]}'", "typeName": m[2].strip("[")},
    ),
    _rule(
        r"Field '(\w+)' must not have a selection since type '(\[?\w+)\W*' has no subfields",
        lambda m: f"Selections can't be made on scalars (field '{m[1]}' returns {m[2].strip('[')} but has selections)",
        lambda m: {"code": "selectionMismatch", "nodeName": f"field '{m[1]}'", "typeName": m[2].strip("[")},
    ),
    _rule(
        r"Variable '\$(\w+)' is not defined(?: by operation '(\w+)')?",
        lambda m: f"Variable ${m[1]} is used by {m[2] or 'anonymous query'} but not declared",
        lambda m: {"code": "variableNotDefined", "variableName": m[1]},
    ),
    _rule(
        r"Variable '\$(\w+)' is never used(?: in operation '(\w+)')?",
        lambda m: f"Variable ${m[1]} is declared by {m[2] or 'anonymous query'} but not used",
        lambda m: {"code": "variableNotUsed", "variableName": m[1]},
    ),
    _rule(
        r"Variable '\$(\w+)' of type '([^']+)' used in position expecting type '([^']+)'",
        lambda m: f"Type mismatch on variable ${m[1]} ({m[2]} / {m[3]})",
        lambda m: {"code": "variableMismatch", "variableName": m[1], "typeName": m[2]},
    ),
    _rule(
        r"Unknown type '(\w+)'", lambda m: f"No such type {m[1]}, so it can't be a fragment condition",
        lambda m: {"code": "undefinedType", "typeName": m[1]},
    ),
    _rule(
        r"Unknown fragment '(\w+)'", lambda m: f"Fragment {m[1]} was used, but not defined",
        lambda m: {"code": "useAndDefineFragment", "fragmentName": m[1]},
    ),
    _rule(
        r"Fragment '(\w+)' is never used", lambda m: f"Fragment {m[1]} was defined, but not used",
        lambda m: {"code": "useAndDefineFragment", "fragmentName": m[1]},
    ),
    _rule(
        r"Unknown directive '@(\w+)'", lambda m: f"Directive @{m[1]} is not defined",
        lambda m: {"code": "undefinedDirective", "directiveName": m[1]},
    ),
)  # fmt: skip


def invalid(error: GraphQLError, document: DocumentNode) -> Said:
    """A query that does not fit the schema."""
    node = error.nodes[0] if error.nodes else None
    path = _path(document, node) if node is not None else []
    for pattern, say, more in _RULES:
        match = pattern.match(error.message)
        if match:
            return _said(say(match), error, path, more(match))
    return _said(*_literal(error, document, node, path))


def syntax(error: GraphQLError) -> Said:
    """A text that is no GraphQL."""
    line, column = (error.locations[0].line, error.locations[0].column) if error.locations else (1, 1)
    found = error.message.removeprefix("Syntax Error: ")
    what = "end of file" if "<EOF>" in found else f"invalid token: {found.rstrip('.')}"
    return {
        "message": f"syntax error, unexpected {what} at [{line}, {column}]",
        "locations": [{"line": line, "column": column}],
    }  # fmt: skip


def variables(
    errors: Sequence[GraphQLError], operation: OperationDefinitionNode, given: Mapping[str, Any]
) -> list[Said]:
    """Variables whose values do not fit: one error for each variable, with what is wrong in it."""
    said: dict[str, Said] = {}
    for error in errors:
        match = re.match(r"Variable '\$(\w+)'(?: has invalid value)?(?: at ([^:]*))?:? ?(.*)", error.message, re.DOTALL)
        if match is None:
            said.setdefault("", {"message": error.message, "extensions": {"code": "INVALID_VARIABLE"}})
            continue
        name = match[1]
        declared = next((one for one in operation.variable_definitions or () if one.variable.name.value == name), None)
        kind = print_ast(declared.type) if declared is not None else "?"
        problem = {"path": _keys(match[2] or ""), "explanation": _explained(match[3], given.get(name))}
        entry = said.setdefault(name, {
            "message": f"Variable ${name} of type {kind} was provided invalid value",
            "locations": _locations(error),
            "extensions": {"code": "INVALID_VARIABLE", "value": given.get(name), "problems": []},
        })  # fmt: skip
        entry["extensions"]["problems"].append(problem)
    for entry in said.values():
        places = [one for one in entry["extensions"].get("problems", ()) if one["path"]]
        if places:
            entry["message"] += " for " + ", ".join(
                f"{'.'.join(str(key) for key in one['path'])} ({one['explanation']})" for one in places
            )
    return list(said.values())


def executed(error: GraphQLError) -> Said:
    """What a resolver refused."""
    said: Said = {"message": error.message, "locations": _locations(error)}
    if error.extensions:
        said["extensions"] = dict(error.extensions)
    if error.path:
        said["path"] = list(error.path)
    return said


def _literal(
    error: GraphQLError, document: DocumentNode, node: Node | None, path: list[str]
) -> tuple[str, GraphQLError, list[str], Said]:  # fmt: skip
    found = _argument(document, node) if node is not None else None
    if found is None:
        return error.message, error, path, {"code": "invalid"}
    field, argument = found
    message = (
        f"Argument '{argument.name.value}' on Field '{field}' has an invalid value ({print_ast(argument.value)}). "
        f"{error.message}"
    )
    more = {"code": "argumentLiteralsIncompatible", "typeName": "Field", "argumentName": argument.name.value}
    return message, error, [*path, argument.name.value], more


def _said(message: str, error: GraphQLError, path: list[str], more: Said) -> Said:
    return {"message": message, "locations": _locations(error), "path": path, "extensions": more}


def _locations(error: GraphQLError) -> list[Said]:
    return [{"line": one.line, "column": one.column} for one in (error.locations or ())[:1]]


def _explained(text: str, value: Any) -> str:
    if value is None or "required" in text or "non-nullable" in text.lower() or "null" in text.lower():
        return "Expected value to not be null"
    unknown = re.search(r"unknown field '(\w+)'", text)
    return "Field is not defined on the input" if unknown else text


def _keys(text: str) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in re.findall(r"\w+", text)]


def _path(document: DocumentNode, wanted: Node) -> list[str]:
    """Where a node stands: the operation, and the fields down to it."""
    for path, node in _walk(document, []):
        if node is wanted:
            return path
    return []


def _argument(document: DocumentNode, wanted: Node) -> tuple[str, ArgumentNode] | None:
    for _, node in _walk(document, []):
        if isinstance(node, FieldNode):
            for argument in node.arguments or ():
                if any(one is wanted for _, one in _walk(argument, [])):
                    return node.name.value, argument
    return None


def _walk(node: Node, path: list[str]) -> Iterator[tuple[list[str], Node]]:
    here = path
    if isinstance(node, OperationDefinitionNode):
        here = [f"{node.operation.value} {node.name.value}" if node.name else node.operation.value]
    elif isinstance(node, FragmentDefinitionNode):
        here = [f"fragment {node.name.value}"]
    elif isinstance(node, InlineFragmentNode):
        here = [*path, f"... on {node.type_condition.name.value}" if node.type_condition else "..."]
    elif isinstance(node, FieldNode):
        here = [*path, (node.alias or node.name).value]
    yield here, node
    for key in node.keys:
        value = getattr(node, key, None)
        for one in value if isinstance(value, tuple | list) else (value,):
            if isinstance(one, Node):
                yield from _walk(one, here)
