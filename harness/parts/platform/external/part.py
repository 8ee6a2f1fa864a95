"""A stack that runs already: nothing of it is started or stopped, and only its owner's ways break it."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence

from harness.errors import InputError
from harness.faults.hand import Hand
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.names import OUTSIDE
from harness.parts.platform.external.commands import secrets_in
from harness.parts.platform.external.hand import OwnersHand
from harness.parts.platform.external.model import plan_of, proof_link
from harness.parts.platform.external.spec import External as Spec
from harness.parts.platform.external.spec import address_of
from harness.parts.platform.external.tidying import Items, tidy
from harness.witness.single_requests import Application
from harness.world.diagnosis import Diagnosis, State
from harness.world.load_balancer import edges_given, tls_of
from harness.world.part import Blueprint, Ground, Net, StatusLine
from harness.world.platform import Platform
from harness.world.terms import steady_rate_per_s, terms_of
from harness.world.wires import Arrow

_LOG = logging.getLogger(__name__)
_NOT_SEEN = (
    "not measured: the databases of a stack that is not ours are not looked into; clients read back what is there"
)


class External(Platform):
    """Hosts the subject, whatever that is made of."""

    name = "stack"

    def __init__(self, blueprint: Blueprint, spec: Spec) -> None:
        self._blueprint = blueprint
        self._spec = spec
        self._links: Sequence[Link] = ()
        environment = blueprint.environment
        self._ground: Ground | None = None
        self._hand = OwnersHand(spec, environment.environment, environment.folder, self._here)

    def _here(self) -> Ground:
        assert self._ground is not None, "start() comes first"
        return self._ground

    def start(self, ground: Ground) -> None:
        """Nothing of the stack. From here on what the clients write is noted, and deleted again however we end."""
        self._ground = ground
        self.written = ground.kept("keys")
        self._items = self._described()
        what = f"items that clients wrote to {self._blueprint.environment.environment}"
        ground.outlives(what, "platform", "external", self._items.handle())
        ground.on_close(self._leave)
        ground.on_close(self._hand.close)

    def _leave(self) -> None:
        self.reset()
        self._items.file.unlink(missing_ok=True)

    def reset(self) -> None:
        """Without what the clients of the last drill have written."""
        for sentence in tidy(self._items):
            _LOG.info("%s", sentence)

    def _described(self) -> Items:
        environment, subject = self._blueprint.environment, self._blueprint.subject
        edges = edges_given(environment) or {}
        sides = (environment.primary.name, environment.standby.name)
        ordered = [*sides, *(place for place in edges if place not in sides)]
        application = Application(subject.workload, environment.edge.record, self._spec.hosts, tls=tls_of(environment))
        assert self.written is not None, "its file has been made"
        return Items(
            self.written,
            self._spec.key_prefix,
            tuple((edges[place].host, edges[place].port) for place in ordered),
            self._spec.rate_max_per_s,
            application,
        )

    def arrows(self) -> Sequence[Arrow]:
        """To the URLs that prove faults."""
        found = []
        for number, way in enumerate(self._spec.faults):
            if way.proves is not None:
                address, path = address_of(way.proves)
                source, _, rest = proof_link(number).partition("->")
                target, _, service = rest.partition(":")
                link = Link(source, OUTSIDE, target, OUTSIDE, service, from_canary=True)
                found.append(Arrow(link, address, probe={"kind": "http", "path": path}))
        return found

    def connect(self, net: Net) -> None:
        """Which links a fault must be seen on."""
        self._links = [arrow.link for arrow in net.arrows]

    def plan(self, fault: Fault) -> Plan | None:
        """See Part."""
        return plan_of(fault, self._spec.faults, self._links)

    def hands(self) -> Sequence[Hand]:
        """The owner's."""
        return (self._hand,)

    def hidden(self) -> Sequence[str]:
        """See Part: what its owner's commands must not tell, whose output is among the logs."""
        return [
            value for way in self._spec.faults for argv in (way.inject, way.heal) for value in secrets_in(argv or ())
        ]

    def alarms(self) -> Sequence[str]:
        """Of leases that have run out."""
        return self._hand.ran_out()

    def start_subject(self) -> None:
        """See Platform: it runs already."""

    def stop_subject(self, only: Sequence[str] | None = None) -> None:
        """See Platform: it goes on running."""

    def instances(self) -> Sequence[ProcessRef]:
        """See Platform: none of its processes is ours."""
        return ()

    def deaths(self) -> Sequence[str]:
        """See Platform: nobody here would see it."""
        return ()

    def status(self) -> Sequence[StatusLine]:
        """What may be reached, and under which terms."""
        spec = self._spec
        about = f"at most {spec.rate_max_per_s:g} requests a second, keys {spec.key_prefix}..., "
        about += f"leases of {spec.lease_s:g} s"
        return (StatusLine("stack", ", ".join(spec.hosts), about),)

    def capabilities(self) -> Mapping[str, bool | str]:
        """What nobody sees from outside."""
        return {"rpo_commit_log": _NOT_SEEN}


def build(blueprint: Blueprint, spec: Spec) -> list[External]:
    """One. Raises InputError where the clients would send more than the stack may get, or cannot speak to it."""
    if blueprint.subject.workload.scheme != "http" and tls_of(blueprint.environment) is None:
        raise InputError(
            "workload.scheme: https to a stack that is not ours is spoken where the environment file says `tls: {}` in "
            "section load_balancer"
        )
    refuse_too_much(blueprint, spec)
    return [External(blueprint, spec)]


def refuse_too_much(blueprint: Blueprint, spec: Spec) -> None:
    """Raises InputError where clients and probes would send more requests a second than the hard maximum."""
    environment = blueprint.environment
    terms, workload = terms_of(environment), environment.workload
    assert terms is not None, "this part has terms"
    probes = len(environment.places) + sum(way.proves is not None for way in spec.faults)
    rate = steady_rate_per_s(workload, probes, terms, blueprint.subject.workload.journeys)
    if rate > spec.rate_max_per_s:
        raise InputError(
            f"platform.rate_max_per_s: clients and probes would send {rate:g} requests a second, and at most "
            f"{spec.rate_max_per_s:g} may be sent: lower workload.rate_per_s ({workload.rate_per_s:g}), raise "
            f"workload.other_period_s ({workload.other_period_s:g} s), or say a higher rate_max_per_s"
        )


def diagnose(blueprint: Blueprint, spec: Spec) -> Iterator[Diagnosis]:
    """Whether the rate fits, and whether the commands that the file names are there; none is run."""
    try:
        refuse_too_much(blueprint, spec)
    except InputError as error:
        yield Diagnosis("request rate", State.FAIL, str(error))
    for way in spec.faults:
        what = f"{way.fault} of {way.target or 'any'}"
        if way.experiment is not None:
            yield Diagnosis(what, State.OK, f"AWS FIS, experiment template {way.experiment.template}; not asked")
            continue
        for which, argv in (("inject", way.inject or ()), ("heal", way.heal or ())):
            if not argv:
                continue
            word = argv[0] if "/" not in argv[0] else str((blueprint.environment.folder / argv[0]).absolute())
            if shutil.which(word) is None:
                yield Diagnosis(
                    what, State.FAIL, f"{which}: {argv[0]}: command not found", "install it, or mend platform.faults"
                )
            else:
                yield Diagnosis(what, State.OK, f"{which}: {argv[0]} is there; not run")
