"""A record that cannot be read is tried again and again, and nothing behind it is ever replicated."""

ROWS = (43,)
CAUGHT_BY = {"poison-records": ("missing",)}


def replicator() -> None:
    from reference.dynamo import CallFailed
    from reference.replicator import target

    def park(self, record, why):
        raise CallFailed("apply", self._settings.region, "Unreadable", why, transient=True)

    target.Target._park = park
