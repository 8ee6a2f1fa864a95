"""What resolvers need to know of the request that they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError

from harness.parts.commerce.shopify.admin.bulk import BulkOperations
from harness.parts.commerce.shopify.admin.idempotency import IdempotencyKeys
from harness.parts.commerce.shopify.admin.settings import AdminSettings
from harness.parts.commerce.shopify.admin.staging import Staging
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.values import Changed, number_of

ACCESS_DOCUMENTATION = "https://shopify.dev/api/usage/access-scopes"


@dataclass
class Asked:
    """One GraphQL request. mistake_in: why a query does not fit the schema, None where it does. bulk: connections are
    given whole. changes: what mutations changed, to be told of."""

    shop: Shop
    settings: AdminSettings
    operations: BulkOperations
    staging: Staging
    version: str
    base_url: str
    mistake_in: Callable[[str], str | None]
    keys: IdempotencyKeys
    bulk: bool = False
    changes: list[Changed] = field(default_factory=list)
    warnings: list[Mapping[str, Any]] = field(default_factory=list)

    def need(self, scope: str, field_name: str) -> None:
        """Refuse a field for which the app has no scope; one that may write may read."""
        if scope not in self.shop.installation.scopes and (
            scope.replace("read_", "write_", 1) not in self.shop.installation.scopes
        ):
            required = f"`{scope}` access scope."
            raise GraphQLError(
                f"Access denied for {field_name} field. Required access: {required}",
                extensions={
                    "code": "ACCESS_DENIED", "documentation": ACCESS_DOCUMENTATION, "requiredAccess": required,
                },
            )  # fmt: skip


def number(kind: str, text: str) -> int:
    """The number in a global id that must be of that kind; 0, which nothing has, where it is another kind's."""
    if not text.startswith("gid://"):
        raise GraphQLError(
            f"Invalid global id '{text}'",
            extensions={"code": "argumentLiteralsIncompatible", "typeName": "CoercionError"},
        )
    found = number_of(kind, text)
    if found is None:
        raise GraphQLError(f"Invalid id: {text}", extensions={"code": "RESOURCE_NOT_FOUND"})
    return found
