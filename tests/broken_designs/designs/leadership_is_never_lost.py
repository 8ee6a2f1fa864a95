"""Whoever has led once acts for ever: no epoch, no lease, and what was seen long ago counts as if it were new."""

ENVIRONMENT = "digitalocean"
ROWS = (6,)
CAUGHT_BY = {"stale-intermediary-wakes-up": (r"the answer changed \d+ times",)}


def intermediary() -> None:
    from dataclasses import replace

    from reference.intermediary import leadership, looking

    seen, judged = looking.seen, looking.judged
    for_ever_ns = 1 << 62

    def believed(rules):
        return replace(rules, stale_ns=for_ever_ns)

    # `seen` judges by the module's own `judged`, with the rules that it was given.
    looking.seen = lambda view, look, rules, now_ns: seen(view, look, believed(rules), now_ns)
    looking.judged = lambda view, rules, now_ns: judged(view, believed(rules), now_ns)
    leadership.Seat.leads = lambda seat, now_ns: seat.until_ns > 0

    answered, sees = leadership.answered, leadership._sees

    def kept(before, after):
        return replace(after, epoch=max(before.epoch, after.epoch), until_ns=for_ever_ns) if before.until_ns else after

    leadership.answered = lambda seat, event, terms, now_ns: kept(seat, answered(seat, event, terms, now_ns))
    leadership._sees = lambda seat, region, table, claim, now_ns: kept(seat, sees(seat, region, table, claim, now_ns))
