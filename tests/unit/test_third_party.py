"""A system of somebody else's: what it keeps, what it makes of repeats, and what it does in trouble."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from simulated_backend import Nowhere, environment, subject

from harness.errors import InputError
from harness.faults.commerce_actions import RelieveParty, TroubleParty
from harness.faults.needs import THIRD_PARTIES
from harness.parts.commerce.third_party import model, spec
from harness.parts.commerce.third_party.config import ThirdPartyConfig
from harness.parts.commerce.third_party.part import build
from harness.parts.commerce.third_party.server import describe
from harness.topology.environment import Section
from harness.topology.timing import Profile, Timing
from harness.units import NS_PER_S
from harness.world.part import Blueprint


class Erp:
    """The machine, with a clock that is set."""

    def __init__(self) -> None:
        self.state = model.State(seed=7)
        self.now_s = 0.0

    def happen(self, event: model.Event) -> model.Answer | None:
        self.state, effects = model.step(self.state, event, round(self.now_s * NS_PER_S))
        return effects[0] if effects else None

    def told(self, key: str, idempotency: str = "", body: Mapping[str, Any] | None = None) -> model.Answer:
        answer = self.happen(model.Told(key, idempotency, {} if body is None else body))
        assert answer is not None
        return answer

    def asked(self, key: str) -> int:
        answer = self.happen(model.Asked(key))
        assert answer is not None
        return answer.status

    def well(self) -> bool:
        answer = self.happen(model.Looked())
        assert answer is not None
        return not answer.cut


def test_a_record_is_kept_once_under_its_idempotency_key_and_again_under_another() -> None:
    erp = Erp()
    first, again = erp.told("1001", "a", {"version": 1}), erp.told("1001", "a", {"version": 2})
    assert (first.status, first.stored, first.repeated) == (201, True, False)
    assert (again.status, again.stored, again.repeated) == (200, False, True)
    assert again.body == first.body
    assert erp.told("1001", "b").stored
    assert erp.told("1001").stored  # without any key it is an order entered by hand, each time
    answer = erp.happen(model.Asked("1001"))
    assert answer is not None
    assert (answer.body["records"], erp.asked("1002")) == (3, 404)
    assert describe(erp.state) == {"records": 3, "keys": 1, "calls": 6, "troubles": {}}


def test_one_that_lies_says_201_keeps_nothing_and_keeps_it_when_told_again_afterwards() -> None:
    erp = Erp()
    kept = erp.told("1", "known")
    erp.happen(model.Trouble("t", "lying"))
    lie = erp.told("2", "new")
    assert (lie.status, lie.body["stored"], lie.stored) == (201, True, False)
    assert (erp.asked("2"), erp.asked("1")) == (404, 200)
    assert erp.told("1", "known").body == kept.body  # what it has, it has
    assert not erp.well()
    erp.happen(model.Relief("t"))
    assert erp.told("2", "new").stored
    assert erp.well()


def test_one_that_never_answers_has_kept_it_all_the_same() -> None:
    erp = Erp()
    erp.happen(model.Trouble("t", "unanswered"))
    answer = erp.told("1", "a")
    assert (answer.silent, answer.stored) == (True, True)
    erp.happen(model.Relief("t"))
    assert erp.told("1", "a").repeated


@pytest.mark.parametrize(("kind", "status"), [("maintenance", 503), ("failing", 503), ("wrong", 200)])
def test_in_trouble_nothing_is_kept(kind: model.TroubleKind, status: int) -> None:
    erp = Erp()
    erp.happen(model.Trouble("t", kind, 1.0))
    answer = erp.told("1", "a")
    assert (answer.status, answer.stored, answer.garbage) == (status, False, kind == "wrong")
    assert (answer.retry_after_s is not None) is (status == 503)
    assert not erp.well()
    erp.happen(model.Reset())
    assert erp.told("1", "a").stored


def test_a_share_of_the_calls_is_drawn_from_the_seed() -> None:
    found = []
    for _ in range(2):
        erp = Erp()
        erp.happen(model.Trouble("t", "failing", 0.3))
        found.append([erp.told(str(n)).status for n in range(1000)])
    assert found[0] == found[1]
    assert 250 < found[0].count(503) < 350


def test_a_limit_lets_so_many_calls_a_second_in_and_says_how_long_to_wait() -> None:
    erp = Erp()
    erp.happen(model.Trouble("t", "limited", 2.0))
    answers = []
    for tenth in range(100):
        erp.now_s = tenth / 10
        answers.append(erp.told(str(tenth)))
    assert 19 <= sum(answer.stored for answer in answers) <= 21
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.retry_after_s == 1
    slow = Erp()
    slow.happen(model.Trouble("t", "limited", 0.1))
    assert slow.told("1").stored
    assert slow.told("2").retry_after_s == 10


def test_what_is_no_object_is_refused_and_is_no_call() -> None:
    erp = Erp()
    answer = erp.happen(model.Told("1", "a", None))
    assert answer is not None
    assert (answer.status, answer.stored, erp.state.calls) == (400, False, 0)


@pytest.mark.parametrize(
    ("body", "version"),
    [({"version": 7}, "7"), ({"value": "x"}, "x"), ({"version": "2026-01-01T00:00:00Z", "value": "x"},
      "2026-01-01T00:00:00Z"), ({"version": {"b": 1, "a": 2}}, '{"a": 2, "b": 1}'), ({}, ""), (None, "")],
)  # fmt: skip
def test_the_version_that_a_body_tells(body: Mapping[str, Any] | None, version: str) -> None:
    assert model.version_told(body) == version


# --- the part ---------------------------------------------------------------------------------------------------


def blueprint() -> Blueprint:
    given = environment().model_copy(update={"third_parties": Section(kind="third_party")})
    return Blueprint(given, subject(), Timing(Profile.FAST))


class Ground(Nowhere):
    """Where every place that calls has an address."""

    def spawn(self, group: str, name: str, module: str, config: Mapping[str, Any]) -> Any:
        process = super().spawn(group, name, module, config)
        ThirdPartyConfig.parse(config)
        told = {"places": {place: ["127.0.0.1", 9000 + n] for n, place in enumerate(config["places"])}}
        return type("P", (), {"ready": lambda _, timeout_s: {**process.ready(timeout_s), **told}})()


def test_every_instance_reaches_each_system_over_a_link_of_its_own() -> None:
    world = blueprint()
    parts = build(world, spec.ThirdParties())
    assert [part.system for part in parts] == ["erp", "crm", "fulfilment"]
    for part in parts:
        ground: Any = Ground(world.environment)
        part.start(ground)
        links = {arrow.link.name: arrow for arrow in part.arrows()}
        instances = world.subject.instances(world.environment)
        assert set(links) == {f"{one.name}->{part.system}:third-party" for one in instances} | {
            f"canary->{part.system}:third-party"
        }
        for one in instances:  # by its address it is known from where a call came
            assert links[f"{one.name}->{part.system}:third-party"].upstream == part.endpoints()[one.place]
        assert part.capabilities() == {THIRD_PARTIES: True}
        [hand] = part.hands()
        assert hand.takes(TroubleParty(part.system, "t", "lying"))
        assert not hand.takes(RelieveParty("another", "t"))


def test_systems_that_are_called_like_something_else_are_refused() -> None:
    named = Section(kind="third_party", systems=["erp", "clients", "us-east-1"])
    found = list(spec.mistakes(environment().model_copy(update={"third_parties": named})))
    assert [mistake.location for mistake in found] == [("third_parties", "systems", 1), ("third_parties", "systems", 2)]
    with pytest.raises(ValueError, match="two systems have the same name"):
        spec.ThirdParties(systems=("erp", "erp"))
    with pytest.raises(InputError, match=r"third_party\.places"):
        ThirdPartyConfig.parse({"system": "erp", "places": {}})
