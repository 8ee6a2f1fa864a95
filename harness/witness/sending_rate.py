"""How fast a client sends that has been throttled: a token bucket, whose rate falls at once and grows by a cubic law.

Nothing is held back before the first throttled answer. With each of these the rate becomes 0.7 of what was measured, w;
with every other answer, t seconds after the last of them, it is 0.4 (t - k)^3 + w, where k is when that is w again. It
is never below one call in two seconds, nor above twice the rate that is measured (RFC 8312's law, as AWS's client
libraries use it in their retry mode `adaptive`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.units import NS_PER_S

SLOPE, FALL = 0.4, 0.7
LEAST_PER_S = 0.5
SMOOTHING = 0.8
SLICE_NS = NS_PER_S // 2


@dataclass(frozen=True)
class SendingRate:
    """limited: whether it has been throttled. tokens: calls that may be sent at once, at_ns. measured: answers per
    second. scale: seconds of the law are so many of the clock."""

    scale: float = 1.0
    limited: bool = False
    per_s: float = LEAST_PER_S
    tokens: float = 0.0
    at_ns: int = 0
    highest: float = 0.0
    throttled_ns: int = 0
    measured: float = 0.0
    counted: int = 0
    slice_ns: int = 0


def sent(state: SendingRate, now_ns: int) -> tuple[SendingRate, int]:
    """A call is to be sent: the next state, and how long it must be held back."""
    if not state.limited:
        return state, 0
    state = _filled(state, now_ns)
    state = replace(state, tokens=state.tokens - 1)
    return state, 0 if state.tokens >= 0 else round(-state.tokens / state.per_s * NS_PER_S)


def answered(state: SendingRate, now_ns: int, *, throttled: bool) -> SendingRate:
    """An answer came, or was given up."""
    state = _measured(state, now_ns)
    if throttled:
        known = min(state.measured, state.per_s) if state.limited else state.measured
        state = replace(state, limited=True, highest=known, throttled_ns=now_ns)
        return _at_rate(state, FALL * known, now_ns)
    if not state.limited:
        return state
    passed_s = (now_ns - state.throttled_ns) / NS_PER_S / state.scale
    back_s = (state.highest * (1 - FALL) / SLOPE) ** (1 / 3)
    return _at_rate(state, SLOPE * (passed_s - back_s) ** 3 + state.highest, now_ns)


def _at_rate(state: SendingRate, per_s: float, now_ns: int) -> SendingRate:
    state = _filled(state, now_ns)
    per_s = max(LEAST_PER_S, min(per_s, 2 * state.measured))
    return replace(state, per_s=per_s, tokens=min(state.tokens, max(1.0, per_s)))


def _filled(state: SendingRate, now_ns: int) -> SendingRate:
    passed_s = max(0, now_ns - state.at_ns) / NS_PER_S if state.at_ns else 0.0
    tokens = min(max(1.0, state.per_s), state.tokens + passed_s * state.per_s)
    return replace(state, tokens=tokens, at_ns=max(now_ns, state.at_ns))


def _measured(state: SendingRate, now_ns: int) -> SendingRate:
    """The rate of answers, smoothed from one half second to the next."""
    since_ns = now_ns - now_ns % SLICE_NS
    state = replace(state, counted=state.counted + 1, slice_ns=state.slice_ns or since_ns)
    if since_ns <= state.slice_ns:
        return state
    now = state.counted / ((since_ns - state.slice_ns) / NS_PER_S)
    measured = SMOOTHING * now + (1 - SMOOTHING) * state.measured
    return replace(state, measured=measured, counted=0, slice_ns=since_ns)
