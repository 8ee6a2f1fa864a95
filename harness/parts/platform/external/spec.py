"""What the environment file says of a stack that runs already: which hosts may be reached, how often, under which keys,
and with which commands its owner breaks and mends it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError, model_validator

from harness.faults.catalogue import FAULTS
from harness.kit.address import Address
from harness.kit.forms import Form
from harness.kit.reach import may_dial, network
from harness.topology.environment import Environment, Name, Seconds, Spec
from harness.topology.mistakes import Mistake

SECTION_KEY = "platform"
PRELOAD: tuple[tuple[str, str], ...] = ()
RATE_MAX_PER_S = 20.0
RATE_LIMIT_PER_S = 2_000.0
ARGUMENTS_MAX, ARGUMENT_LENGTH_MAX = 100, 4_000
FAULTS_MAX = 100
_NEIGHBOURS = {
    "links": "none", "gateway": "none", "region_servers": "external", "load_balancer": "external",
    "steering": "external",
}  # fmt: skip


def _host(text: str) -> str:
    return str(network(text))


def _kind(text: str) -> str:
    if text not in FAULTS:
        raise ValueError(f"no fault is called {text}; there are: {', '.join(FAULTS)}")
    return text


def address_of(url: str) -> tuple[Address, str]:
    """Address and path of a URL that proves a fault. Raises ValueError unless it is http://ADDRESS[:PORT][/PATH]."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.username or parts.fragment:
        raise ValueError(f"{url}: a URL is http://ADDRESS:PORT/PATH")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return (parts.hostname, parts.port or 80), path


def _url(text: str) -> str:
    address_of(text)
    return text


Argument = Annotated[str, Field(max_length=ARGUMENT_LENGTH_MAX)]
Command = Annotated[tuple[Argument, ...], Field(min_length=1, max_length=ARGUMENTS_MAX)]
Text = Annotated[str, Form(r"^[A-Za-z0-9._:/-]{1,256}$", "needs 1 to 256 characters of a-z A-Z 0-9 . _ : / -")]


class Experiment(Spec):
    """An experiment of AWS Fault Injection Service that is the fault: started from its template, and stopped to heal.

    template: its id; it must have stop conditions of its own. region: of AWS, where it lies. profile: of the AWS
    configuration files, whose account is used; left out: the usual one. endpoint: of its API, where that is not AWS.
    """

    template: Text
    region: Text
    profile: Text | None = None
    endpoint: Annotated[str, AfterValidator(_url)] | None = None


class Breaking(Spec):
    """How the stack's owner brings one fault about, and mends it.

    fault: its kind. target: the place (or what else it is aimed at); left out: any. mode: left out: any. inject, heal:
    commands, each word an entry of a list, never read by a shell; `${env:NAME}` is a variable of the environment, and
    `{fault}`, `{target}`, `{mode}` are what is brought about. `heal` must do no harm where nothing is broken, or where
    it has been run before. experiment: instead of the two. timeout_s: how long either may take. proves: a URL that must
    fail while the fault holds; left out: the place's own address.
    """

    fault: Annotated[str, AfterValidator(_kind)]
    target: Name | None = None
    mode: Text | None = None
    inject: Command | None = None
    heal: Command | None = None
    experiment: Experiment | None = None
    timeout_s: Annotated[float, Field(ge=0.1, le=3600)] = 60
    proves: Annotated[str, AfterValidator(_url)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Breaking:
        commands = (self.inject, self.heal)
        if self.experiment is None and None in commands:
            raise ValueError("needs both `inject` and `heal`, or `experiment`: what cannot be healed is not broken")
        if self.experiment is not None and commands != (None, None):
            raise ValueError("`experiment` stands instead of `inject` and `heal`: leave out one or the other")
        if self.mode is not None and self.mode not in FAULTS[self.fault].modes:
            raise ValueError(f"mode: {self.fault} has {', '.join(FAULTS[self.fault].modes)}")
        return self


class External(Spec):
    """A stack that runs already, and that nobody here starts or stops.

    hosts: addresses and networks that may be dialled, and no others; whatever else DNS answers is not dialled, and ends
    the drill. key_prefix: how the keys of all items begin that clients write; those, and no others, are deleted again.
    rate_max_per_s: the most requests a second that clients and probes may send together. lease_s: how long a fault may
    hold at most; it is healed then, whatever the drill does. faults: those that its owner can bring about; a drill with
    another one is not measurable here.
    """

    hosts: Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], Field(min_length=1, max_length=64)]
    key_prefix: Annotated[
        str, Form(r"^[A-Za-z0-9][A-Za-z0-9_.-]{2,31}$", "needs 3 to 32 characters of a-z A-Z 0-9 _ . -")
    ] = "drill-"
    rate_max_per_s: Annotated[float, Field(ge=1, le=RATE_LIMIT_PER_S)] = RATE_MAX_PER_S
    lease_s: Annotated[Seconds, Field(ge=1, le=21_600)] = 600
    faults: Annotated[tuple[Breaking, ...], Field(max_length=FAULTS_MAX)] = ()


SPEC = External


def checked(environment: Environment) -> External | None:
    """What the section says; None where it is wrong, which is told elsewhere."""
    try:
        return External.model_validate(environment.platform.settings)
    except ValidationError:
        return None


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """Sections that would start something, addresses outside the named hosts, faults of what there is not, and too many
    requests."""
    for key, wanted in _NEIGHBOURS.items():
        kind = environment.section(key).kind
        if kind != wanted:
            text = f"{key}.kind: nothing of a stack that runs already is started here: `{key}: {{kind: {wanted}}}`"
            yield Mistake((key, "kind") if kind else (key,), text)
    if environment.audience:
        text = "audience: its clients would ask more of a stack that is not ours than was agreed; leave it out"
        yield Mistake(("audience",), text)
    spec = checked(environment)
    if spec is None:
        return
    yield from _beyond(environment, spec)
    if spec.faults and not environment.stop.stated:
        text = (
            "platform.faults: what may be broken must also be stopped: say in section `stop` when a drill must end at "
            "once (errors, latency, or a command of yours)"
        )
        yield Mistake((SECTION_KEY, "faults"), text)
    locations = environment.locations
    for index, one in enumerate(spec.faults):
        where = (SECTION_KEY, "faults", index)
        if one.target is not None and FAULTS[one.fault].target_is == "region" and one.target not in locations:
            text = f"there is no place {one.target}; one of: {', '.join(locations)}"
            yield Mistake((*where, "target"), f"{SECTION_KEY}.faults.{index}.target: {text}")
        if one.proves is not None and not may_dial(address_of(one.proves)[0][0], spec.hosts):
            text = f"{one.proves} is outside the named hosts ({', '.join(spec.hosts)})"
            yield Mistake((*where, "proves"), f"{SECTION_KEY}.faults.{index}.proves: {text}")
        api = None if one.experiment is None else one.experiment.endpoint
        if api is not None and not may_dial(address_of(api)[0][0], spec.hosts):
            text = f"{api} is outside the named hosts ({', '.join(spec.hosts)})"
            place = ("experiment", "endpoint")
            yield Mistake((*where, *place), f"{SECTION_KEY}.faults.{index}.{'.'.join(place)}: {text}")
        if (one.fault, one.target, one.mode) in [(o.fault, o.target, o.mode) for o in spec.faults[:index]]:
            yield Mistake(
                where, f"{SECTION_KEY}.faults.{index}: {one.fault} is told twice for the same target and mode"
            )


def _beyond(environment: Environment, spec: External) -> Iterator[Mistake]:
    """Places whose own address may not be dialled."""
    addresses: Any = environment.load_balancer.settings.get("addresses")
    for place, address in addresses.items() if isinstance(addresses, dict) else ():
        if isinstance(address, str) and not may_dial(address, spec.hosts):
            where = ("load_balancer", "addresses", place)
            text = f"{'.'.join(where)}: {address} is outside the named hosts ({', '.join(spec.hosts)})"
            yield Mistake(where, text)
