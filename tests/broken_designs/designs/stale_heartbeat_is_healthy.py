"""A heartbeat item that is there counts as a heartbeat, however long ago it was written."""

ROWS = (16,)
CAUGHT_BY = {"writes-fail-and-reads-work": ("never recovered|only because the fault was healed",)}


def monitor() -> None:
    from reference.monitor import health

    honest = health._judge

    def judge(view, look, rules, now_ns):
        verdict = honest(view, look, rules, now_ns)
        return "" if verdict and "beat" in verdict else verdict

    health._judge = judge
