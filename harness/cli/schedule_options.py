"""The options of `drill schedule add` as a schedule, with every mistake told before anything is installed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from harness.cli.durations import seconds_of
from harness.clock import wall_time
from harness.drill.catalogue import select
from harness.drill.options import reports_folder, resolve
from harness.errors import InputError
from harness.kit import plain_numbers
from harness.kit.config import parsed
from harness.scheduling import kubernetes, mailing, planned, secret, variables
from harness.scheduling.cron_expression import parse
from harness.scheduling.github import Actions
from harness.scheduling.installing import Places
from harness.scheduling.kubernetes import Cluster
from harness.scheduling.schedule import DAYS_MAX, KEPT_MAX, Mail, Schedule, Where, told
from harness.scheduling.store import Store, fresh_id
from harness.scheduling.zones import local_zone, zone_named
from harness.world.terms import terms_of

_SEED_OF_CHECK = 0


@dataclass(frozen=True)
class Given:
    """What was typed. See the options of `drill schedule add`."""

    name: str
    at: str
    drills: list[str] | None
    on: str
    environment: str | None
    subject: str | None
    profile: str | None
    seed: str | None
    trials: str | None
    set_: list[str] | None
    strict: bool
    reports: str | None
    timezone: str | None
    window: str | None
    limit: str
    wait: str
    keep_runs: str | None
    keep_days: str | None
    notify: str
    slack: list[str] | None
    webhook: list[str] | None
    mail_to: list[str] | None
    mail_from: str | None
    mail_server: str | None
    mail_security: str
    mail_user: str | None
    mail_password: str | None
    env_file: str | None
    crontab: str | None
    units: str | None
    output: str | None
    image: str | None
    namespace: str | None
    claim: str | None
    secret: str | None
    setup: str | None


_ONLY: Mapping[str, tuple[Where, ...]] = {
    "crontab": (Where.CRON,),
    "units": (Where.SYSTEMD,),
    "env_file": (Where.CRON, Where.SYSTEMD),
    **dict.fromkeys(("output", "image", "namespace", "claim", "secret"), (Where.KUBERNETES,)),
    "setup": (Where.GITHUB,),
}
"""Options that mean something in some places alone."""


def schedule_of(given: Given, store: Store, environ: Mapping[str, str], here: Path) -> tuple[Schedule, Places]:
    """The schedule, and where it goes. Raises InputError."""
    where = _where(given.on)
    for option, places in _ONLY.items():
        if getattr(given, option) is not None and where not in places:
            raise InputError(f"--{option.replace('_', '-')} is for --on {' or '.join(places)}, not {where}")
    expression = parse(given.at)
    body: dict[str, Any] = {
        "name": given.name,
        "id": fresh_id(),
        "created": told(wall_time()),
        "where": where,
        "times": expression.text,
        "zone": _zone(given, where),
        "drills": given.drills or (),
        "options": _options(given, where, here),
        "reports": _reports(given, where, environ, here),
        "window_s": 0 if given.window is None else round(seconds_of(given.window, "--window")),
        "limit_s": max(1, round(seconds_of(given.limit, "--limit"))),
        "wait_s": round(seconds_of(given.wait, "--wait")),
        "keep_runs": _whole(given.keep_runs, "--keep-runs", KEPT_MAX),
        "keep_days": _whole(given.keep_days, "--keep-days", DAYS_MAX),
        "notify": given.notify,
        "channels": _channels(given),
        "env_file": None if given.env_file is None else str((here / Path(given.env_file).expanduser()).absolute()),
    }
    if where.here:
        body |= {"folder": str(here), "variables": variables.to_keep(environ)}
    schedule = _checked(body)
    if next(islice(planned.after(expression, schedule.tzinfo, wall_time()), 1), None) is None:
        raise InputError(f"--at {given.at}: is never due")
    _check_channels(schedule)
    if where is not Where.KUBERNETES:  # its files are in an image that nobody has here
        _check_run(schedule, environ, here)
    return schedule, _places(given, store, environ, here)


_OPTION_OF = {
    "name": "NAME", "drills": "a drill's name", "host": "--mail-server", "port": "--mail-server",
    "sender": "--mail-from", "recipients": "--mail-to", "user": "--mail-user", "security": "--mail-security",
}  # fmt: skip
"""Of fields whose option is called otherwise."""


def _checked(body: Mapping[str, Any]) -> Schedule:
    """The schedule. Raises InputError that names options, and no fields of a file."""
    try:
        return parsed(Schedule, body, "schedule")
    except InputError as error:
        raise InputError(*map(_by_option, map(str, error.problems))) from error


def _by_option(problem: str) -> str:
    where, _, text = problem.partition(": ")
    words = [word for word in where.split(".") if not word.isdecimal()]
    field = words[-1]
    return f"{_OPTION_OF.get(field) or '--' + field.replace('_', '-')}: {text}"


def _where(on: str) -> Where:
    try:
        return Where(on)
    except ValueError:
        raise InputError(f"--on {on}: one of {', '.join(Where)}") from None


def _zone(given: Given, where: Where) -> str:
    """Cron goes by the machine's clock, and GitHub by UTC, whatever one would wish."""
    local = local_zone() if where.here else "UTC"
    if given.timezone is None:
        return local
    try:
        zone_named(given.timezone)
    except ValueError as error:
        raise InputError(f"--timezone: {error}") from None
    if where in (Where.CRON, Where.GITHUB) and given.timezone != local:
        raise InputError(
            f"--timezone {given.timezone}: {where} goes by {local} here; give --at in that, or use another --on"
        )
    return given.timezone


def _options(given: Given, where: Where, here: Path) -> dict[str, Any]:
    subject = given.subject
    if subject is not None and where.here:
        subject = str((here / Path(subject).expanduser()).absolute())
    found = {
        "environment": given.environment,
        "subject": subject,
        "profile": given.profile,
        "seed": given.seed,
        "trials": given.trials,
        "set": given.set_ or (),
        "strict": given.strict,
    }
    return {name: value for name, value in found.items() if value is not None}


def _reports(given: Given, where: Where, environ: Mapping[str, str], here: Path) -> str:
    if where.here:
        return str((here / reports_folder(given.reports, environ, here)).absolute())
    return given.reports or (kubernetes.REPORTS if where is Where.KUBERNETES else "reports")


def _whole(text: str | None, option: str, most: int) -> int | None:
    if text is None:
        return None
    try:
        number = plain_numbers.whole(text)
    except ValueError as error:
        raise InputError(f"{option} {text}: {error}") from None
    if not 1 <= number <= most:
        raise InputError(f"{option} {text}: must be from 1 to {most}")
    return number


def _channels(given: Given) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for kind, urls in (("slack", given.slack), ("webhook", given.webhook)):
        for url in urls or ():
            secret.check(url, f"--{kind}")
            if not secret.is_reference(url):
                secret.check_url(url, f"--{kind}")
            found.append({"kind": kind, "url": url})
    said = {"mail-from": given.mail_from, "mail-server": given.mail_server}
    if given.mail_to:
        missing = [name for name, value in said.items() if value is None]
        if missing:
            raise InputError(f"--mail-to needs {' and '.join(f'--{name}' for name in missing)} as well")
        found.append(_mail(given))
    elif any((given.mail_from, given.mail_server, given.mail_user, given.mail_password)):
        raise InputError("mail needs --mail-to: who is to be told")
    return found


def _mail(given: Given) -> dict[str, Any]:
    host, _, port = (given.mail_server or "").rpartition(":")
    try:
        number = plain_numbers.whole(port)
    except ValueError:
        raise InputError(
            f"--mail-server {given.mail_server}: must be HOST:PORT, such as mail.example.com:587"
        ) from None
    if given.mail_password is not None:
        if not secret.is_reference(given.mail_password):
            raise InputError("--mail-password: must say where the password is (env:NAME or file:PATH), not what it is")
        secret.check(given.mail_password, "--mail-password")
    if (given.mail_user is None) != (given.mail_password is None):
        raise InputError("--mail-user and --mail-password: give both or none")
    return {
        "kind": "mail", "host": host.strip("[]"), "port": number, "security": given.mail_security,
        "sender": given.mail_from, "recipients": given.mail_to or [],
        "user": given.mail_user, "password": given.mail_password,
    }  # fmt: skip


def _check_channels(schedule: Schedule) -> None:
    for channel in schedule.channels:
        reference = channel.password if isinstance(channel, Mail) else channel.url
        if isinstance(channel, Mail):
            mailing.refuse_clear_password(channel)
        if reference is None:
            continue
        if not schedule.where.here and secret.variable(reference) is None:
            raise InputError(
                f"{channel.kind}: {schedule.where} gets it from a secret: say env:NAME, so that it is in no file"
            )
    needed = kubernetes.variables_of(schedule)
    if not schedule.where.here or not needed:
        return
    if schedule.env_file is None:
        raise InputError(
            f"{', '.join(needed)}: {schedule.where} gives a job none of your variables: name a file by --env-file"
        )
    lacking = [name for name in needed if not variables.read_file(Path(schedule.env_file)).get(name)]
    if lacking:
        raise InputError(f"{schedule.env_file} does not say {', '.join(lacking)}")


def _check_run(schedule: Schedule, environ: Mapping[str, str], here: Path) -> None:
    """What `drill run` would refuse."""
    found = variables.of_run(schedule, environ)
    options = schedule.options.model_dump(exclude={"set", "strict"}) | {"set": list(schedule.options.set)}
    run = resolve(
        {**options, "reports": schedule.reports, "strict": schedule.options.strict or None}, found, here, _SEED_OF_CHECK
    )
    if schedule.where.here and terms_of(run.environment) is not None and not run.yes:
        raise InputError(
            f"{run.environment.environment} is no world of ours, and nobody is there to agree when it runs: "
            f"see what `{command_line(schedule)}` shows, and agree with DRILL_YES=1 in the file of --env-file"
        )
    select(list(schedule.drills))


def _places(given: Given, store: Store, environ: Mapping[str, str], here: Path) -> Places:
    def path(text: str | None) -> Path | None:
        return None if text is None else (here / Path(text).expanduser()).absolute()

    cluster = None if given.image is None else Cluster(given.image, given.namespace, given.claim, given.secret)
    setup = Actions() if given.setup is None else Actions(given.setup)
    return Places(
        store.state, environ, here, path(given.crontab), path(given.units), path(given.output), cluster, setup
    )


def command_line(schedule: Schedule) -> str:
    """What it runs, as somebody would type it."""
    return shlex.join(["drill", "run", *schedule.options.arguments(), *schedule.drills])
