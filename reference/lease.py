"""The lease that says which region may accept writes; no two clocks need to agree on the time of day.

A storefront sends a beat with a nonce and remembers, on its own clock, when. The monitor reads the nonce and, if it
wants the storefront's region to be active, echoes it together with the epoch. The storefront then holds the lease of
that epoch until `beat sent + length`. A grant that is delayed by any amount is therefore harmless: it only refers to
an old beat. The monitor read the nonce after it was sent, so `nonce read + length + margin` is after the end of every
lease that it can have given, whatever happened to its messages; only then may another region become active.

The margin covers clocks that run at different rates: with a margin of a tenth of the length, up to 4.8 % each way.

Epochs are dealt out by region, odd numbers to the primary and even ones to the secondary: two regions can never hold
a lease of one epoch, not even when the record of one of them could not be read.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """Length of a lease, and how much longer the monitor waits, in nanoseconds."""

    length_ns: int
    margin_ns: int

    def expires_ns(self, beat_sent_ns: int) -> int:
        """End of the lease on the holder's clock."""
        return beat_sent_ns + self.length_ns

    def horizon_ns(self, beat_read_ns: int) -> int:
        """On the monitor's clock: by then no lease that echoes this beat is held any more."""
        return beat_read_ns + self.length_ns + self.margin_ns


@dataclass(frozen=True, slots=True, order=True)
class Nonce:
    """One beat of one run of a storefront. `boot` is random for each run, `count` grows by one a beat."""

    boot: str
    count: int

    def __str__(self) -> str:
        return f"{self.boot}:{self.count}"

    def follows(self, other: Nonce | None) -> bool:
        """Whether this beat is news to somebody who last saw `other`."""
        return other is None or self.boot != other.boot or self.count > other.count


def parse_nonce(text: str) -> Nonce | None:
    """The nonce in `text`, or None when it is not one."""
    boot, separator, count = text.rpartition(":")
    return Nonce(boot, int(count)) if separator and boot and count.isdigit() else None


@dataclass(frozen=True, slots=True)
class Echo:
    """A grant: the region of the beat may write under `epoch`, counted from when the beat was sent."""

    epoch: int
    nonce: Nonce

    def __str__(self) -> str:
        return f"{self.epoch}/{self.nonce}"


def parse_echo(text: str) -> Echo | None:
    """The grant in `text`, or None when it is not one."""
    epoch, separator, rest = text.partition("/")
    nonce = parse_nonce(rest)
    return Echo(int(epoch), nonce) if separator and epoch.isdigit() and nonce else None


def next_epoch(highest: int, region_index: int, jump: int = 0) -> int:
    """The first epoch above `highest + jump` that belongs to the region (0 the primary, 1 the secondary)."""
    epoch = highest + jump + 1
    return epoch if epoch % 2 == (region_index + 1) % 2 else epoch + 1
