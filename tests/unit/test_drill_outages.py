"""The outages of a drill and of a watch are the same: what never came back counts, once its time is up."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from measurement_timeline import pulse, s
from simulated_backend import environment
from test_drill_watching import events_of

from harness.drill import conclusion
from harness.drill.plan import unanswered_ns
from harness.drill.watching import watched
from harness.measurement.models import Padding
from harness.topology.timing import Profile, Timing


@pytest.mark.parametrize(
    ("timeout_s", "beats", "outages"),
    [
        (0.5, "." * 50 + "?" + "." * 15, 1),  # 1.5 s later the history goes on: it has failed
        (0.5, "." * 50 + "?" + "." * 5, 0),  # it may be under way still
        (1.0, "." * 50 + "?" + "." * 15, 0),
        (1.0, "." * 50 + "?" + "." * 25, 1),
        (5.0, "." * 50 + "?" + "." * 90, 0),
        (5.0, "." * 50 + "?" + "." * 105, 1),
        (5.0, "." * 50 + "x" * 5 + "." * 105 + "?" + "." * 90, 1),
    ],
)
def test_an_operation_that_never_returned_counts_after_twice_its_time_out(
    tmp_path: Path, timeout_s: float, beats: str, outages: int
) -> None:
    found = environment()
    workload = found.workload.model_copy(update={"timeout_s": timeout_s})
    found = found.model_copy(update={"workload": workload})
    operations = pulse("dns-0", "writes", beats)
    case = SimpleNamespace(window_ns=s(1.0), unanswered_ns=unanswered_ns(timeout_s))
    measures: Any = SimpleNamespace(operations=operations, case=case)
    timed: Any = SimpleNamespace(padding=Padding(s(0.01)))
    drills = conclusion._outages(measures, timed)
    assert len(drills) == outages
    by_hand = watched(found, Timing(Profile.FAST), events_of(operations), tmp_path).outages
    assert [outage.first_bad_ns for outage in by_hand] == [outage.first_bad_ns for outage in drills]
