"""A third party as a process, called over HTTP; and applications that tell one of each write, rightly and wrongly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import drill
from served_process import ServedProcess

from harness.faults.actions import undo
from harness.faults.commerce_actions import TroubleParty
from harness.history.codec import read
from harness.history.parties import PartyCall
from harness.parts.commerce.third_party.config import ThirdPartyConfig
from harness.parts.commerce.third_party.hand import PartyHand
from harness.parts.commerce.third_party.server import run
from harness.wire.admin_client import AdminClient
from harness.wire.ask import NoAnswer, ask

pytestmark = pytest.mark.live

SUBJECT = Path(__file__).parents[1] / "subjects" / "parties"
HERE, THERE = "us-east-1", "us-west-2"


class Erp(ServedProcess):
    """The process, on a thread of this one."""

    def __init__(self, folder: Path) -> None:
        self.events = folder / "events.jsonl"
        places = {HERE: ["127.0.0.1", 0], THERE: ["127.0.0.1", 0]}
        config = ThirdPartyConfig.parse({"system": "erp", "places": places, "events": str(self.events)})
        super().__init__(run, config, "places")
        self.own = AdminClient("erp", self.addresses["admin"])

    def told(self, key: str, idempotency: str, body: bytes | None = None, *, place: str = HERE, kind: str =
             "application/json", timeout_s: float = 5.0) -> tuple[int, Any]:  # fmt: skip
        headers = {"Content-Type": kind, "Idempotency-Key": idempotency}
        data = json.dumps({"version": 7}).encode() if body is None else body
        host, port = self.addresses[place]
        answer = ask((host, port), "POST", f"/v1/records/{key}", timeout_s=timeout_s, headers=headers, body=data)
        return answer.status, json.loads(answer.body)

    def asked(self, path: str) -> tuple[int, Any]:
        host, port = self.addresses[HERE]
        answer = ask((host, port), "GET", path, timeout_s=5.0)
        return answer.status, json.loads(answer.body)

    def calls(self) -> list[PartyCall]:
        return [event for event in read(self.events) if isinstance(event, PartyCall)]


@pytest.fixture
def erp(tmp_path: Path) -> Iterator[Erp]:
    found = Erp(tmp_path)
    yield found
    found.close()


def test_what_it_is_told_is_kept_and_stands_in_the_history_with_the_place_it_came_from(erp: Erp) -> None:
    status, body = erp.told("erp%3A1001", "erp:1001", place=THERE)
    assert (status, body["stored"]) == (201, True)
    assert erp.told("erp%3A1001", "erp:1001") == (200, body)
    status, found = erp.asked("/v1/records/erp%3A1001")
    assert (status, found["records"], found["record"]) == (200, 1, {"version": 7})
    assert erp.asked("/v1/records/1002")[0] == 404
    first, again = erp.calls()
    assert (first.key, first.idempotency, first.v) == ("erp:1001", "erp:1001", "7")
    assert (first.status, first.stored, first.repeated) == (201, True, False)
    assert (first.place, again.place, again.status, again.stored, again.repeated) == (THERE, HERE, 200, False, True)
    assert first.mono_ns <= first.returned_ns <= again.mono_ns


def test_bad_input_is_answered_and_is_no_record(erp: Erp) -> None:
    assert erp.told("1", "a", b"{")[0] == 400
    assert erp.told("1", "a", b"[1]")[0] == 400
    assert erp.told("1", "a", kind="text/plain")[0] == 415
    assert erp.told("1", "a", b'{"a": "' + b"x" * (1 << 20) + b'"}')[0] == 413
    assert erp.told("k" * 300, "a")[0] == 400
    assert erp.told("%F0%9F%9B%92%2F%22", "a", b'{"value": "\\ud83d"}')[0] in (201, 400)
    assert [call.status for call in erp.calls() if call.stored is False][:5] == [400, 400, 415, 413, 400]
    assert erp.own.get("/status")["keys"] <= 1


def test_troubles_begin_and_end_by_the_adversarys_hand(erp: Erp) -> None:
    hand = PartyHand("erp", lambda: erp.own)

    def brought_about(trouble: str, amount: float = 1.0) -> TroubleParty:
        action = TroubleParty("erp", f"t.{trouble}", trouble, amount)
        assert [applied.error for applied in hand.apply([action])] == [None]
        return action

    def ended(action: TroubleParty) -> None:
        mend = undo(action)
        assert mend is not None
        assert [applied.error for applied in hand.apply([mend])] == [None]

    lie = brought_about("lying")
    assert erp.told("1", "a") == (201, {"id": "rec_00000001", "stored": True})
    assert erp.asked("/v1/records/1")[0] == 404
    with pytest.raises(NoAnswer):
        erp.asked("/well")
    ended(lie)
    assert erp.asked("/well") == (200, {"well": True})
    silence = brought_about("unanswered")
    with pytest.raises(NoAnswer):
        erp.told("2", "b", timeout_s=0.3)
    ended(silence)
    assert erp.told("2", "b")[0] == 200
    closed = brought_about("maintenance")
    host, port = erp.addresses[HERE]
    answer = ask((host, port), "POST", "/v1/records/3", timeout_s=5.0, headers={"Content-Type": "application/json"},
                 body=b"{}")  # fmt: skip
    assert (answer.status, answer.headers.get("retry-after")) == (503, "5")
    ended(closed)
    assert [call.status for call in erp.calls()] == [201, None, 200, 503]
    wrong = hand.apply([TroubleParty("erp", "t", "sulking")])
    assert "a trouble has a name, and a kind" in (wrong[0].error or "")


@pytest.mark.parametrize(
    ("design", "scenario", "code", "said"),
    [
        ("outbox", "lost", 0, r"erp holds all of"),
        ("trusting", "lies", 1, "calls were answered 201 and stored nothing"),
    ],
)
def test_an_application_that_waits_is_met_and_one_that_believes_a_201_is_not(
    design: str, scenario: str, code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESIGN", design)
    feature, environment = SUBJECT / "drills.feature", SUBJECT / "environment.yaml"
    done, output = drill(tmp_path, "run", f"{feature}::{scenario}", "--environment", str(environment))
    assert done == code, output
    (found,) = tmp_path.glob("reports/2*/run.json")
    (result,) = json.loads(found.read_text())["drills"]
    texts = {one["name"]: one["text"] for one in result["results"]}
    assert said in texts["party-holds-writes"]
