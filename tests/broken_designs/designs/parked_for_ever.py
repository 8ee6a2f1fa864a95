"""What the target refuses once, for whatever reason, is parked, and nobody ever tries it again."""

ROWS = (44,)
CAUGHT_BY = {"writes-fail-in-the-standby": ("missing|lost|differ",)}


def replicator() -> None:
    from reference.dynamo import CallFailed
    from reference.replicator import target

    def carry_out(self, group):
        refused = []
        for entry in group:
            operation, arguments = target.request(entry, self._route)
            try:
                self._client.call(operation, **arguments)
            except CallFailed as failure:
                if not failure.condition_failed:
                    refused.append((entry, str(failure)))
        return refused

    def park(self, record, why):
        target.say("record parked", level="warning", into=self._settings.region, why=why)

    target.Target._carry_out = carry_out
    target.Target._park = park
