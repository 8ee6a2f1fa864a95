"""The monitor adds failed looks up and forgets none of them: enough blips are an outage, however far apart."""

ROWS = (13,)
CAUGHT_BY = {"repeated-blips-no-failover": ("no need",)}


def monitor() -> None:
    from dataclasses import replace

    from reference.monitor import health

    honest = health.seen

    def seen(view, look, rules, now_ns):
        after = honest(view, look, rules, now_ns)
        return replace(after, failures=max(after.failures, view.failures + (after.failures > 0)))

    health.seen = seen
