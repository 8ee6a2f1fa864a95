"""A schedule: what is run when, where it is installed, what is kept of it, and who is told. One file of JSON each."""

from __future__ import annotations

import sys
from collections.abc import Collection
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from harness.kit.config import Strict
from harness.kit.forms import Form
from harness.scheduling.cron_expression import Expression, parse
from harness.scheduling.zones import zone_named

Name = Annotated[
    str,
    Form(
        r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", "needs 1 to 40 characters of a-z 0-9 -, a letter or a digit at both ends"
    ),
]
Text = Annotated[str, Field(min_length=1, max_length=4096), Form(r"[^\x00-\x1f\x7f]+", "must be one line of text")]
Mailbox = Annotated[
    str, Form(r"[^\s@<>,;:\"]{1,64}@[A-Za-z0-9.-]{1,255}", "must be an address such as drills@example.com")
]
LONGEST_WINDOW_S, LONGEST_RUN_S = 24 * 3600, 24 * 3600
KEPT_MAX, DAYS_MAX, CHANNELS_MAX = 10_000, 3_650, 8


class Where(StrEnum):
    """Who starts the runs."""

    CRON = "cron"
    SYSTEMD = "systemd"
    KUBERNETES = "kubernetes"
    GITHUB = "github"

    @property
    def here(self) -> bool:
        """Whether the runs are on this machine."""
        return self in (Where.CRON, Where.SYSTEMD)

    @property
    def late(self) -> timedelta:
        """How long after its moment a run may begin and still be the one that was planned then."""
        return {Where.CRON: timedelta(minutes=10), Where.SYSTEMD: timedelta(minutes=10)}.get(self, timedelta(hours=3))


def _stored_time(text: str) -> str:
    moment(text)
    return text


def _known_zone(name: str) -> str:
    zone_named(name)
    return name


def _expression(text: str) -> str:
    parse(text)
    return text


Moment = Annotated[str, Field(max_length=40), AfterValidator(_stored_time)]


class Options(Strict):
    """What `drill run` is told, as it was typed."""

    environment: Text | None = None
    subject: Text | None = None
    profile: Text | None = None
    seed: Text | None = None
    trials: Text | None = None
    set: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    strict: bool = False

    def arguments(self) -> list[str]:
        """As arguments."""
        given = [(name, getattr(self, name)) for name in ("environment", "subject", "profile", "seed", "trials")]
        found = [f"--{name}={value}" for name, value in given if value is not None]
        return [*found, *(f"--set={pair}" for pair in self.set), *(["--strict"] if self.strict else [])]


class Webhook(Strict):
    """An address that is told by HTTP. url: a reference, or the address itself (see harness.scheduling.secret)."""

    kind: Literal["slack", "webhook"]
    url: Text


class Mail(Strict):
    """People who are told by mail. password: a reference."""

    kind: Literal["mail"] = "mail"
    host: Annotated[str, Form(r"[A-Za-z0-9._:-]{1,255}", "must be the name of a host")]
    port: Annotated[int, Field(ge=1, le=65_535)]
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: Mailbox
    recipients: Annotated[tuple[Mailbox, ...], Field(min_length=1, max_length=20)]
    user: Text | None = None
    password: Text | None = None


Channel = Annotated[Webhook | Mail, Field(discriminator="kind")]


class Installed(Strict):
    """What was put where, so that it can be taken away. line: in the crontab. table: its file, None: the user's own.
    program: the one that the user's own was reached by.

    fresh_table: there was no crontab before. files: path and SHA-256 of each file. folders: made for them,
    innermost last.
    """

    line: str | None = None
    table: str | None = None
    program: str | None = None
    fresh_table: bool = False
    files: dict[str, str] = Field(default_factory=dict)
    folders: tuple[str, ...] = ()


class Schedule(Strict):
    """One schedule. id: tells it from an earlier one of the same name. folder: where `drill run` runs; None: here.

    window_s: a run begins at random within so long after its moment. limit_s: a run is stopped after so long.
    wait_s: for a run of another schedule. variables: what the job's environment has beside what it is given.
    """

    format: Literal["drill-schedule/1"] = "drill-schedule/1"
    name: Name
    id: Annotated[str, Form(r"[0-9a-f]{12}", "must be 12 hexadecimal digits")]
    created: Moment
    where: Where
    times: Annotated[str, Field(max_length=200), AfterValidator(_expression)]
    zone: Annotated[str, Field(max_length=100), AfterValidator(_known_zone)]
    drills: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    options: Options = Options()
    reports: Text = "reports"
    folder: Text | None = None
    variables: dict[str, str] = Field(default_factory=dict, max_length=200)
    env_file: Text | None = None
    window_s: Annotated[int, Field(ge=0, le=LONGEST_WINDOW_S)] = 0
    limit_s: Annotated[int, Field(ge=1, le=LONGEST_RUN_S)] = 6 * 3600
    wait_s: Annotated[int, Field(ge=0, le=LONGEST_RUN_S)] = 3600
    keep_runs: Annotated[int, Field(ge=1, le=KEPT_MAX)] | None = None
    keep_days: Annotated[int, Field(ge=1, le=DAYS_MAX)] | None = None
    notify: Literal["changes", "always"] = "changes"
    channels: Annotated[tuple[Channel, ...], Field(max_length=CHANNELS_MAX)] = ()
    installed: Installed = Installed()

    def stored(self, without: Collection[str] = ()) -> dict[str, Any]:
        """As its file has it, some fields left out."""
        return self.model_dump(mode="json", exclude=set(without))

    @property
    def expression(self) -> Expression:
        """Its times."""
        return parse(self.times)

    @property
    def tzinfo(self) -> tzinfo:
        """Its time zone."""
        return zone_named(self.zone)

    @property
    def late(self) -> timedelta:
        """How long after its moment a run may begin and still be the one that was planned then."""
        return self.where.late


def moment(text: str) -> datetime:
    """A moment as a file says it. Raises ValueError."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("must be a date and a time with their offset from UTC")
    return found.astimezone(UTC)


def told(at: datetime) -> str:
    """A moment for a file: UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def program() -> list[str]:
    """The `drill` of this Python, whatever PATH there is. -P: no package of the folder is taken for ours."""
    return [sys.executable, "-P", "-m", "harness.cli.main"]
