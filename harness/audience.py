"""Clients as they are: what stands between a user and a new DNS answer, as a table of profiles.

A profile says which cache of names a user is behind, what becomes of his connections, and whether his client tries
again by itself. All of it is data here; the machines that behave so are the witness's. Durations are seconds as they
are documented, and are scaled like all others (`harness.scaling`).

An environment names profiles and weighs them (`audience:`). A number in parentheses is the profile's own parameter:
`jvm(30)`, `clamp_min(300)`, `serve_stale(30, 86400)`; without any, the documented one is taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from harness.errors import InputError

Connections = Literal["fresh", "pooled", "racing", "in_turn"]
"""fresh: one for each request. pooled: kept, and the name is looked up again only when one breaks. racing: one for
each request, to all addresses of both families in a staggered race (RFC 8305). in_turn: the same addresses, the next
one only when the one before has failed."""
IPv6 = Literal["carried", "silent", "refused"]
"""What becomes of IPv6 in a network of users: it arrives; it is sent, and nothing ever comes back; it is refused at
once. Names have AAAA in all three."""
RetryMode = Literal["legacy", "standard", "adaptive"]
"""As AWS's client libraries name them."""

LONGEST_S = 7 * 86_400.0
"""No cache of names keeps anything longer: RFC 8767 has at most three days, its drafts had seven."""


@dataclass(frozen=True)
class Cache:
    """A cache of names. TTL: what the answer says.

    fixed_s: an answer is kept for so long, whatever its TTL says. least_s, most_s: bounds on what it says.
    negative_s: "there is no such address" is kept for so long; None: as RFC 2308 says, min(SOA TTL, SOA minimum),
    within negative_most_s. failure_s: that nobody answered is remembered for so long. stale_for_s: an answer that has
    run out is used for so long while nobody answers (RFC 8767): after timer_s, and then for stale_ttl_s before it asks
    again.
    """

    fixed_s: float | None = None
    least_s: float = 0.0
    most_s: float | None = None
    negative_s: float | None = None
    negative_most_s: float | None = None
    failure_s: float = 0.0
    stale_for_s: float = 0.0
    stale_ttl_s: float = 30.0
    timer_s: float = 1.8

    def kept_s(self, ttl_s: float) -> float:
        """How long an answer of this TTL is kept."""
        if self.fixed_s is not None:
            return self.fixed_s
        kept_s = max(ttl_s, self.least_s)
        return kept_s if self.most_s is None else min(kept_s, self.most_s)


@dataclass(frozen=True)
class Profile:
    """One kind of client. words: what such clients do, after "clients that". source: where its constants are from.

    takes: the fields of the cache (or `hang_s`) that the numbers in parentheses replace, in this order; with a `+`
    between them, those that one number replaces. hang_s: how long a pooled client waits for an answer that never comes,
    before it tries anybody else; 0: as for any request.
    """

    name: str
    words: str
    source: str
    cache: Cache = field(default_factory=Cache)
    connections: Connections = "fresh"
    takes: tuple[str, ...] = ()
    hang_s: float = 0.0
    retry: RetryMode | None = None

    @property
    def families(self) -> tuple[str, ...]:
        """The types of addresses that it asks for."""
        return ("AAAA", "A") if self.connections in ("racing", "in_turn") else ("A",)


PROFILES: tuple[Profile, ...] = (
    Profile("honest", "keep a DNS answer for its TTL", "RFC 1035"),
    Profile(
        "uncached", "ask for each connection, and keep no answer",
        "glibc's stub resolver, Go, Node, Python: none has a cache", Cache(fixed_s=0.0, negative_s=0.0),
    ),
    Profile(
        "clamp_min", "are behind a resolver whose operator keeps every answer for some minutes",
        "cache-min-ttl of Unbound and dnsmasq, 60 to 2400 s in public configurations", Cache(least_s=300.0),
        takes=("least_s",),
    ),
    Profile(
        "jvm", "run in a JVM, which keeps answers for a time of its own",
        "networkaddress.cache.ttl 30, .negative.ttl 10 (OpenJDK, InetAddressCachePolicy)",
        Cache(fixed_s=30.0, negative_s=10.0), takes=("fixed_s", "negative_s"),
    ),
    Profile(
        "chrome", "use a browser of Chromium's kind, which keeps answers for a minute at least",
        "Chromium, host_resolver_manager.cc: 60 s, failures 0", Cache(least_s=60.0, negative_s=0.0), takes=("least_s",),
    ),
    Profile(
        "firefox", "use Firefox, which keeps answers of the system for a minute",
        "network.dnsCacheExpiration 60", Cache(fixed_s=60.0), takes=("fixed_s",),
    ),
    Profile(
        "nscd", "are behind nscd, which keeps answers for an hour at most",
        "glibc, nscd.conf: positive 3600, negative 20", Cache(most_s=3600.0, negative_s=20.0),
        takes=("most_s", "negative_s"),
    ),
    Profile(
        "systemd_resolved", "are behind systemd-resolved",
        "systemd, resolved-dns-cache.c: at most 2 h, a failure 10 s", Cache(most_s=7200.0, failure_s=10.0),
        takes=("most_s",),
    ),
    Profile(
        "coredns", "are behind CoreDNS's cache",
        "plugin/cache: 5 to 3600 s, denial at most 1800 s, SERVFAIL 5 s; `cache 30` is for both",
        Cache(least_s=5.0, most_s=3600.0, negative_most_s=1800.0, failure_s=5.0), takes=("most_s+negative_most_s",),
    ),
    Profile(
        "unbound", "are behind Unbound",
        "cache-max-ttl 86400, cache-max-negative-ttl 3600", Cache(most_s=86_400.0, negative_most_s=3600.0),
        takes=("most_s",),
    ),
    Profile(
        "serve_stale", "are behind a resolver that serves answers which have run out, where nobody answers",
        "RFC 8767: after 1.8 s, for 30 s at a time, up to a day here", Cache(stale_for_s=86_400.0),
        takes=("stale_ttl_s", "stale_for_s"),
    ),
    Profile(
        "pooled", "keep connections, and look the name up only when one breaks",
        "requests and urllib3: a pool of 10; the number is the application's own time-out", connections="pooled",
        takes=("hang_s",),
    ),
    Profile(
        "happy_eyeballs", "try all addresses of both families in a staggered race",
        "RFC 8305: AAAA may come 50 ms later, the next attempt begins after 250 ms", connections="racing",
    ),
    Profile(
        "dual_stack", "try IPv6 first, and the next address only when one has failed",
        "RFC 6724 without RFC 8305", connections="in_turn",
    ),
    Profile(
        "sdk_legacy", "call through an AWS SDK that tries 5 times, up to 1, 2, 4 and 8 s apart",
        "botocore, retry mode legacy", Cache(fixed_s=0.0, negative_s=0.0), "pooled", retry="legacy",
    ),
    Profile(
        "sdk_standard", "call through an AWS SDK that tries 3 times, some 50 ms apart",
        "botocore 1.44, retry mode standard", Cache(fixed_s=0.0, negative_s=0.0), "pooled", retry="standard",
    ),
    Profile(
        "sdk_adaptive", "call through an AWS SDK that tries 3 times, and sends less while it is throttled",
        "botocore 1.44, retry mode adaptive", Cache(fixed_s=0.0, negative_s=0.0), "pooled", retry="adaptive",
    ),
)  # fmt: skip
BY_NAME: Mapping[str, Profile] = {profile.name: profile for profile in PROFILES}

_WRITTEN = re.compile(r"([a-z_]+)(?:\(([^()]*)\))?")


def profile_of(text: str) -> Profile:
    """The profile that a text such as `jvm(30)` means. Raises InputError."""
    match = _WRITTEN.fullmatch(text.strip())
    known = None if match is None else BY_NAME.get(match[1])
    if match is None or known is None:
        raise InputError(f"no profile is called {text!r}; there are: {', '.join(map(_shape, PROFILES))}")
    numbers = [] if match[2] is None else [_number(one, known) for one in match[2].split(",")]
    if len(numbers) > len(known.takes):
        raise InputError(f"{text!r} has more numbers than the profile takes: {_shape(known)}")
    replaced = zip(known.takes, numbers, strict=False)
    given = {name: number for names, number in replaced for name in names.split("+")}
    hang_s = given.pop("hang_s", known.hang_s)
    return replace(known, cache=replace(known.cache, **given), hang_s=hang_s)


def _number(text: str, profile: Profile) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{text.strip()!r} is no number of seconds: {_shape(profile)}") from None
    if not 0 <= value <= LONGEST_S:
        raise InputError(f"{text.strip()} s is not within 0 to {LONGEST_S:.0f} s: {_shape(profile)}")
    return value


def _shape(profile: Profile) -> str:
    """How the profile is written: `jvm(30, 10)`, with what it has by itself."""
    names = [names.split("+")[0] for names in profile.takes]
    values = [profile.hang_s if name == "hang_s" else getattr(profile.cache, name) for name in names]
    return f"{profile.name}({', '.join(f'{value:g}' for value in values)})" if values else profile.name
