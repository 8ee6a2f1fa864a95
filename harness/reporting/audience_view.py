"""How an audience came back, as rows and words for reports. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.drill.evidence import DrillResult
from harness.outcome import Bracket
from harness.reporting import audience_svg, wording
from harness.spelling import percent
from harness.units import to_ns

if TYPE_CHECKING:
    from markupsafe import Markup

_TOLD = (0.5, 0.95, 1.0)
"""Of the shares in the evidence, those that the terminal says."""


@dataclass(frozen=True)
class UsersRow:
    """One profile. kept: how long its caches may keep an answer."""

    profile: str
    words: str
    share: str
    kept: str
    first: str
    last: str


@dataclass(frozen=True)
class AudienceView:
    """The audience in one episode. number: of the episode, 0 where the drill has one. back: share -> when."""

    number: int
    picture: Markup
    back: Mapping[str, str]
    rows: tuple[UsersRow, ...]


def views(drill: DrillResult) -> tuple[AudienceView, ...]:
    """One for each episode in which something was broken; none without an audience."""
    from markupsafe import Markup

    several = len(drill.episodes) > 1
    return tuple(
        AudienceView(
            told["episode"] + 1 if several else 0,
            Markup(audience_svg.draw(told)),  # noqa: S704 - our own drawing; texts in it are escaped there
            {percent(one["share"]): _when(one["after"]) for one in told["back"]},
            tuple(_row(one) for one in told["users"]),
        )
        for told in _told(drill)
    )


def line(drill: DrillResult) -> str:
    """For the terminal: one line; "" where there is no audience. Of several episodes it is the first."""
    found = _told(drill)
    if not found:
        return ""
    parts = [f"{percent(one['share'])} {_back(one['after'])}" for one in found[0]["back"] if one["share"] in _TOLD]
    slowest = max(found[0]["users"], key=lambda one: (one["last"]["high_s"] is None, one["last"]["low_s"]))
    return f"{'; '.join(parts)}; last of all: {wording.one_line(slowest['profile'], 60)}"


def _told(drill: DrillResult) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = drill.measured.get("audience") or ()
    return found


def _row(one: Mapping[str, Any]) -> UsersRow:
    away = bool(one["away"])
    return UsersRow(
        profile=one["profile"],
        words=one.get("words", ""),
        share=percent(one["share"]),
        kept=wording.seconds(one["kept_s"]) if one.get("kept_s") else "nothing",
        first=_when(one["first"]) if away else "never away",
        last=_when(one["last"]) if away else "never away",
    )


def _back(after: Mapping[str, Any]) -> str:
    return f"back after {_when(after)}" if after["high_s"] is not None else _when(after)


def _when(after: Mapping[str, Any]) -> str:
    high_s = after["high_s"]
    if high_s is None:
        return f"not seen back ({wording.seconds(after['low_s'])} at least)"
    return wording.bracket(Bracket(to_ns(after["low_s"]), to_ns(high_s)))
