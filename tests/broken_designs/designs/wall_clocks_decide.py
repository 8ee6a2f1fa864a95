"""The later of two writes is the one with the later time of day, and the standby's clock is five seconds behind."""

ROWS = (39,)
CAUGHT_BY = {"region-heals-failback": ("lost|overwritten",)}
BEHIND_MS = 5_000


def storefront() -> None:
    import time

    from reference.storefront import items

    honest = items._write

    def write(settings, item_id, epoch):
        now_ms = time.time_ns() // 1_000_000 - (BEHIND_MS if settings.region == settings.secondary else 0)
        arguments = honest(settings, item_id, now_ms)
        del arguments["ConditionExpression"]
        return arguments

    items._write = write
