"""How numbers and names are spelt, alike in every report. Rounds for reading; decides and measures nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from harness import spelling
from harness.drill.evidence import DrillResult, EpisodeResult, ObjectiveResult, RpoResult, RunResult
from harness.outcome import Bracket, Verdict
from harness.units import NS_PER_S, to_ns

NOT_MEASURED = "not measured"
NOT_JUDGED = "not judged"
_LOSS_RESULTS = ("rpo", "rpo-shows-stall")
_CENTI_NS = NS_PER_S // 100
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_ANSI = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?")

VERDICT_MARK = {Verdict.MET: "✓", Verdict.MISSED: "✗", Verdict.UNKNOWN: "?", Verdict.INVALID: "!", Verdict.ABORTED: "■"}
VERDICT_MEANS = {
    Verdict.MET: "Every objective was met.",
    Verdict.MISSED: "At least one objective was missed.",
    Verdict.UNKNOWN: "The measurement is not sharp enough to say whether the objectives were met.",
    Verdict.INVALID: "The drill proves nothing, neither good nor bad.",
    Verdict.ABORTED: "A stop condition held: the drill was ended at once, and nothing is broken any more.",
}


def clean(text: str, limit: int = 0) -> str:
    """Text without terminal sequences, control and direction-changing characters, and lone surrogates.

    Newlines and tabs stay. limit: longest result in characters, ellipsis included; 0 means no limit.
    """
    plain = _CONTROL.sub("", _ANSI.sub("", text))
    return plain if not limit or len(plain) <= limit else plain[: limit - 1] + "…"


def one_line(text: str, limit: int = 200) -> str:
    """Clean text on a single line."""
    return clean(" ".join(text.split()), limit)


def seconds(value_s: float | None) -> str:
    """`8.14 s`; a dash when there is no value."""
    return "–" if value_s is None else spelling.seconds(to_ns(value_s))


def bracket(value: Bracket | None) -> str:
    """`7.94 – 8.36 s`, rounded outwards, so that reading never claims more than was measured."""
    if value is None:
        return NOT_MEASURED
    if value.high_ns == 0:  # not the same as an outage too short to measure: there may be others that it is not about
        return "0 s, no client noticed"
    return spelling.bracket(value) + (", not recovered" if value.high_ns is None else "")


def whole_seconds(value: Bracket) -> str:
    """`75 – 129`, in seconds: rounded outwards, for figures that are minutes long."""
    low, high = value.low_ns // NS_PER_S, None if value.high_ns is None else -(-value.high_ns // NS_PER_S)
    return f"over {low}" if high is None else f"{low}" if low == high else f"{low} – {high}"


def interruption(value: Bracket) -> str:
    """The same of an interruption that the plan caused: without an end it is one that nobody saw end."""
    return spelling.bracket(value) + (", not ended" if value.high_ns is None else "")


def predicted(drill: DrillResult | EpisodeResult) -> str:
    """The recovery time from the documented constants: its bounds, or what is typical where those are not known."""
    if drill.prediction is not None:
        return spelling.bracket(drill.prediction.total)
    return "none" if drill.prediction_s is None else seconds(drill.prediction_s)


def predicted_for_production(drill: DrillResult | EpisodeResult) -> str:
    """The same for the constants of production; "" where the run has these itself, or nothing is predicted."""
    found = drill.production_prediction
    return "" if found is None else f"{spelling.bracket(found.total)} with production's constants"


def items(low: int, high: int) -> str:
    """`3 items`, `1 item`, or `3 – 5 items`."""
    if low != high:
        return f"{low} – {high} items"
    return f"{low} item" if low == 1 else f"{low} items"


def _episode(drill: DrillResult, *names: str) -> int | None:
    """The episode whose numbers stand for the whole drill.

    names: of the results that are about those numbers; where none was required it is the last episode with a fault.
    """
    wanted = [r.episode for r in drill.results if r.name in names and r.episode is not None]
    faults = [number for number, one in enumerate(drill.episodes) if one.begins == "fault"]
    return max(wanted, default=max(faults, default=None))


def _told(drill: DrillResult, found: int | None) -> str:
    return "" if found is None or len(drill.episodes) < 2 else f"episode {found + 1}"


def recovery_episode(drill: DrillResult) -> str:
    """Which episode the recovery time is of, and with it phases and prediction; "" where there is only one."""
    return _told(drill, _episode(drill, "rto_s"))


def loss_episode(drill: DrillResult) -> str:
    """Which episode the lost writes are of; "" where there is only one."""
    return _told(drill, _episode(drill, *_LOSS_RESULTS))


def survivor(drill: DrillResult) -> str:
    """Who took over in the episode that the lost writes are of."""
    found = _episode(drill, *_LOSS_RESULTS)
    one = drill.episodes[found] if found is not None and found < len(drill.episodes) else None
    return "the other side" if one is None or one.expected in (None, one.serving) else one.expected or ""


def of(text: str, which: str) -> str:
    """A text, and in brackets which episode it is about."""
    return f"{text} ({which})" if which else text


def recovery_point(value: RpoResult | None) -> str:
    """What was lost, in items and, when something was, in seconds."""
    if value is None:
        return NOT_MEASURED
    lost = items(value.missing_low, value.missing_high)
    if value.unbounded:
        return everything(value)
    span_s = rpo_seconds(value)
    return lost if span_s is None else f"{lost}, {'over' if value.after else 'oldest'} {lost_seconds(value)}"


def everything(value: RpoResult) -> str:
    """`all 162 items (nothing was replicated)`: a loss that no number of seconds bounds."""
    lost = items(value.missing_low, value.missing_high)
    told = f"all {lost}" if value.missing_low == value.acknowledged else f"{lost}, all that could be missing"
    return f"{told} (nothing was replicated)"


def rpo_seconds(value: RpoResult) -> float | None:
    """The recovery point in seconds; evidence of older versions has the age of the oldest missing write only."""
    return value.oldest_missing_s if value.span_s is None else value.span_s


def lost_seconds(value: RpoResult, up_to: str = "up to") -> str:
    """The recovery point in seconds; `up to` where nobody knows of some writes whether they were missing."""
    text = seconds(rpo_seconds(value))
    return text if value.missing_low == value.missing_high else f"{up_to} {text}"


def lost(drill: DrillResult) -> str:
    """What was lost in the units that were promised: always items, and the age of the oldest when seconds were."""
    if drill.rpo is None:
        return _without_a_point(drill)
    if drill.rpo.unbounded:
        return _unless_judged(drill, everything(drill.rpo))
    count = items(drill.rpo.missing_low, drill.rpo.missing_high)
    span_s = rpo_seconds(drill.rpo)
    text = count
    if drill.objectives.rpo_s is not None and span_s is not None:  # a column of a terminal holds no more
        text = f"{count.replace(' – ', '–')}, {lost_seconds(drill.rpo, '≤')}"
    return _unless_judged(drill, text)


def loss(of: DrillResult | EpisodeResult) -> str:
    """What was lost in items and in seconds; a recovery point that nobody judged is no number to rely on."""
    return _without_a_point(of) if of.rpo is None else _unless_judged(of, recovery_point(of.rpo))


def _without_a_point(of: DrillResult | EpisodeResult) -> str:
    """Nobody took over; nothing can be lost where the survivor goes on in the database of the lost place."""
    judged = [result.verdict for result in of.results if result.name == "rpo"] if isinstance(of, DrillResult) else []
    return "0 items" if judged and set(judged) == {Verdict.MET} else NOT_MEASURED


def _unless_judged(of: DrillResult | EpisodeResult, text: str) -> str:
    """That nothing is missing is only said where it was asked for: else the other side may never have taken over."""
    if of.rpo is None or not of.results or any(_is_loss(result) for result in of.results):
        return text
    return NOT_JUDGED if of.rpo.missing_high == 0 else f"{text}, {NOT_JUDGED}"


def _is_loss(result: ObjectiveResult) -> bool:
    """A promise that could not be measured judges nothing."""
    known = not result.promise or result.verdict is not Verdict.UNKNOWN
    return known and result.name.replace("_", "-").replace(" ", "-").startswith(("rpo", "recovery-point"))


def control(expected: str) -> str:
    """A control is a drill that must go wrong; expected: the verdict that it must end with, or a sentence."""
    return f"control: must end {expected}" if expected in set(Verdict) else f"control: {expected}"


def ending(drill: DrillResult) -> str:
    """The verdict, with the warnings that remain; a control, which must go wrong, held or did not."""
    if drill.control is None:
        return headline(drill)
    return ", ".join(filter(None, ("HELD" if drill.verdict is Verdict.MET else "NOT HELD", again(drill))))


def warnings(count: int) -> str:
    """`2 warnings`, `1 warning`, or nothing."""
    return "" if count == 0 else "1 warning" if count == 1 else f"{count} warnings"


def headline(result: DrillResult | RunResult) -> str:
    """The verdict of a drill or a run, and how many serious findings and warnings remain: `MET, 2 warnings`.

    Of a run also how many of its drills this environment cannot do; of either, that it took more than one attempt.
    """
    left = len(result.not_measured) if isinstance(result, RunResult) else 0
    return ", ".join(filter(None, (result.verdict.value, warnings(result.warnings), again(result), left_out(left))))


def again(result: DrillResult | RunResult) -> str:
    """`2nd attempt`, or of a run `1 drill tried again`; nothing where every drill ran once."""
    if isinstance(result, RunResult):
        count = sum(bool(drill.attempts) for drill in result.drills)
        return f"{count} drill{'' if count == 1 else 's'} tried again" if count else ""
    return f"{ordinal(len(result.attempts) + 1)} attempt" if result.attempts else ""


def attempts(drill: DrillResult) -> str:
    """`MET at the 2nd attempt; 1st INVALID because ...`; nothing where there was one."""
    if not drill.attempts:
        return ""
    earlier = (
        f"{ordinal(number)} {attempt.verdict} because {one_line(next(iter(attempt.reasons), 'of nothing known'), 200)}"
        for number, attempt in enumerate(drill.attempts, 1)
    )
    return "; ".join((f"{drill.verdict} at the {ordinal(len(drill.attempts) + 1)} attempt", *earlier))


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `11th`."""
    last = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def left_out(count: int) -> str:
    """`1 drill not measurable here`; nothing for none."""
    return f"{count} drill{'' if count == 1 else 's'} not measurable here" if count else ""


def remaining(run: RunResult) -> str:
    """Which drills have warnings left: `2 warnings remain in region-lost-refused`."""
    left = [f"{warnings(drill.warnings)} in {one_line(drill.name)}" for drill in run.drills if drill.warnings]
    return f"{', '.join(left)} {'remains' if run.warnings == 1 else 'remain'}"


def why(drill: DrillResult) -> str:
    """Where the recovery time went; nothing under a verdict that something else decided."""
    decided = any(_is_recovery(result.name) and result.verdict is drill.verdict for result in drill.results)
    return drill.why if decided or drill.verdict is Verdict.MET or not drill.results else ""


def _is_recovery(name: str) -> bool:
    return name in ("rto_s", "rto")


def counted(verdicts: Iterable[Verdict]) -> str:
    """`7 MET, 1 UNKNOWN`, worst first."""
    counts = Counter(verdicts)
    order = (Verdict.MISSED, Verdict.ABORTED, Verdict.INVALID, Verdict.UNKNOWN, Verdict.MET)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in order if counts[verdict])


def adding_up(values_ns: Sequence[int]) -> list[str]:
    """Durations in seconds with two decimals whose printed figures add up to their printed sum.

    Largest remainders are rounded up first, the earlier of equals first.
    """
    total = int((Decimal(sum(values_ns)) / _CENTI_NS).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    whole = [value // _CENTI_NS for value in values_ns]
    order = sorted(range(len(values_ns)), key=lambda index: (-(values_ns[index] % _CENTI_NS), index))
    for index in order[: total - sum(whole)]:
        whole[index] += 1
    return [f"{value / 100:.2f}" for value in whole]


def percent(share: float) -> str:
    """A share between 0 and 1, as everybody writes it."""
    return spelling.percent(share)


def slug(text: str) -> str:
    """A name that is safe as an HTML anchor."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:80] or "drill"
