"""Tells every channel that wants to know, and says which could not be told. Never fails itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from harness.errors import DrillError
from harness.scheduling import mailing, posting, secret
from harness.scheduling.message import Message
from harness.scheduling.record import WHY_MAX
from harness.scheduling.schedule import Channel, Mail, Schedule
from harness.scheduling.telling import Reason


@dataclass
class Notified:
    """told: which verdict each channel knows now. done: channels that were told, with the reason. unsent: why not."""

    told: dict[str, str]
    done: list[str] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)


def notify(
    schedule: Schedule,
    known: Mapping[str, str],
    variables: Mapping[str, str],
    why: Callable[[str | None], Reason | None],
    message: Message,
    *,
    learns: bool = True,
) -> Notified:
    """Tell the channels. known: what each was told last. why: whether one that knows so much is told; None: it is not.

    learns: whether what is told is a verdict, which counts as known from now on.
    """
    found = Notified(dict(known))
    for number, channel in enumerate(schedule.channels):
        key = str(number)
        reason = why(known.get(key))
        if reason is None:
            continue
        try:
            send(channel, replace(message, reason=reason, previous=known.get(key)), variables)
        except DrillError as error:
            found.unsent.append(f"{name_of(channel)}: {error}"[:WHY_MAX])
            continue
        found.done.append(f"{name_of(channel)} ({reason})")
        if learns:
            found.told[key] = message.verdict
    return found


def send(channel: Channel, message: Message, variables: Mapping[str, str]) -> None:
    """Tell one channel. Raises DrillError."""
    if isinstance(channel, Mail):
        password = None
        if channel.password is not None:
            password = secret.looked_up(channel.password, variables, "the password for mail")
        mailing.send(channel, message.subject, message.lines(), password)
        return
    url = secret.looked_up(channel.url, variables, f"the address for {channel.kind}")
    posting.post(url, message.slack() if channel.kind == "slack" else message.data())


def name_of(channel: Channel) -> str:
    """How a channel is called for people."""
    return channel.kind


def shown(channel: Channel) -> str:
    """Where it leads, without anything that only its owner should know."""
    if isinstance(channel, Mail):
        user = f" as {channel.user}, password {channel.password or 'none'}" if channel.user else ""
        to = ", ".join(channel.recipients)
        return f"mail to {to} from {channel.sender} by {channel.host}:{channel.port} ({channel.security}){user}"
    return f"{channel.kind} {secret.shown(channel.url)}"
