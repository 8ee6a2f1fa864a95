"""Tables in memory, with as much of DynamoDB's conditions and updates as the reference's Shopify application uses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reference.dynamo import CallFailed
from reference.settings import Settings, load
from reference.shopify_app.settings import ShopSettings, load_shop
from reference.shopify_app.store import Store

SECRET = "hush"
SHOP_ENV = {
    "SHOP_DOMAIN": "drill-shop.myshopify.com",
    "SHOP_ADMIN_URL": "http://127.0.0.1:9",
    "SHOP_CLIENT_ID": "app",
    "SHOP_CLIENT_SECRET": SECRET,
    "SHOP_APP_URL": "http://app.example",
}
_TERM = re.compile(r"attribute_not_exists\((?P<gone>[^)]+)\)|(?P<left>\S+) (?P<how>[<>=]+) (?P<right>\S+)")


class Tables:
    """What every region sees: they are strongly consistent. broken: operations that fail, and how often."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict[str, Any]]] = {}
        self.broken: dict[str, int] = {}
        self.calls: list[str] = []

    def table(self, name: str) -> dict[str, dict[str, Any]]:
        return self.rows.setdefault(name, {})

    def call(self, operation: str, **arguments: Any) -> Mapping[str, Any]:
        self.calls.append(operation)
        if self.broken.get(operation, 0) > 0:
            self.broken[operation] -= 1
            raise CallFailed(operation, "us-east-1", "InternalServerError", "broken", transient=True)
        found: Mapping[str, Any] = getattr(self, operation)(**arguments)
        return found

    def insist(self, operation: str, *, patience_s: float = 0.0, **arguments: Any) -> Mapping[str, Any]:
        return self.call(operation, **arguments)

    def close(self) -> None:
        """Nothing to close."""

    def put_item(self, **asked: Any) -> Mapping[str, Any]:
        key = asked["Item"]["id"]["S"]
        self._check(asked, self.table(asked["TableName"]).get(key, {}))
        self.table(asked["TableName"])[key] = dict(asked["Item"])
        return {}

    def get_item(self, **asked: Any) -> Mapping[str, Any]:
        item = self.table(asked["TableName"]).get(asked["Key"]["id"]["S"])
        return {} if item is None else {"Item": item}

    def update_item(self, **asked: Any) -> Mapping[str, Any]:
        key = asked["Key"]["id"]["S"]
        item = dict(self.table(asked["TableName"]).get(key, {"id": {"S": key}}))
        self._check(asked, item)
        names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
        parts = re.split(r"\b(SET|REMOVE|ADD) ", asked["UpdateExpression"])[1:]
        for verb, what in zip(parts[::2], parts[1::2], strict=True):
            for one in what.split(","):
                name, *rest = one.replace("=", " ").split()
                name = names.get(name, name)
                if verb == "SET":
                    item[name] = values[rest[0]]
                elif verb == "REMOVE":
                    item.pop(name, None)
                else:
                    item[name] = {"N": str(int(item.get(name, {}).get("N", "0")) + int(values[rest[0]]["N"]))}
        self.table(asked["TableName"])[key] = item
        return {}

    def scan(self, **asked: Any) -> Mapping[str, Any]:
        wanted = asked["ExpressionAttributeValues"][":state"]
        return {"Items": [item for item in self.table(asked["TableName"]).values() if item.get("state") == wanted]}

    def batch_get_item(self, **asked: Any) -> Mapping[str, Any]:
        found = {
            table: [self.table(table)[key["id"]["S"]] for key in about["Keys"] if key["id"]["S"] in self.table(table)]
            for table, about in asked["RequestItems"].items()
        }
        return {"Responses": found}

    def _check(self, asked: Mapping[str, Any], item: Mapping[str, Any]) -> None:
        condition = asked.get("ConditionExpression")
        if condition is None:
            return
        names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})

        def holds(term: str) -> bool:
            match = _TERM.fullmatch(term.strip())
            assert match is not None, term
            if match["gone"]:
                return names.get(match["gone"], match["gone"]) not in item
            left, right = item.get(names.get(match["left"], match["left"])), values[match["right"]]
            if left is None:
                return False
            if match["how"] == "=":
                return bool(left == right)
            return int(left["N"]) < int(right["N"])

        if not any(holds(term) for term in condition.split(" OR ")):
            raise CallFailed("write", "us-east-1", "ConditionalCheckFailedException", "", transient=False)


def settings(region: str = "us-east-1", **more: str) -> Settings:
    return load({"AWS_REGION": region, "TIME_SCALE": "0.1", **more})


def shop(**more: str) -> ShopSettings:
    found = load_shop({**SHOP_ENV, **more})
    assert found is not None
    return found


def store(
    tables: Tables, region: str = "us-east-1", asked: Any = lambda _effect: None, doubted: Any = lambda: None
) -> Store:
    """A store of one region on these tables."""
    made = Store.__new__(Store)
    made._settings, made._shop, made._asked = settings(region), shop(), asked
    made._doubted = doubted
    made._known_effects = {}
    made._client = tables  # type: ignore[assignment]
    return made
