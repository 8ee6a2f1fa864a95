"""A counter is read, increased in the application, and written back: of two that do so at once, one is lost."""

import with_counters

ROWS = (48,)
CAUGHT_BY = {"region-heals-failback": ("counter",)}
subject = with_counters.subject


def storefront() -> None:
    import asyncio

    from reference.storefront import items

    async def increment(endpoint, key, amount, epoch):
        reply = await endpoint.call("get_item", items.get_arguments(endpoint.settings, key))
        held = int(reply.get("Item", {}).get(endpoint.settings.items_value, {}).get("N", "0"))
        await asyncio.sleep(0.5)  # what an application does in between
        arguments = items.put_arguments(endpoint.settings, key, "", epoch)
        arguments["ExpressionAttributeValues"][":value"] = {"N": str(held + amount)}
        await endpoint.call("update_item", arguments)

    with_counters.add_counters(increment)
