"""A webhook is acknowledged at once and kept a moment later, and nobody asks the shop for what was lost in between.

Either alone makes up for the other: what is asked for in time need not be kept, and what is kept need not be asked for.
"""

import without_asking

ROWS = (33, 59)
ENVIRONMENT = "shopify"
CAUGHT_BY = {"webhook-burst-region-lost": ("changes, of .* not known at", "it had acknowledged a message")}
LATER_S = 1.0


def shopify_app() -> None:
    import asyncio

    from reference.dynamo import CallFailed
    from reference.shopify_app import webhooks

    without_asking.nothing_is_asked_for()
    later = set()

    async def keep(self, webhook):
        await asyncio.sleep(LATER_S)
        loop = asyncio.get_running_loop()
        try:
            new = await loop.run_in_executor(self._threads, self._store.take, webhook, LATER_S)
        except CallFailed:
            return
        if new:
            self._taken(webhooks.Received(webhook.id, webhook.topic, self._settings.region, webhook.body))

    async def take(self, webhook, patience_s):
        task = asyncio.ensure_future(keep(self, webhook))
        later.add(task)
        task.add_done_callback(later.discard)
        return self._answer(200, "taken")

    webhooks.Webhooks._take = take
