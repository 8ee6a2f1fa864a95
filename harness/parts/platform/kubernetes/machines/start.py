"""How long a container takes until it answers for the first time, and how often its probe did not wait for that."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.parts.platform.kubernetes.machines.probe import ProbeKind


def decisive(startup: object | None, liveness: object | None) -> ProbeKind | None:
    """The probe that ends a container that does not answer after its start ("Probes": without a startup probe, liveness
    is asked from the beginning); None: it is waited for. startup, liveness: what a manifest says of each."""
    if startup is not None:
        return ProbeKind.STARTUP
    return None if liveness is None else ProbeKind.LIVENESS


@dataclass(frozen=True)
class Start:
    """What is known of a container's starts. since_ns: its present run began; None: it has answered, or does not run.
    took_ns: the longest until an answer; unanswered: how many runs a probe has ended without one."""

    since_ns: int | None = None
    took_ns: int | None = None
    unanswered: int = 0

    def began(self, now_ns: int) -> Start:
        """Its process runs."""
        return replace(self, since_ns=now_ns)

    def answered(self, now_ns: int) -> Start:
        """Its decisive probe has succeeded."""
        if self.since_ns is None:
            return self
        return replace(self, since_ns=None, took_ns=max(now_ns - self.since_ns, self.took_ns or 0))

    def ended_by_probe(self) -> Start:
        """A probe has ended it."""
        return self if self.since_ns is None else replace(self, since_ns=None, unanswered=self.unanswered + 1)
