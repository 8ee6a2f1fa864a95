"""Journeys: when which is tried, what counts as having worked, and what is made of it while something is broken."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from simulated_backend import EAST, WEST, SimulatedBackend, Story
from test_drill_promises import only_recovery, run, there_and_back
from test_topology_files import SUBJECT, refused_subject

from harness.drill import case_files
from harness.drill.facade import Drill
from harness.drill.plain import to_plain
from harness.errors import NotMeasurable
from harness.faults.catalogue import FAULTS
from harness.history.codec import decode, encode
from harness.history.events import Event
from harness.history.journeys import JourneyMade
from harness.journeys import Expected, Journey, rate_per_s
from harness.measurement.dependencies import Dependency, dependency_of, failure_of, watched
from harness.measurement.journeys import Fared, fared
from harness.measurement.models import FaultInterval
from harness.outcome import Verdict
from harness.reporting.run_json import problems_of
from harness.units import to_ns
from harness.witness import visits
from harness.workload import Workload

BUY = Journey.model_validate({"name": "buy", "request": {"method": "POST", "path": "/orders/{id}"}})
TRACK = Journey.model_validate(
    {"name": "track", "after": "buy", "request": {"method": "GET", "path": "/orders/{id}"}, "expect": [200, 404]}
)


# --- the machine ------------------------------------------------------------------------------------------------------


def go(state: visits.Visits, journey: Journey, at_ns: int = 0) -> tuple[visits.Visits, visits.Visit | None]:
    state, effects = visits.step(state, visits.Due(journey, at_ns), at_ns)
    sent = [effect.visit for effect in effects if isinstance(effect, visits.Go)]
    return state, (sent[0] if sent else None)


def answered(
    state: visits.Visits, visit: visits.Visit, status: int, body: bytes = b""
) -> tuple[visits.Visits, JourneyMade]:
    state, (tell,) = visits.step(state, visits.Answered(visit, status, {}, body), visit.sent_ns + 7)
    assert isinstance(tell, visits.Tell)
    return state, tell.made


def test_what_comes_after_another_journey_waits_for_one_that_worked_and_takes_its_id() -> None:
    state = visits.Visits("visit-1", clients=2)
    state, nothing = go(state, TRACK)
    assert nothing is None, "there is nothing to track yet"
    state, refused = go(state, BUY)
    assert refused is not None
    state, made = answered(state, refused, 503)
    assert (made.worked, made.status, made.error) == (False, 503, "unexpected")
    assert go(state, TRACK)[1] is None
    state, bought = go(state, BUY)
    assert bought is not None
    state, made = answered(state, bought, 201)
    assert made.worked
    state, tracked = go(state, TRACK)
    assert tracked is not None
    assert tracked.key == bought.key != tracked.visit
    assert bought.key != refused.key


def test_an_older_visit_that_ends_later_does_not_take_the_place_of_a_newer_one() -> None:
    state = visits.Visits("visit-1", clients=1)
    state, slow = go(state, BUY)
    state, quick = go(state, BUY)
    assert slow is not None
    assert quick is not None
    state, _ = answered(state, quick, 200)
    state, _ = answered(state, slow, 200)
    assert state.worked_with["buy"][1] == quick.key


def test_clients_take_turns_at_each_journey() -> None:
    state, seen = visits.Visits("visit-1", clients=2), []
    for _ in range(2):
        for journey in (BUY, BUY.model_copy(update={"name": "browse"})):
            state, visit = go(state, journey)
            assert visit is not None
            seen.append((journey.name, visit.client))
    assert seen == [("buy", 0), ("browse", 0), ("buy", 1), ("browse", 1)]


def test_an_id_that_the_server_made_is_what_the_next_journey_asks_for() -> None:
    buy = BUY.model_copy(update={"id": Journey.model_validate({**BUY.model_dump(), "id": "number"}).id})
    state, visit = go(visits.Visits("visit-1", clients=1), buy)
    assert visit is not None
    without, made = answered(state, visit, 200, b"{}")
    assert (made.worked, made.error) == (False, "unexpected"), "nobody could track it"
    assert not without.worked_with
    state, _ = answered(state, visit, 200, b'{"number": 1001}')
    assert state.worked_with["buy"][1] == "1001"


@pytest.mark.parametrize(
    ("expect", "status", "body", "word"),
    [
        (200, 200, "", None),
        ([200, 404], 404, "", None),
        ("2xx", 503, "", "unexpected"),
        ({"pattern": '"state": *"paid"'}, 200, '{"state": "paid"}', None),
        ({"pattern": '"state": *"paid"'}, 200, '{"state": "open"}', "unexpected"),
    ],
)
def test_what_a_subject_expects_of_an_answer(expect: object, status: int, body: str, word: str | None) -> None:
    assert visits.wrong(Expected.model_validate(expect), status, body.encode()) == word


def test_a_visit_without_an_answer_says_why() -> None:
    state, visit = go(visits.Visits("visit-1", clients=1), BUY, 5)
    assert visit is not None
    _, (tell,) = visits.step(state, visits.Failed(visits.dialled(visit, ""), "refused"), 9)
    assert isinstance(tell, visits.Tell)
    assert (tell.made.error, tell.made.status, tell.made.address, tell.made.returned_ns) == ("refused", None, None, 9)
    assert decode(encode(tell.made)) == tell.made


# --- the subject file -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("journeys", "text"),
    [
        ("[{name: pay, request: {method: GET, path: /x}}, {name: pay, request: {method: GET, path: /x}}]",
         "workload.journeys.1.name: 'pay' is the name of another journey"),
        ("[{name: track, after: pay, request: {method: GET, path: '/x/{id}'}}]",
         "workload.journeys.0.after: no journey before this one is called 'pay'; there are: none"),
        ("[{name: pay, request: {method: GET, path: /x}}, {name: track, after: pay, request: {method: GET, path: /x}}]",
         "workload.journeys.1.request: {id} stands nowhere, so it has nothing to do with 'pay'"),
        ("[{name: pay, request: {method: GET, path: '/x/{value}'}}]",
         "workload.journeys.0.request.path: {value} is unknown; there are: {id}, {op}"),
        ("[{name: pay, request: {method: GET, path: '/x/${env:NOT_SET_HERE}'}}]",
         "the environment variable NOT_SET_HERE is not set"),
        ("[{name: pay, request: {method: GET, path: /x}, expect: {status: 700}}]", "a status lies between"),
        ("[{name: pay, request: {method: GET, path: /x}, period_s: 0}]", "workload.journeys.0.period_s: "),
        ("[{name: '', request: {method: GET, path: /x}}]", "workload.journeys.0.name: needs 1 to 40 characters"),
    ],
)  # fmt: skip
def test_journeys_that_nobody_could_make_are_refused_by_their_line(journeys: str, text: str, tmp_path: Path) -> None:
    problems = refused_subject(tmp_path, SUBJECT + f"workload:\n  journeys: {journeys}\n")
    assert text in "\n".join(told for _, told in problems)
    assert all(line is not None for line, _ in problems)


def test_what_holds_for_all_requests_holds_for_journeys() -> None:
    workload = Workload.model_validate(
        {"base": "/api", "headers": {"X-Key": "${env:SHOP_KEY}"}, "journeys": [BUY.model_dump(), TRACK.model_dump()]}
    )
    asked = workload.journey_request(workload.journeys[0])
    assert (asked.path, asked.headers) == ("/api/orders/{id}", {"X-Key": "${env:SHOP_KEY}"})
    assert workload.variables() == {"SHOP_KEY"}
    assert rate_per_s(workload.journeys) == 4


# --- measuring --------------------------------------------------------------------------------------------------------

BIT_S, HEALED_S, END_S = 10, 30, 40


def visit(at_s: float, *, worked: bool = True, took_s: float = 0.02, journey: str = "pay") -> JourneyMade:
    sent_ns = to_ns(at_s)
    error = None if worked else "timeout"
    return JourneyMade(journey, f"v{at_s}", "visitor-0", worked, sent_ns, sent_ns, sent_ns + to_ns(took_s), error=error)


def each(from_s: float, until_s: float, **how: object) -> list[JourneyMade]:
    return [visit(from_s + n / 2, **how) for n in range(int((until_s - from_s) * 2))]  # type: ignore[arg-type]


def interval(from_s: float, until_s: float | None = None) -> FaultInterval:
    stop = None if until_s is None else to_ns(until_s)
    return FaultInterval(to_ns(from_s), to_ns(from_s), stop, stop)


def judged(made: Sequence[JourneyMade], *faults: FaultInterval | None) -> list[Fared]:
    held = faults or (interval(BIT_S, HEALED_S),)
    return fared(made, ["pay"], held, calm_ns=0, end_ns=to_ns(END_S))


GOOD = each(0, BIT_S)
AFTER = each(HEALED_S, END_S)


def test_a_journey_that_nothing_hurts_works() -> None:
    (found,) = judged([*GOOD, *each(BIT_S, HEALED_S), *AFTER])
    assert (found.state, found.text) == ("works", "40 of 40 visits worked")
    assert (found.before.made, found.during.made, found.after.made) == (20, 40, 20)


def test_one_visit_in_forty_is_no_degradation() -> None:
    (found,) = judged([*GOOD, *each(BIT_S, 20), visit(20, worked=False), *each(20.5, HEALED_S)])
    assert found.state == "works"


def test_a_failover_degrades_and_says_for_how_long() -> None:
    (found,) = judged([*GOOD, *each(BIT_S, 18, worked=False), *each(18, HEALED_S), *AFTER])
    assert found.state == "degraded"
    assert found.text == (
        "24 of 40 visits worked (16 times timeout); it was out for 8.00 s, and worked again while the fault held"
    )
    assert (found.out_ns, found.ended) == (to_ns(8), True)


def test_what_is_only_slower_is_degraded_too() -> None:
    (found,) = judged([*GOOD, *each(BIT_S, HEALED_S, took_s=0.6)])
    assert found.state == "degraded"
    assert "95 of 100 took up to 0.60 s, and 0.02 s before the fault" in found.text


def test_a_little_slower_is_not_slower() -> None:
    (found,) = judged([*GOOD, *each(BIT_S, HEALED_S, took_s=0.2)])
    assert found.state == "works"


def test_hardly_any_visit_is_none() -> None:
    (found,) = judged([*GOOD, visit(BIT_S), *each(BIT_S + 0.5, HEALED_S, worked=False)])
    assert (found.state, found.ended) == ("does not work", False)


def test_what_breaks_down_in_the_end_does_not_work() -> None:
    (found,) = judged([*GOOD, *each(BIT_S, 22), *each(22, HEALED_S, worked=False)])
    assert found.state == "does not work"
    assert "none of the last ones" in found.text


def test_too_few_visits_say_nothing() -> None:
    (found,) = judged([*GOOD, *each(BIT_S, 12)])
    assert (found.state, found.text) == ("not run", "only 4 visits while it held, which says nothing")


def test_what_did_not_work_before_shows_nothing_of_the_fault() -> None:
    (found,) = judged([*each(0, BIT_S, worked=False), *each(BIT_S, HEALED_S, worked=False)])
    assert (found.state, found.text) == ("not run", "before the fault 0 of 20 visits worked, so nothing is shown")


def test_a_fault_counts_the_visits_that_it_had_to_itself() -> None:
    slow, lost = interval(10, 30), interval(20, 30)
    made = [*GOOD, *each(10, 20), *each(20, 30, worked=False)]
    of_slow, of_lost = judged(made, slow, lost)
    assert (of_slow.state, of_slow.beside) == ("works", ())
    assert (of_lost.state, of_lost.beside) == ("does not work", (0,))


def test_a_fault_that_was_never_applied_has_no_cell() -> None:
    assert judged(GOOD, None) == []
    found = judged([*GOOD, *each(10, 30)], None, interval(10, 30))
    assert [one.fault for one in found] == [1]


def test_a_fault_that_nobody_heals_holds_to_the_end() -> None:
    (found,) = judged([*GOOD, *each(BIT_S, END_S, worked=False)], interval(BIT_S))
    assert (found.during.made, found.after.made, found.state) == (60, 0, "does not work")


# --- dependencies -----------------------------------------------------------------------------------------------------

PLACES = ("nyc3", "sfo3")


@pytest.mark.parametrize(
    ("kind", "target", "mode", "links", "dependency", "failure"),
    [
        ("region-outage", "nyc3", "refuse", ("clients->nyc3:http", "app.nyc3->us-east-1:dynamodb"), "place nyc3",
         "lost, refused"),
        ("region-outage", "us-east-1", "black-hole", ("app.nyc3->us-east-1:dynamodb",), "database us-east-1",
         "lost, black-holed"),
        ("service-outage", "us-east-1", "reset", ("app.nyc3->us-east-1:dynamodb",), "database us-east-1",
         "lost, reset"),
        ("service-outage", "us-east-1", "refuse", ("canary->us-east-1:route53",), "DNS provider route53",
         "lost, refused"),
        ("latency", "nyc3", "slow", ("clients->nyc3:http",), "place nyc3", "slow"),
        ("gray-failure", "nyc3", "reset", ("clients->nyc3:http",), "place nyc3", "errors"),
        ("operations-refused", "us-east-1", "throttle", (), "database us-east-1", "errors"),
        ("provider-outage", "digitalocean", "black-hole", ("a->digitalocean:digitalocean",),
         "DNS provider digitalocean", "lost, black-holed"),
        ("third-party-lies", "erp", "lying", (), "third party erp", "lies"),
        ("third-party-outage", "erp", "refuse", ("a->erp:third-party",), "third party erp", "lost, refused"),
        ("shop-trouble", "shop", "throttled", (), "API shop", "errors"),
        ("shop-trouble", "shop", "subscriptions-removed", (), "webhooks shop", "subscriptions removed"),
        ("process-freeze", "app.nyc3", "freeze", (), "component app.nyc3", "frozen"),
        ("somebody-elses", "nyc3", "odd-ways", (), "place nyc3", "odd ways"),
    ],
)  # fmt: skip
def test_a_fault_is_a_failure_of_a_dependency(
    kind: str, target: str, mode: str, links: tuple[str, ...], dependency: str, failure: str
) -> None:
    assert dependency_of(kind, target, mode, links, PLACES).words == dependency
    assert failure_of(kind, mode) == failure


@pytest.mark.parametrize("kind", FAULTS)
def test_every_fault_that_there_is_has_a_name_as_a_failure(kind: str) -> None:
    for mode in FAULTS[kind].modes:
        assert failure_of(kind, mode)
        assert dependency_of(kind, "nyc3", mode, (), PLACES).kind


def test_what_the_witness_watches_is_what_there_is_to_depend_on() -> None:
    links = (
        "canary->nyc3:http", "canary.outside->us-east-1:dynamodb", "canary.nyc3->us-east-1:dynamodb-writes",
        "canary->erp:third-party", "canary->monitor.outside:process", "canary->digitalocean:digitalocean",
        "canary->digitalocean:record", "canary->shop:shop-trouble",
    )  # fmt: skip
    assert [one.words for one in watched(links)] == [
        "place nyc3", "database us-east-1", "third party erp", "DNS provider digitalocean", "API shop",
    ]  # fmt: skip
    assert Dependency("third party", "b").order > Dependency("database", "z").order


# --- a whole drill ----------------------------------------------------------------------------------------------------


class Shopping(SimulatedBackend):
    """A world in which somebody browses and pays once in each look; while the first place is away, nobody pays."""

    def __init__(self, story: Story) -> None:
        super().__init__(story)
        journeys = [{**BUY.model_dump(), "name": name} for name in ("browse", "pay")]
        workload = self.subject.workload.model_validate({"journeys": journeys})
        self.subject = self.subject.model_copy(update={"workload": workload})
        self._visits, self._shut = 0, False

    def poll(self) -> Sequence[Event]:
        found = list(super().poll())
        faults = [event for event in found if event.__class__.__name__ == "FaultEvent"]
        now_ns = self.clock.now_ns()
        for name in ("browse", "pay"):
            self._visits += 1
            worked = name == "browse" or not self._shut
            found.append(JourneyMade(name, f"v{self._visits}", "visitor-0", worked, now_ns, now_ns, now_ns + 1))
        for fault in faults:
            self._shut = fault.f == "start"  # type: ignore[union-attr]
        return found


def test_a_drill_with_journeys_says_what_could_still_be_done(tmp_path: Path) -> None:
    result = run(tmp_path / "d", there_and_back, Shopping)
    told = result.measured["journeys"]
    assert {one["name"] for one in told["watched"]} >= {EAST, WEST}
    assert [(c["dependency"]["name"], c["journey"], c["state"]) for c in told["cells"]] == [
        (EAST, "browse", "works"), (EAST, "pay", "does not work"),
    ]  # fmt: skip
    assert problems_of(result) == []
    filed = case_files.read(tmp_path / "d")
    assert filed.case.journeys is not None
    assert filed.case.journeys.names == ["browse", "pay"]


def test_a_drill_without_journeys_is_filed_as_before_there_were_any(tmp_path: Path) -> None:
    result = run(tmp_path / "d", there_and_back)
    assert "journeys" not in result.measured
    assert "journeys" not in to_plain(case_files.read(tmp_path / "d").case)
    assert b"journey" not in (tmp_path / "d" / "case.json").read_bytes()
    assert b"journey" not in (tmp_path / "d" / "history.jsonl").read_bytes()


def test_a_scenario_may_demand_that_something_can_still_be_done(tmp_path: Path) -> None:
    def shops_on(drill: Drill) -> None:
        drill.need_journeys(["browse", "pay"])
        only_recovery(drill)
        drill.require_journeys(["browse"])

    result = run(tmp_path / "good", shops_on, Shopping)
    (found,) = [one for one in result.results if one.name == "journey"]
    assert (found.verdict, found.text.partition(":")[0]) == (Verdict.MET, "browse works")

    def pays_on(drill: Drill) -> None:
        only_recovery(drill)
        drill.require_journeys(["browse", "pay"])

    result = run(tmp_path / "bad", pays_on, Shopping)
    assert result.verdict is Verdict.MISSED
    assert any(reason.startswith("pay does not work: ") for reason in result.reasons)


def test_a_drill_about_a_journey_that_the_subject_does_not_name_is_left_out(tmp_path: Path) -> None:
    with pytest.raises(NotMeasurable, match="the subject file names no journey 'track'"):
        run(tmp_path / "d", lambda drill: drill.need_journeys(["browse", "track"]), Shopping)
