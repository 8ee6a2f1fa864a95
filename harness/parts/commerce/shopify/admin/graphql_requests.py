"""GraphQL over HTTP: from the bytes of a request to the body of its answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationType, execute, parse, validate, value_from_ast_untyped
from graphql.execution.values import get_variable_values
from graphql.language import DocumentNode, FieldNode, OperationDefinitionNode
from graphql.validation import validation_context
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError

from harness.kit.strict_json import strict_json
from harness.parts.commerce.shopify.admin import form
from harness.parts.commerce.shopify.admin.asked import Asked
from harness.parts.commerce.shopify.admin.cost import Cost
from harness.parts.commerce.shopify.admin.exchange import AdminReply, AdminRequest, json_reply, refusal
from harness.parts.commerce.shopify.admin.schema_loading import schema
from harness.parts.commerce.shopify.admin.settings import AdminSettings
from harness.parts.commerce.shopify.records.values import Refused

log = logging.getLogger(__name__)
RATE_LIMITS = "https://shopify.dev/api/usage/rate-limits"
_TOKENS_MAX = 20_000
_LONG = 8_192
"""Characters of a text from which on reading it would hold up whoever waits for something else."""
# A text of few characters can make thousands of fields comparable to each other: a tenth of what the library allows.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 50_000
validation_context.MAX_FRAGMENT_WORK = 5_000
_OUR_FAULT = "Internal error. Looks like something went wrong on our end."
_KEPT, _ERRORS_MAX = 256, 20
_TOO_DEEP: form.Said = {"message": "Query is nested too deeply", "extensions": {"code": "invalid"}}
_TOO_HEAVY: form.Said = {
    "message": "Timeout on validation of query", "extensions": {"code": "validationTimeout"},
}  # fmt: skip
"""As graphql-ruby says it, which Shopify runs on."""
_TOO_COSTLY = (
    "Query cost is {cost}, which exceeds the single query max cost limit ({most}).\n\n"
    "See https://shopify.dev/concepts/about-apis/rate-limits for more information on how the\n"
    "cost of a query is calculated.\n\n"
    "To query larger amounts of data with fewer limits, bulk operations should be used instead.\n"
    "See https://shopify.dev/tutorials/perform-bulk-operations-with-admin-api for usage details.\n"
)


@dataclass(frozen=True)
class Wanted:
    """A GraphQL request that could be read."""

    query: str
    variables: Mapping[str, Any]
    operation: str | None


@dataclass(frozen=True)
class Known:
    """A text that was looked at before: the document, or what is wrong with it."""

    document: DocumentNode | None
    errors: tuple[form.Said, ...] = ()


@dataclass(frozen=True)
class Points:
    """The bucket, as a request sees it. take: whether so many points are there; pay: spend them; status: to be said."""

    take: Callable[[int], bool]
    pay: Callable[[int], None]
    status: Callable[[], Any]


def read(request: AdminRequest) -> Wanted | AdminReply:
    """What a request wants, or why it is refused."""
    missing = refusal(400, {"query": "Required parameter missing or invalid"})
    if request.content_type == "application/graphql":
        return Wanted(request.body.decode("utf-8", "replace"), {}, None)
    if request.content_type != "application/json":
        return missing
    try:
        body = strict_json(request.body)
    except ValueError:
        return refusal(400, "Bad Request")
    if not isinstance(body, dict) or not isinstance(body.get("query"), str) or not body["query"].strip():
        return missing
    variables, operation = body.get("variables") or {}, body.get("operationName")
    if not isinstance(variables, dict):
        return refusal(400, {"variables": "Required parameter missing or invalid"})
    return Wanted(body["query"], variables, operation if isinstance(operation, str) and operation else None)


def foresee(request: AdminRequest) -> str | None:
    """The text of a request that takes long to look at: whoever calls `look_at` with it in a thread waits for nothing
    when it is answered. None: there is no such."""
    if len(request.body) < _LONG or not request.path.endswith("/graphql.json"):
        return None
    wanted = read(request)
    return wanted.query if isinstance(wanted, Wanted) else None


def answer(wanted: Wanted, asked: Asked, points: Points) -> AdminReply:
    """Validate, weigh and execute."""
    known = look_at(wanted.query)
    if known.document is None:
        return json_reply({"errors": list(known.errors)})
    operation = _chosen(known.document, wanted.operation)
    if operation is None:
        return json_reply({"errors": [_unknown_operation(wanted.operation)]})
    coerced = get_variable_values(schema(), operation.variable_definitions or (), dict(wanted.variables))
    if isinstance(coerced, list):
        return json_reply({"errors": form.variables(coerced, operation, wanted.variables)})
    too_long = _too_long(operation, coerced.coerced, asked.settings)
    if too_long is not None:
        return json_reply({"errors": [too_long]})
    cost = Cost(schema(), known.document, operation, coerced.coerced)
    try:
        most = cost.at_most()
    except RecursionError:
        return json_reply({"errors": [_TOO_DEEP]})
    if most > asked.settings.query_points_max:
        return json_reply({"errors": [_too_costly(most, asked.settings.query_points_max)]})
    if not points.take(most):
        return json_reply({"errors": [_throttled()], **_costs(most, None, points, asked)})
    result = _run(known.document, operation, wanted.variables, asked)
    actual = min(most, cost.of(result.data))
    points.pay(actual)
    errors = {"errors": [_refused(one) for one in result.errors]} if result.errors else {}
    return json_reply({**errors, "data": result.data, **_costs(most, actual, points, asked)})


def run_whole(query: str, asked: Asked) -> tuple[Mapping[str, Any] | None, str | None]:
    """Execute a query of a bulk operation: its data, or the code of why there is none."""
    known = look_at(query)
    operation = _chosen(known.document, None) if known.document is not None else None
    if known.document is None or operation is None:
        return None, "INTERNAL_SERVER_ERROR"
    asked.bulk = True
    result = _run(known.document, operation, {}, asked)
    denied = any((one.extensions or {}).get("code") == "ACCESS_DENIED" for one in result.errors or ())
    if result.errors:
        return None, "ACCESS_DENIED" if denied else "INTERNAL_SERVER_ERROR"
    return result.data, None


def mistake_in(query: str) -> str | None:
    """Why a text does not fit the schema, None where it does."""
    said = look_at(query).errors
    return str(said[0]["message"]) if said else None


@lru_cache(maxsize=_KEPT)
def look_at(query: str) -> Known:
    """Parse and validate a text."""
    try:
        document = parse(query, max_tokens=_TOKENS_MAX)
        errors = validate(schema(), document, max_errors=_ERRORS_MAX)
    except GraphQLError as error:
        return Known(None, (form.syntax(error),))
    except RecursionError:
        return Known(None, (_TOO_DEEP,))
    if any(isinstance(one, ValidationAbortedError) for one in errors) and len(errors) < _ERRORS_MAX:
        return Known(None, (_TOO_HEAVY,))
    if errors:
        return Known(None, tuple(form.invalid(one, document) for one in errors))
    return Known(document)


def _run(
    document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any], asked: Asked
) -> ExecutionResult:  # fmt: skip
    name = operation.name.value if operation.name else None
    result = execute(schema(), document, context_value=asked, variable_values=dict(variables), operation_name=name)
    if not isinstance(result, ExecutionResult):
        raise TypeError("resolvers answer at once")
    return result


def _refused(error: GraphQLError) -> form.Said:
    said = form.executed(error)
    if isinstance(error.original_error, Refused):
        said["extensions"] = {"code": error.original_error.code or "INVALID"}
    elif error.original_error is not None and not isinstance(error.original_error, GraphQLError):
        log.error("a resolver failed", exc_info=error.original_error)
        said |= {"message": _OUR_FAULT, "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
    return said


def _chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if name is not None:
        return next((one for one in operations if one.name and one.name.value == name), None)
    usable = len(operations) == 1 and operations[0].operation is not OperationType.SUBSCRIPTION
    return operations[0] if usable else None


def _unknown_operation(name: str | None) -> form.Said:
    if name is None:
        return {"message": "An operation name is required"}
    return {"message": f'No operation named "{name}"'}


def _too_long(
    operation: OperationDefinitionNode, variables: Mapping[str, Any], settings: AdminSettings
) -> form.Said | None:  # fmt: skip
    for field in (one for one in operation.selection_set.selections if isinstance(one, FieldNode)):
        for argument in field.arguments or ():
            value = value_from_ast_untyped(argument.value, dict(variables))
            for path, size in _sizes(value, [(field.alias or field.name).value, argument.name.value]):
                if size > settings.input_array_max:
                    return {
                        "message": f"The input array size of {size} is greater than the maximum allowed of "
                        f"{settings.input_array_max}.",
                        "path": path, "extensions": {"code": "MAX_INPUT_SIZE_EXCEEDED"},
                    }  # fmt: skip
    return None


def _sizes(value: Any, path: list[str]) -> Iterator[tuple[list[str], int]]:
    if isinstance(value, list):
        yield path, len(value)
        for index, one in enumerate(value):
            yield from _sizes(one, [*path, str(index)])
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _sizes(one, [*path, key])


def _too_costly(cost: int, most: int) -> form.Said:
    return {
        "message": _TOO_COSTLY.format(cost=cost, most=most),
        "extensions": {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": most, "documentation": RATE_LIMITS},
    }


def _throttled() -> form.Said:
    return {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": RATE_LIMITS}}


def _costs(most: int, actual: int | None, points: Points, asked: Asked) -> dict[str, Any]:
    said: dict[str, Any] = {
        "cost": {"requestedQueryCost": most, "actualQueryCost": actual, "throttleStatus": points.status()}
    }
    if asked.warnings:
        said["search"] = asked.warnings
    return {"extensions": said}
