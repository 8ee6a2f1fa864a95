"""The `audience:` of an environment file: which users there are, as profiles of clients with weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from harness.audience import IPv6, Profile, profile_of
from harness.errors import InputError
from harness.kit.config import Strict
from harness.topology.mistakes import Mistake

if TYPE_CHECKING:
    from harness.topology.timing import Timing

CLIENTS_MAX = 128
"""Of all profiles together: more would only measure this machine."""


class Users(Strict):
    """A share of the users: clients of one profile.

    profile: one of those that `docs/AUDIENCE.md` lists, with its numbers: `jvm(30)`. weight: how many users are so,
    beside the other weights. clients: so many clients stand for them, whose caches run out at different moments.
    behind: the profile whose cache lies between theirs and the name servers; left out: none does. ipv6: what becomes of
    it in their network, for profiles of both families.
    """

    profile: str
    weight: Annotated[float, Field(gt=0, le=1_000_000)] = 1
    clients: Annotated[int, Field(ge=2, le=32)] = 4
    behind: str | None = None
    ipv6: IPv6 = "carried"

    @property
    def name(self) -> str:
        """Of the cohort, in history and reports."""
        behind = "" if self.behind is None else f" behind {self.behind}"
        return f"{self.profile}{behind}{'' if self.ipv6 == 'carried' else f', IPv6 {self.ipv6}'}"

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """Whose caches are asked, the nearest first. Raises InputError."""
        return tuple(profile_of(text) for text in (self.profile, self.behind) if text is not None)

    def kept_s(self, timing: Timing, ttl_s: float) -> float:
        """How long an answer may be kept by all its caches together, in a profile of time. ttl_s: of production."""
        told_s = timing.ttl_s(ttl_s) / timing.scale  # on the wire it is a whole number of seconds
        return sum(timing.interval_s(profile.cache.kept_s(told_s)) for profile in self.profiles)


def audience_mistakes(audience: Sequence[Users]) -> Iterator[Mistake]:
    """Profiles that nobody knows, cohorts that could not be told apart, and more clients than can be had."""
    for index, users in enumerate(audience):
        for key, text in (("profile", users.profile), ("behind", users.behind)):
            try:
                found = None if text is None else profile_of(text)
            except InputError as error:
                yield Mistake(("audience", index, key), f"audience.{index}.{key}: {error}")
                continue
            if key == "behind" and found is not None and (found.retry or found.connections != "fresh"):
                said = f"{text} says how clients connect, and no cache of names is meant by it"
                yield Mistake(("audience", index, key), f"audience.{index}.{key}: {said}")
        yield from _broken_ipv6(index, users)
    for name, count in Counter(users.name for users in audience).items():
        if count > 1:
            yield Mistake(("audience",), f"audience: {name} is named {count} times; add its weights up")
    if (clients := sum(users.clients for users in audience)) > CLIENTS_MAX:
        yield Mistake(("audience",), f"audience: {clients} clients, and {CLIENTS_MAX} are the most")


def _broken_ipv6(index: int, users: Users) -> Iterator[Mistake]:
    """Users whom a broken IPv6 cannot touch, and those whom it leaves without service on every day."""
    try:
        connections = profile_of(users.profile).connections
    except InputError:
        return  # told already
    if users.ipv6 == "carried" or connections == "racing":
        return
    said = f"{users.profile} asks for IPv4 addresses alone; happy_eyeballs and dual_stack ask for both"
    if connections == "in_turn":
        said = f"{users.profile} waits for IPv6 to the end and is never served, so no outage is measurable: `refused`"
    if connections != "in_turn" or users.ipv6 == "silent":
        yield Mistake(("audience", index, "ipv6"), f"audience.{index}.ipv6: {said}")
