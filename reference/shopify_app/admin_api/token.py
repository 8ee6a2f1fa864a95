"""The access token of this region: got with the client's credentials, and got anew before it runs out. Pure.

A region that stands by asks the shop for nothing for weeks, so a token that is only replaced when it is missed is
found to have run out in the very minute in which it is needed. Here its age is looked at all the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NS_PER_S = 1_000_000_000
MARGIN_SHARE_MAX = 0.5
"""Of a token's life: one with a short life is not replaced all the time."""


@dataclass(frozen=True, slots=True)
class Token:
    """text: "" without one. replace_ns: from then on another one is to be got; None: never."""

    text: str = field(default="", repr=False)
    replace_ns: int | None = None
    scopes: frozenset[str] = frozenset()


def due(token: Token, now_ns: int) -> bool:
    """Whether another one is to be got before the shop is asked for anything."""
    return not token.text or (token.replace_ns is not None and now_ns >= token.replace_ns)


def got(said: Mapping[str, Any], now_ns: int, margin_ns: int) -> Token | None:
    """The token in the shop's answer; None: there is none."""
    text = said.get("access_token")
    if not isinstance(text, str) or not text:
        return None
    life, scopes = said.get("expires_in"), str(said.get("scope") or "")
    replace_ns = None
    if isinstance(life, int | float) and not isinstance(life, bool):
        life_ns = round(life * NS_PER_S)
        replace_ns = now_ns + life_ns - min(margin_ns, round(life_ns * MARGIN_SHARE_MAX))
    return Token(text, replace_ns, frozenset(one.strip() for one in scopes.split(",") if one.strip()))


def refused(token: Token, used: str) -> Token:
    """The shop has refused a token: it is used no more. used: which; another one may be here by now."""
    return Token() if token.text == used else token
