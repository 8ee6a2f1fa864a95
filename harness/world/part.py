"""What a part of a world is given, and what it must be able to tell of itself.

A part is everything about one thing that a world is made of, in one folder:

    spec.py   SPEC: type[Spec]                                   what its section of the environment file may say
              PRELOAD: Sequence[tuple[str, str]]                 group and module of each process that it forks
              SECTION: str                                       the section it is for, where a family has several
              mistakes(environment), subject_mistakes(subject)   optional: what of either file it cannot follow
    files.py  refuse(environment, subject, spec)                 optional: raises InputError for files that it names
    part.py   build(blueprint, spec) -> Sequence[Part]           its parts in one world: one, or one for each place
              diagnose(blueprint, spec) -> Iterable[Diagnosis]   optional: what `drill doctor` should look at

spec.py imports little: it is read before the warmed parents of all processes are started.

Life of a part: start (processes that need nobody else) -> arrows (the links it needs) -> connect (the links are up,
and every other part can be asked where it listens) -> tables_made, ready -> reset before each further drill. Its
processes end with the world; whatever else it starts goes away by what it hands to Ground.on_close, last started first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from harness.faults.hand import Hand
from harness.faults.model import Fault, Plan
from harness.kit.address import Address
from harness.names import HTTP, link_name
from harness.topology.environment import Environment
from harness.topology.subject import Instance, Subject, Table
from harness.topology.timing import Timing
from harness.world.diagnosis import Complaint
from harness.world.process import Process
from harness.world.wires import Arrow

LOOPBACK = "127.0.0.1"

LIGHT = "net"
"""The group of processes that speak on the network and import little."""


@dataclass(frozen=True)
class Blueprint:
    """What a world is made from, before anything runs."""

    environment: Environment
    subject: Subject
    timing: Timing
    seed: int = 0


@dataclass(frozen=True)
class Edge:
    """Where clients come in at a place. answered: what DNS answers for it; host, port: where its link listens."""

    place: str
    answered: str
    host: str
    port: int


class Ground(Protocol):
    """Where a part is started. folder: the world's own files, gone with it. edges: by place."""

    @property
    def folder(self) -> Path: ...
    @property
    def edges(self) -> Mapping[str, Edge]: ...

    def spawn(self, group: str, name: str, module: str, config: Mapping[str, Any]) -> Process:
        """Fork a process that runs `module.serve(config, ready)`; it ends with the world. Returns at once."""
        ...

    def run(
        self, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path, answers: Callable[[], bool]
    ) -> Process:
        """Start a program that is none of ours; it ends with the world, and its `ready` waits until it answers.

        env: beside PATH and the like; none of ours and of the user's account reaches it. Raises ProcessError.
        """
        ...

    def switch_off(self, name: str) -> None:
        """End one of the world's processes at once (SIGKILL), on purpose; `run` of the same name starts it again."""
        ...

    def free_port(self) -> int:
        """A port of this machine that nobody listens on."""
        ...

    def on_close(self, action: Callable[[], object]) -> None:
        """Call `action` when the world is taken down."""
        ...

    def outlives(self, what: str, family: str, kind: str, handle: Mapping[str, str]) -> None:
        """Something is about to be made that would stay if the harness were killed; called before it is made.

        what: for people. family, kind: the part whose `healing.take_away(handle)` undoes it, from another process, when
        this one is killed or stands still. When the world is taken down, what on_close was given later runs first.
        """
        ...

    def guarded(
        self, what: str, family: str, kind: str, handle: Mapping[str, str], hold_s: float
    ) -> AbstractContextManager[Watch]:
        """The same for what holds for a while: a block around it. hold_s: after this long it is undone, whatever we do.

        Left with a WorldError, it stays in the journal, for `drill heal`.
        """
        ...

    def kept(self, name: str) -> Path:
        """The path of a file that is still there when the harness has been killed; whoever made it takes it away."""
        ...

    def meanwhile(self) -> None:
        """To be called some times a second by whoever keeps a drill waiting while it breaks something. Raises what must
        end that: then what was begun is undone."""
        ...

    def launcher(self) -> Any:
        """Whoever starts other programs: a harness.processes.forkserver.ForkServer."""
        ...


class Watch(Protocol):
    """A guard over what holds for a while."""

    @property
    def ran_out(self) -> bool:
        """Whether it has been undone by somebody else than us: it held for longer than it might."""
        ...


@dataclass(frozen=True)
class StatusLine:
    """One line of `drill env status`: what it is, where it is, and what there is to know about it.

    live: of what changes, the URL of a list of such lines as JSON, which is asked for whenever somebody looks; they
    stand in this one's place.
    """

    what: str
    where: str
    about: str = ""
    live: str = ""


class Part:
    """One part of a world, by default one with nothing to say. name: unique in it, and that of its process and log."""

    name: str

    def start(self, ground: Ground) -> None:
        """Start what needs no other part."""

    def endpoints(self) -> Mapping[str, Address]:
        """Where it listens, by what for. Asked only after `start`, and waits for what has been started by then.

        What `connect` starts is missing before that; `Net.endpoint` then answers None.
        """
        return {}

    def arrows(self) -> Sequence[Arrow]:
        """The links that lead to it, with the canaries beside them."""
        return ()

    def connect(self, net: Net) -> None:
        """The links are up: start the rest."""

    def tables_made(self, tables: Sequence[Table]) -> None:
        """The subject's tables have been made in every database, for a drill."""

    def environment_for(self, instance: Instance) -> Mapping[str, str]:
        """Environment variables that it gives to an instance of the subject."""
        return {}

    def ready(self) -> Sequence[str]:
        """What is not ready yet, in words."""
        return ()

    def complaints(self) -> Mapping[str, Sequence[Complaint]]:
        """By place: what it finds wrong with the subject there; asked for while nothing is broken."""
        return {}

    def gone(self) -> str | None:
        """Why it can serve no more, in words; asked about once a second, by parts that did not start what they use."""
        return None

    def reset(self) -> None:
        """As at the start, for the next drill."""

    def status(self) -> Sequence[StatusLine]:
        """For `drill env status`."""
        return ()

    def commands(self) -> Sequence[tuple[str, str]]:
        """What one may do with it by hand: (what it does, the command line), for `drill env status`."""
        return ()

    def events(self) -> Sequence[Path]:
        """Files of history events that it writes."""
        return ()

    def hands(self) -> Sequence[Hand]:
        """Those who carry out faults on it."""
        return ()

    def plan(self, fault: Fault) -> Plan | None:
        """How a fault is brought about, where that is not done to links, processes and databases of ours; None: it is.

        Raises NotMeasurable for one that nobody can bring about here.
        """
        return None

    def hidden(self) -> Sequence[str]:
        """Values that no log of a process may show, beside those that the subject takes from the environment."""
        return ()

    def alarms(self) -> Sequence[str]:
        """Why a drill must not go on, in sentences: of what it is told while clients are at work."""
        return ()

    def capabilities(self) -> Mapping[str, bool | str]:
        """What can be measured with it, by name: True, or a sentence why not."""
        return {}

    def versions(self) -> Mapping[str, str]:
        """Of what it is made of, by name."""
        return {}


Kind = TypeVar("Kind", bound=Part)


@dataclass(frozen=True)
class Net:
    """A world whose links are up. listening: link's name -> where its proxy listens."""

    blueprint: Blueprint
    parts: Sequence[Part]
    arrows: Sequence[Arrow]
    listening: Mapping[str, Address]
    edges: Mapping[str, Edge]
    ground: Ground
    by_name: Mapping[str, Part] = field(default_factory=dict)

    def at(self, arrow: Arrow) -> Address:
        """Where to dial for an arrow."""
        return self.listening[arrow.link.name]

    def edge(self, source: str, place: str) -> Address:
        """Where the link of the clients or the health checkers to a place's edge listens."""
        return self.listening[link_name(source, place, HTTP)]

    def dialled_by(self, source: str) -> Sequence[Arrow]:
        """The arrows that start at `source`."""
        return [arrow for arrow in self.arrows if arrow.link.source == source]

    def endpoint(self, part: str, what: str) -> Address | None:
        """Where a part listens for something; None when there is no such part, or it does not."""
        found = self.by_name.get(part)
        return None if found is None else found.endpoints().get(what)

    def environment_for(self, instance: Instance) -> dict[str, str]:
        """What all parts give to an instance of the subject."""
        found: dict[str, str] = {}
        for part in self.parts:
            found.update(part.environment_for(instance))
        return found

    def of(self, kind: type[Kind]) -> Sequence[Kind]:
        """The parts of one seam, for instance every RegionServer."""
        return parts_of(kind, self.parts)


def parts_of(kind: type[Kind], parts: Iterable[Part]) -> list[Kind]:
    """The parts that are of one seam."""
    return [part for part in parts if isinstance(part, kind)]
