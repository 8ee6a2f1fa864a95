"""What the environment gave is in nothing that is filed, in whatever form an application repeats it; and a verdict does
not hang on it."""

from __future__ import annotations

import base64
import json
import re
import time
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from simulated_backend import EAST, WEST, SimulatedBackend, Story, plan, run_drill

from harness.drill.case_files import Filed
from harness.drill.facade import Drill
from harness.drill.masking import masked, masked_events
from harness.history.events import Commit, Completion, Invoke
from harness.outcome import Outcome
from harness.reporting import verification
from harness.wire.exchange import Response
from harness.wire.masking import Mask
from harness.wire.placeholders import without
from harness.witness.samples import MAX_CHARACTERS, Samples

SECRETS = ("Hunter2+/=secret", 'pä"ss\\wo rd/ü€', "sk-live-0123456789abcdef", "line one\nline two", "Qx7&<>'z")


def forms(secret: str) -> dict[str, str]:
    """How applications write a text."""
    data = secret.encode()
    return {
        "as it is": secret,
        "upper case": secret.upper(),
        "JSON": json.dumps(secret)[1:-1],
        "JSON with characters": json.dumps(secret, ensure_ascii=False)[1:-1],
        "JSON within JSON": json.dumps(json.dumps(secret))[3:-3],
        "JSON, all escaped": "".join(f"\\u{ord(letter):04X}" for letter in secret),
        "JSON with slashes": json.dumps(secret)[1:-1].replace("/", "\\/"),
        "percent": quote(secret, safe=""),
        "percent, small": quote(secret, safe="").lower(),
        "percent twice": quote(quote(secret, safe=""), safe=""),
        "percent, all": "".join(f"%{byte:02X}" for byte in data),
        "a form": quote_plus(secret),
        "base64": base64.b64encode(data).decode(),
        "base64 of a URL": base64.urlsafe_b64encode(data).decode().rstrip("="),
        "base64, small": base64.b64encode(data).decode().lower(),
        "basic authentication": base64.b64encode(b"me:" + data).decode(),
        "base64 in the middle": base64.b64encode(b"user=" + data + b"&x=1").decode(),
        "base64 in JSON": base64.b64encode(data).decode().replace("/", "\\/").replace("+", "\\u002b"),
        "hexadecimal": data.hex(),
        "HTML": "".join(f"&#{ord(letter)};" for letter in secret),
        "a NUL inside": secret[:5] + "\0" + secret[5:],
        "an unseen character inside": secret[:5] + "\u200b" + secret[5:],
        "a NUL inside, in JSON": secret[:3] + "\\u0000" + secret[3:],
    }


def around(form: str) -> str:
    """What is left of a form: of base64 that holds more than the secret, the digits of the rest."""
    return r"\w{0,7}\*\*\*[\w=]{0,7}" if form in ("basic authentication", "base64 in the middle") else r"\*\*\*"


CASES = [pytest.param(secret, form, id=f"{secret[:4]!r}: {form}") for secret in SECRETS for form in forms(secret)]


@pytest.mark.parametrize(("secret", "form"), CASES)
def test_a_secret_is_found_in_every_form(secret: str, form: str) -> None:
    written = forms(secret)[form]
    text = f"before {written} after"
    assert re.fullmatch(f"before {around(form)} after", Mask([secret]).text(text))
    assert re.fullmatch(f"before {around(form)} after", without(text.encode(), [secret]).decode())
    assert Mask([secret]).finds(f"x {written} y")


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("blanks", [0, 150, 190, 780, 795, 799, 800, 801, 64 * 1024 - 3, 64 * 1024])
@pytest.mark.parametrize("blank", [" ", "\n", "\0", "\u200b"])
def test_no_part_of_a_secret_gets_past_the_end_of_a_sample(secret: str, blanks: int, blank: str) -> None:
    answer = Response(503, {}, (blank * blanks + secret + " tail").encode(), False, "no")
    sample = Samples([secret]).take(failed(), answer)
    assert sample is not None
    assert len(sample.body) <= MAX_CHARACTERS
    for at in range(len(secret) - 3):
        assert " ".join(secret[at : at + 4].split()) not in sample.body or not secret[at : at + 4].strip()


@pytest.mark.parametrize(("secret", "form"), CASES)
def test_a_sample_holds_no_form_of_a_secret(secret: str, form: str) -> None:
    body = f'{{"error": "{forms(secret)[form]}", "what": "no"}}'.encode()
    answer = Response(503, {"server": forms(secret)[form]}, body, False, forms(secret)[form])
    sample = Samples([secret]).take(failed(), answer)
    assert sample is not None
    assert re.fullmatch(f'{{"error": "{around(form)}", "what": "no"}}', sample.body)
    assert re.fullmatch(f"503 {around(form)}", sample.status_line)
    [header] = sample.headers
    assert re.fullmatch(f"server: {around(form)}", header)


def test_what_only_looks_like_a_secret_stays() -> None:
    text = "the quick brown fox, 0123456789, /path?x=%20, dGVzdA=="
    assert Mask(["secret-of-mine", "abc"]).text(text) == text
    assert not Mask(["abc"])


def test_a_long_log_is_looked_through_in_time() -> None:
    log = b'10.0.0.1 - - "GET /orders/17f2c8a0-1-c3-45 HTTP/1.1" 200 {"value": "x\\"y"}\n' * 10_000
    began = time.process_time()
    assert without(log + b"Hunter2+/=secret", SECRETS)[:-3] == log
    assert time.process_time() - began < 30


# --- the history ------------------------------------------------------------------------------------------------------

SECRET = SECRETS[2]


def failed() -> Completion:
    return Completion("o", 0, "c", "dns", "put", "k", "v", Outcome.INFO, 1, status=503)


def read(op: str, key: str, value: str | None) -> tuple[Invoke, Completion]:
    asked = Invoke(op, 0, "c", "dns", "get", key, None, 1, 1)
    return asked, Completion(op, 0, "c", "dns", "get", key, value, Outcome.OK, 2)


def created(op: str, given: str) -> tuple[Invoke, Completion]:
    asked = Invoke(op, 0, "c", "dns", "put", op, op, 1, 1)
    return asked, Completion(op, 0, "c", "dns", "put", given, op, Outcome.OK, 2)


def test_values_and_ids_with_a_secret_are_told_apart_and_not_told(tmp_path: Path) -> None:
    one, two = f"id-{SECRET}-1", f"id-{base64.b64encode(SECRET.encode()).decode()}-2"
    events = [*created("op1", one), *created("op2", two), *read("op3", one, "op1"), *read("op4", two, SECRET)]
    case = Drill(SimulatedBackend(Story()), plan(), tmp_path).record.case
    commits = [Commit(EAST, "t", one, "op1", 1, 1), Commit(EAST, "t", two, SECRET, 2, 2)]
    final = {EAST: {"t": {one: "op1", two: SECRET}}, WEST: {"t": {one: "op1", two: None}}}
    filed = masked(Filed(case, events, commits, final), [SECRET])
    for hidden in (one, two, SECRET):
        assert hidden not in repr((filed.events, filed.commits, filed.final))
    keys = [event.k for event in filed.events if isinstance(event, Completion)]
    assert keys[0] == keys[2] != keys[1] == keys[3]
    assert [commit.k for commit in filed.commits or ()] == keys[:2]
    assert filed.final is not None
    assert list(filed.final[EAST]["t"]) == keys[:2]
    assert filed.final[WEST]["t"][keys[1]] is None
    [last] = [event.v for event in filed.events if isinstance(event, Completion) and event.op == "op4"]
    assert last == filed.final[EAST]["t"][keys[1]]
    # What we named ourselves stays as it is, whatever it has in it by chance.
    assert [event.v for event in filed.events if isinstance(event, Completion)][:3] == ["op1", "op2", "op1"]


def test_our_own_names_and_what_is_counted_with_stay() -> None:
    added = Invoke("add-1234", 0, "c", "dns", "add", "counter", "1", 1, 1)
    events = [added, *read("op-1234", "counter", "1234"), *created("put-1234", "put-1234")]
    assert masked_events(events, ["1234"]) == events


def test_without_a_secret_nothing_is_another_object() -> None:
    events = list(read("a", "k", "v"))
    assert masked_events(events, []) is events


def test_a_drill_whose_application_repeats_a_secret_is_judged_as_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.promise(rpo_items=10)
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region=EAST, mode="black-hole")
        drill.require_recovery(WEST)
        drill.require("rpo")

    story = Story(lag_s=0.2)
    plainly = run_drill(tmp_path / "plain", scenario, story)
    monkeypatch.setattr("harness.drill.running.values", lambda *_: ["dns-0", "dns-1", EAST])
    hidden = run_drill(tmp_path / "hidden", scenario, story)
    assert (hidden.verdict, hidden.reasons) == (plainly.verdict, plainly.reasons)
    assert hidden.rpo == plainly.rpo
    again = verification.recompute(tmp_path / "hidden")
    assert again["verdict"] == hidden.verdict
