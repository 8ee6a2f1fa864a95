"""The audience of an environment: what a file may say, what the witness is told, what is judged, and what is shown."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.drill import audience_evidence
from harness.drill.case import Requirement
from harness.drill.case_audience import CaseAudience, CaseUsers, audience_of
from harness.drill.evidence import DrillResult
from harness.drill.judging import audience
from harness.drill.measures import Measures
from harness.errors import InputError
from harness.live.audience import members_of, rate_per_s
from harness.measurement.audience import Back, CohortBack, Profile, curve_of, shares_of
from harness.outcome import Bracket, Verdict
from harness.reporting import audience_svg, audience_view
from harness.topology import timing
from harness.topology.environment import Environment
from harness.topology.load import load_environment
from harness.units import NS_PER_S
from harness.witness.models import parse_config

S = NS_PER_S
ROOT = Path(__file__).parents[2]
FAST = timing.Timing(timing.Profile.FAST)
HEAD = """environment: mine
places: [{name: a, role: primary}, {name: b, role: standby}]
objectives: {fast: {rto_s: 20}, production: {rto_s: 150}}
audience:
"""


def environment(tmp_path: Path, *lines: str) -> Environment:
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + "".join(f"  - {line}\n" for line in lines))
    return load_environment(path)


def test_everything_that_is_wrong_with_an_audience_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        environment(
            tmp_path, "{profile: jmv(30)}", "{profile: honest, behind: pooled}", "{profile: uncached}",
            "{profile: uncached, weight: 3}", "{profile: honest, clients: 32, behind: honestly}",
            "{profile: jvm, ipv6: silent}", "{profile: dual_stack, ipv6: silent}",
            "{profile: dual_stack, ipv6: refused}", "{profile: happy_eyeballs, ipv6: silent}",
        )  # fmt: skip
    told = str(refused.value)
    wanted = {
        5: "no profile is called 'jmv(30)'; there are: honest",
        6: "pooled says how clients connect",
        4: "uncached is named 2 times; add its weights up",
        9: "no profile is called 'honestly'",
        10: "jvm asks for IPv4 addresses alone; happy_eyeballs and dual_stack ask for both",
        11: "dual_stack waits for IPv6 to the end and is never served, so no outage is measurable: `refused`",
    }
    for line, text in wanted.items():
        assert re.search(rf"mine\.yaml:{line}: audience.*{re.escape(text)}", told), told
    assert not re.search(r"mine\.yaml:1[23]", told)


@pytest.mark.parametrize("line", ["{profile: honest, weight: 0}", "{profile: honest, clients: 1}", "{weight: 2}"])
def test_users_without_a_profile_a_weight_or_clients_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(InputError, match=r"mine\.yaml:5"):
        environment(tmp_path, line)


def test_more_clients_than_can_be_had_are_refused(tmp_path: Path) -> None:
    profiles = ("honest", "uncached", "jvm(1)", "jvm(2)", "jvm(3)")
    with pytest.raises(InputError, match="160 clients, and 128 are the most"):
        environment(tmp_path, *(f"{{profile: {one}, clients: 32}}" for one in profiles))


def test_the_witness_is_told_every_duration_in_the_profile_of_the_run(tmp_path: Path) -> None:
    found = environment(
        tmp_path, "{profile: jvm(30), behind: coredns}", "{profile: serve_stale}", "{profile: sdk_legacy}",
        "{profile: pooled(60)}", "{profile: happy_eyeballs, clients: 8}",
    )  # fmt: skip
    members = members_of(found, FAST)
    config = parse_config({"history": "h", "dns": ["127.0.0.1", 53], "record": "a.b", "port": 80, "audience": members})
    jvm, stale, sdk, pooled, racing = config.audience
    assert [cache.policy.fixed_ns for cache in jvm.caches] == [3 * S, None]
    assert jvm.caches[0].policy.negative_ns == S
    assert jvm.caches[1].policy.failure_ns == S // 2
    assert jvm.cohort == "jvm(30) behind coredns"
    assert (stale.caches[0].stale_for_s, stale.caches[0].stale_ttl_s, stale.caches[0].timer_s) == (8640, 3, 1)
    assert (sdk.retry, sdk.scale, sdk.connections) == ("legacy", 0.1, "pooled")
    assert pooled.hang_s == 6
    assert (racing.clients, racing.families) == (8, ("AAAA", "A"))
    assert rate_per_s(found) == 24 * 2 / 1.0


def test_caches_one_behind_another_keep_an_answer_for_the_sum_of_their_times(tmp_path: Path) -> None:
    found = audience_of(environment(tmp_path, "{profile: jvm(30), behind: clamp_min(300)}", "{profile: honest}"), FAST)
    assert found is not None
    assert [users.kept_ns // S for users in found.users] == [33, 6]


def test_an_environment_without_an_audience_is_as_it_was() -> None:
    shipped = load_environment(ROOT / "environments" / "embedded.yaml")
    assert audience_of(shipped, FAST) is None
    assert members_of(shipped, FAST) == []
    assert rate_per_s(shipped) == 0


# --- judged and shown ---


def back(*cohorts: tuple[str, float, list[Bracket]]) -> Back:
    found = [
        CohortBack(Profile(name, weight), {f"{name}-{n}": one for n, one in enumerate(seen)}, shares_of(seen, 0), True)
        for name, weight, seen in cohorts
    ]
    return Back(tuple(found), curve_of([(one.profile.weight, one.shares) for one in found]))


def seconds(low: float, high: float | None) -> Bracket:
    return Bracket(round(low * S), None if high is None else round(high * S))


KNOWN = back(
    ("honest", 90, [seconds(9, 10), seconds(9, 10)]), ("clamp_min(300)", 10, [seconds(30, 32), seconds(30, None)])
)


@pytest.mark.parametrize(
    ("share", "within_s", "verdict", "said"),
    [
        (0.9, 12, Verdict.MET, "90 % of the audience was back within 12 s, 90 % wanted; 90 % was back after 9.00"),
        (0.9, 9.5, Verdict.UNKNOWN, "0 % to 90 % of the audience was back within 9.5 s"),
        (0.95, 20, Verdict.MISSED, "was never seen back, in 30.00 s at least; not back in time: clamp_min(300) (over"),
        (0.9, 5, Verdict.MISSED, "0 % of the audience was back within 5 s, 90 % wanted; 90 % was back after 9.00"),
    ],
)
def test_a_share_in_time_is_met_where_that_is_certain_and_missed_where_it_cannot_be(
    monkeypatch: pytest.MonkeyPatch, share: float, within_s: float, verdict: Verdict, said: str
) -> None:
    monkeypatch.setattr(audience, "back_of", lambda *_: KNOWN)
    measures = cast(Measures, SimpleNamespace(episodes=[None]))
    result = audience.back_in_time(Requirement(audience.NAME, 0, share=share, most=within_s), measures)
    assert result.verdict is verdict
    assert said in result.text
    assert bool(result.findings) is (verdict is Verdict.MISSED)


def test_without_a_fault_nothing_is_judged() -> None:
    result = audience.back_in_time(Requirement(audience.NAME, None, share=0.5, most=5.0), cast(Measures, None))
    assert result.verdict is Verdict.UNKNOWN


def evidence(monkeypatch: pytest.MonkeyPatch, known: Back) -> list[Any]:
    users = tuple(CaseUsers(one.profile.cohort, one.profile.weight, 2, 6 * S, "are so") for one in known.cohorts)
    measures: Any = SimpleNamespace(
        episodes=[SimpleNamespace(index=0)], case=SimpleNamespace(audience=CaseAudience(users))
    )
    monkeypatch.setattr(audience_evidence, "back_of", lambda *_: known)
    return list(audience_evidence.audience_evidence(measures))


def test_reports_say_when_how_many_were_back_and_draw_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told = evidence(monkeypatch, KNOWN)
    drill = cast(DrillResult, SimpleNamespace(measured={"audience": told}, episodes=()))
    assert audience_view.line(drill) == (
        "50 % back after 9.00 – 10.00 s; 95 % not seen back (30.00 s at least); 100 % not seen back (30.00 s at least)"
    )
    assert audience_view.by_profile(drill) == ("honest 9.00 – 10.00 s; clamp_min(300) not seen back (30.00 s at least)")
    (view,) = audience_view.views(drill)
    assert view.back["90 %"] == "9.00 – 10.00 s"
    assert [row.profile for row in view.rows] == ["honest", "clamp_min(300)"]
    assert view.rows[0].share == "90 %"
    assert "share never" in view.picture
    assert 'class="least"' in view.picture


def test_texts_in_the_picture_are_only_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    (told,) = evidence(monkeypatch, back(("<b>&", 1, [seconds(1, 2), seconds(1, 2)])))
    picture = audience_svg.draw(told)
    assert "<b>" not in picture
    assert "&lt;b&gt;&amp;" in picture


def test_a_drill_without_an_audience_says_nothing_of_one() -> None:
    drill = cast(DrillResult, SimpleNamespace(measured={}, episodes=()))
    assert audience_view.line(drill) == audience_view.by_profile(drill) == ""
    assert audience_view.views(drill) == ()
