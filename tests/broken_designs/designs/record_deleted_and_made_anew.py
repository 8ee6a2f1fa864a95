"""The record is moved by deleting it and making it anew a moment later, and for that moment the name does not exist."""

ENVIRONMENT = "digitalocean"
ROWS = (23,)
CAUGHT_BY = {"platform-lost-black-holed": ("got a DNS answer without an address",)}
PAUSE_S = 20.0
"""Production seconds, in which whoever has the old address is to forget it."""


def intermediary() -> None:
    import time

    from reference.intermediary import provider
    from reference.intermediary.state import DropRecord, WriteRecord

    carry_out = provider.Provider.carry_out

    def in_two_calls(self, effect):
        if isinstance(effect, WriteRecord) and effect.id is not None:
            found = carry_out(self, DropRecord(effect.id, effect.send_by_ns))
            if found.answer != "done":
                return found
            time.sleep(self._settings.common.scaled_s(PAUSE_S))
            effect = WriteRecord(None, effect.address, time.monotonic_ns() + 1_000_000_000)
        return carry_out(self, effect)

    provider.Provider.carry_out = in_two_calls
