"""The `audience:` of an environment file: which users there are, as profiles of clients with weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from harness.audience import Profile, profile_of
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
    behind: the profile whose cache lies between theirs and the name servers; left out: none does.
    """

    profile: str
    weight: Annotated[float, Field(gt=0, le=1_000_000)] = 1
    clients: Annotated[int, Field(ge=2, le=32)] = 4
    behind: str | None = None

    @property
    def name(self) -> str:
        """Of the cohort, in history and reports."""
        return self.profile if self.behind is None else f"{self.profile} behind {self.behind}"

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
    for name, count in Counter(users.name for users in audience).items():
        if count > 1:
            yield Mistake(("audience",), f"audience: {name} is named {count} times; add its weights up")
    if (clients := sum(users.clients for users in audience)) > CLIENTS_MAX:
        yield Mistake(("audience",), f"audience: {clients} clients, and {CLIENTS_MAX} are the most")
