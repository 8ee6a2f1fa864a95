"""What a drill needs of a world, whoever provides it: the live one now, a simulated one later."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.clock import Clock
from harness.drill.reconciled import CaseReconciled
from harness.drill.settings import Settings
from harness.drill.stopping.command import CommandUnderWay
from harness.faults.model import Fault, Plan
from harness.history.events import Commit, Event, FaultEvent
from harness.topology.environment import Environment
from harness.topology.subject import Subject
from harness.topology.timing import Timing
from harness.world.shop import Shop

Table = str
State = Mapping[str, str | None]


@dataclass(frozen=True)
class SteadyEvidence:
    """What the world knows of its own readiness, beside what clients see.

    reasons: what of the world itself is not ready yet, in words: checkers without data. Empty: ready. broken: by place,
    what the world's load balancers and health checks find wrong with the subject there; by_design: those of them that a
    place which is not to serve may mean so. unreplicated: why replication is not known to work, where the subject must
    have it. notes: what is worth telling, and keeps nobody from starting. reads_only: the subject has no operation that
    writes.
    """

    reasons: tuple[str, ...]
    broken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unreplicated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    by_design: frozenset[str] = frozenset()
    reads_only: bool = False


class ActiveFault(Protocol):
    """A fault that holds. `started` and `stopped` are its events in the history."""

    @property
    def started(self) -> FaultEvent: ...
    @property
    def stopped(self) -> FaultEvent | None: ...
    @property
    def plan(self) -> Plan:
        """What was done to which links and processes, and what the witness must see of it."""

    @property
    def kinds_used(self) -> tuple[str, ...]:
        """How the world did what not every world can, e.g. `black_hole: accept-queue`."""

    def heal(self) -> None:
        """Undo it; a second call does nothing. Raises HealError."""


@dataclass(frozen=True)
class PutBack:
    """What was put back from a restored table, by key, in the place of corrupt values; and what was removed since the
    restored table does not have it."""

    values: Mapping[str, str]
    removed: tuple[str, ...]


class Runbook(Protocol):
    """What an operator does to restore the table that clients write, in one database, through its own API.

    Blocking calls, each short but `put_back`. Every one raises WorldError.
    """

    table: str

    def protect(self) -> None:
        """Switch point-in-time recovery on."""

    def begin(self, before_ns: int) -> int | None:
        """Restore into a new table, as of the last whole second that was over before a moment of this world's clock.

        Returns the last moment that will be in it; None: it cannot be restored to that yet, so ask again.
        """

    def there(self) -> bool:
        """Whether the new table is, with all its items."""

    def put_back(self) -> PutBack:
        """Replace whatever is corrupt by what the new table has, and delete that one. What clients have written since
        stays."""


class Rebuild(Protocol):
    """What an operator does to rebuild the tables of a region that is gone, from another one that is not, by
    DynamoDB's own calls: an export there, an import here, and the settings that no import brings.

    Blocking calls, each short. Every one raises WorldError.
    """

    tables: tuple[str, ...]

    def begin(self) -> int | None:
        """Export the tables of the other region as they are now. Returns the last moment of this world's clock that
        will be in all of them; None: it cannot be exported yet, so ask again."""

    def exported(self) -> bool:
        """Whether the exports are complete; then what they hold has been brought here, and is being imported."""

    def there(self) -> bool:
        """Whether every table is here again, with all that was exported."""

    def finish(self) -> int:
        """Set again what an import does not bring: streams, time to live, point-in-time recovery, as the other region
        has them. Returns how many items were imported."""


class Archive(Protocol):
    """What an operator does with `drill backup` and `drill restore`, each a process that was started with the call.

    Raises WorldError where there is nothing to back up.
    """

    table: str
    """The one that clients write."""

    def back_up(self) -> CommandUnderWay:
        """Back up the shop's theme, where there is a shop, and the table that clients write, in one database."""

    def restore_theme(self) -> CommandUnderWay:
        """Restore the theme from the newest backup."""

    def restore_table(self) -> CommandUnderWay:
        """Restore the table from the newest backup, into one beside it, from where `Runbook.put_back` takes it."""

    def damage(self) -> None:
        """Spoil the backups that there are, as a bad disk does."""


class Backend(Protocol):
    """A world with a subject in it. Blocking calls; every one has a time-out of its own."""

    environment: Environment
    subject: Subject
    timing: Timing
    clock: Clock
    """Stamps this world's events; the drill waits on it."""
    edges: Mapping[str, str]
    """Place -> the address that DNS answers for it."""
    meanwhile: Callable[[], None]
    """The drill's own: called now and then where bringing a fault about, or healing it, takes long. What it raises ends
    the former, and then whatever was begun has been undone; it never ends a heal."""

    def open_drill(self, folder: Path, settings: Settings) -> None:
        """Fresh data, a freshly started subject, clients at work; events from now on go to this drill."""

    def close_drill(self) -> Sequence[str]:
        """Stop the subject and the clients; the paths of the logs, relative to the drill's folder."""

    def poll(self) -> Sequence[Event]:
        """Events that are new since the last call, from all observers."""

    def wait(self, until_ns: int) -> None:
        """Return when something is new, or at until_ns at the latest; what comes within a moment may come at once."""

    def steady_evidence(self) -> SteadyEvidence: ...

    def inject(self, fault: Fault) -> ActiveFault: ...

    def disable_failover(self) -> None:
        """Freeze the edge's answer and stop the subject's failover components."""

    def deploy(self, change: str) -> None:
        """Roll a change of the application out everywhere; only for worlds that can (`pods`)."""

    def runbook(self, database: str) -> Runbook:
        """How a table is restored there; only for worlds that can (`backups`)."""

    def rebuild(self, database: str, survivor: str) -> Rebuild:
        """How the tables of a database are rebuilt from those of another one; only for worlds that can (`backups`)."""

    def reconcile(self, databases: tuple[str, str], policy: str) -> CaseReconciled:
        """Make the table that clients write the same in two databases; policy: as `drill reconcile --policy` has it."""

    def archive(self, database: str) -> Archive:
        """Backups of the shop, and of the table that clients write there; the same ones for the whole drill."""

    def shop(self) -> Shop:
        """Where business goes on; only for worlds that have one (`shop`)."""

    def run_stop_command(self) -> CommandUnderWay:
        """Start the command of the environment's stop conditions: no shell, and all of it ends with us."""

    def stop_workload(self) -> int:
        """No new operations; returns when those under way have returned or timed out, and the history is complete.

        Returns how many operations the witness was too late to send at all.
        """

    def heal_all(self) -> None:
        """Undo whatever holds."""

    def data(self) -> Mapping[str, Mapping[Table, State]]:
        """Database -> table -> key -> value (None or absent: no such item), read from the databases themselves."""

    def written(self, database: str, items_max: int) -> State | None:
        """The table that clients write, read from a database now; None where there is none, or with more items."""

    def commits(self) -> Sequence[Commit] | None:
        """World truth of this drill; None where the region servers give none."""

    def deaths(self) -> Sequence[str]:
        """Sentences about components that ended by themselves."""

    def versions(self) -> Mapping[str, str]: ...

    def capabilities(self) -> Mapping[str, bool | str]:
        """What can honestly be measured here, each True or a sentence why not."""

    def calibration(self) -> Mapping[str, float]:
        """What was measured of this machine's capacity: capacity_per_s, rate_per_s."""

    def machine(self) -> Mapping[str, str]: ...


@contextmanager
def holding(fault: ActiveFault) -> Iterator[ActiveFault]:
    """A fault that heals when the block ends, however it ends."""
    try:
        yield fault
    finally:
        fault.heal()
