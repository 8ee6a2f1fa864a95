"""What was seen and done is remembered in this region alone: `DEDUPE=region`, the design that loses it with the region.

As when that memory is a cache or a table beside the application. It works until another region takes over: that one has
seen nothing yet, so whatever comes again, or is asked for anew, is done again. Here to show what that costs.
"""

from __future__ import annotations

from reference.dynamo import ensure_table
from reference.shopify_app import rows, store
from reference.shopify_app.intake import Webhook
from reference.shopify_app.store import Store
from reference.shopify_app.things import Effect

MEMORY = "seen-here"


class RegionalStore(Store):
    """The same tables, and a memory that is no global table."""

    def _is_first(self, key: str) -> bool:
        ensure_table(self._client, MEMORY, "id")
        item = {"id": {"S": key}}
        return self._if_allowed({"TableName": MEMORY, "Item": item, "ConditionExpression": "attribute_not_exists(id)"})

    def take(self, webhook: Webhook, patience_s: float) -> bool:
        """Whether this region has not seen a webhook."""
        if not self._is_first(f"webhook {webhook.id}"):
            return False
        arguments = rows.inbox_put(self._shop.inbox_table, webhook, self._settings.region, store._now_us())
        del arguments["ConditionExpression"]
        return self._if_allowed(arguments, patience_s)

    def ask_for(self, effect: Effect) -> bool:
        """Whether this region has not asked for an effect; it counts how often any region has."""
        if not self._is_first(f"effect {effect.key}"):
            return False
        found = rows.effect_count(self._shop.effects_table, effect, self._settings.region, store._now_us())
        self._if_allowed(found, operation="update_item")
        item = rows.effect_put(self._shop.effects_table, effect, self._settings.region, store._now_us())["Item"]
        self._asked(rows.queued(item))
        return True
