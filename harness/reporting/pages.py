"""What every page is made with: templates, their filters and words. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from harness.outcome import Bracket, Verdict
from harness.reporting import business, chronicle, drill_view, glossary, objectives, parties, wording
from harness.units import to_ns

if TYPE_CHECKING:
    from jinja2 import Environment

LOST_ITEMS_SHOWN = 60


def _shown(value: object) -> str:
    """A value of a free mapping (failback) in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping) and {"low_s", "high_s"} <= value.keys():
        high_s = value["high_s"]
        with suppress(ValueError, TypeError, OverflowError):  # of somebody else's file it may be anything
            value = Bracket(to_ns(value["low_s"]), None if high_s is None else to_ns(high_s))
    if isinstance(value, Bracket):
        return wording.interruption(value)
    if isinstance(value, float):
        return f"{value:.2f}"
    if value is None:
        return wording.NOT_MEASURED
    return wording.one_line(str(value), 500)


def _milliseconds(value_s: float) -> str:
    return f"{value_s * 1000:.1f} ms"


@cache
def environment() -> Environment:
    """What every page is made with: escaped, stripped of control characters, nothing undefined."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    made = Environment(
        loader=PackageLoader("harness.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    made.filters.update(
        bracket=wording.bracket,
        seconds=wording.seconds,
        items=wording.items,
        percent=wording.percent,
        milliseconds=_milliseconds,
        shown=_shown,
        mark=wording.VERDICT_MARK.__getitem__,
        means=wording.VERDICT_MEANS.__getitem__,
        check=glossary.check,
        capability=glossary.capability,
        measurable=glossary.measurable,
        lateness=glossary.lateness,
        failback=glossary.failback,
        both_sides=glossary.both_sides,
        business=business.rows,
        party=parties.rows,
        profile=glossary.profile,
        folder=lambda path: path.rpartition("/")[0],
    )
    made.globals.update(
        style=Markup(_stylesheet("report.css")),  # noqa: S704 - our own file, no value in it
        compare_style=Markup(_stylesheet("compare.css")),  # noqa: S704 - the same
        matrix_style=Markup(_stylesheet("matrix.css")),  # noqa: S704 - the same
        loss=wording.loss,
        lost=wording.lost,
        control=wording.control,
        of=wording.of,
        recovery_episode=wording.recovery_episode,
        loss_episode=wording.loss_episode,
        survivor=wording.survivor,
        predicted=wording.predicted,
        predicted_for_production=wording.predicted_for_production,
        interruption=wording.interruption,
        promised_interruption=objectives.promised_interruption,
        promised_recovery=objectives.promised_recovery,
        promised_point=objectives.promised_point,
        folded=drill_view.folded,
        tried=drill_view.tried,
        fault_words=glossary.fault,
        ending=wording.ending,
        headline=wording.headline,
        why=wording.why,
        words=glossary.WORDS,
        lost_shown=LOST_ITEMS_SHOWN,
        told_shown=chronicle.SHOWN,
        Verdict=Verdict,
    )
    return made


def _stylesheet(name: str) -> str:
    return (resources.files("harness.reporting") / "templates" / name).read_text(encoding="utf-8")


def _finalize(value: Any) -> Any:
    """Every plain string that reaches the page loses its control characters first."""
    return wording.clean(value) if type(value) is str else value
