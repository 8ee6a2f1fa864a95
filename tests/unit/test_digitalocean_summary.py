"""What `drill env status` says of an account: balancers, records and where they lead, trouble; and whose a call was."""

from __future__ import annotations

from test_digitalocean_api import APP, BALANCER, Account

from harness.engines.dns.answering import AnswerChanged, Freeze
from harness.engines.provider.telling import answer_told
from harness.engines.provider.values import Called
from harness.history.events import Happening
from harness.parts.steering.digitalocean.model import Trouble
from harness.parts.steering.digitalocean.summary import lines
from harness.parts.steering.digitalocean.telling import DRILL, call_told

PLACES = {"192.0.2.1": "nyc3", "192.0.2.2": "sfo3"}
PATH = "/v2/domains/example.com/records"


def told(account: Account) -> list[tuple[str, str, str]]:
    found = lines(account.provider, account.state, PLACES, account.now_ns)
    return [(line["what"], line["where"], line["about"]) for line in found]


def test_balancers_and_records_are_told_as_they_are() -> None:
    account = Account()
    account.domain()
    record = account.record(ttl=60)
    account.made("/v2/load_balancers", BALANCER)
    checks = "in nyc3, asks /"
    record_line = (f"record A {APP}", "192.0.2.1", f"leads to nyc3, TTL 60 s, id {record['id']}")
    assert told(account) == [("load balancer lb-nyc3", "", f"new, {checks}"), record_line]
    account.wait(61)
    (what, where, about), _ = told(account)
    assert (what, where != "", about) == ("load balancer lb-nyc3", True, f"active, {checks}")


def test_what_name_servers_still_answer_and_the_trouble_of_the_api_are_told() -> None:
    account = Account()
    account.domain()
    record = account.record()
    account.happened(Freeze(APP))
    account.call("PUT", f"{PATH}/{record['id']}", {"type": "A", "data": "192.0.2.2"})
    account.happened(Trouble("t", "throttled"))
    (api, found) = told(account)
    assert api == ("API", "", "in trouble: throttled")
    assert found[1:] == (
        "192.0.2.2", f"leads to sfo3, TTL 1800 s, id {record['id']}, name servers still answer 192.0.2.1"
    )  # fmt: skip


def test_an_account_with_many_records_is_no_screenful() -> None:
    account = Account()
    account.domain()
    for number in range(80):
        account.record(name=f"app-{number}")
    assert (len(told(account)), told(account)[-1]) == (51, ("30 more", "", "see the API"))


def test_whose_a_call_was_is_told_by_its_token() -> None:
    account = Account(callers={"one": "intermediary.outside", "silent": "", "drill": DRILL})
    account.domain()
    body = {"type": "A", "name": "app", "data": "192.0.2.1", "ttl": 60}
    for token, by in (("one", "intermediary.outside"), ("silent", ""), ("secret", "by hand"), ("x", "a wrong token")):
        account.call("POST", PATH, body, token)
        assert [effect.by for effect in account.effects if isinstance(effect, Called)] == [by]
        if by == "intermediary.outside":
            assert [effect.by for effect in account.effects if isinstance(effect, AnswerChanged)] == [by]


def test_calls_that_change_nothing_are_no_news_unless_the_api_refuses_them_for_its_own_sake() -> None:
    account = Account()
    account.domain()
    account.call("GET", PATH)
    account.call("GET", "/v2/domains/other.com")
    assert not [effect for effect in account.effects if isinstance(effect, Called)]
    account.happened(Trouble("t", "throttled"))
    account.call("GET", PATH)
    assert Called("GET", PATH, 429) in account.effects
    account.happened(Trouble("t", "unanswered"))
    account.call("DELETE", "/v2/domains/example.com")
    assert Called("DELETE", "/v2/domains/example.com", 0) in account.effects


def test_what_people_hear_of_calls_and_answers() -> None:
    assert call_told(Called("PUT", "/x", 200, "intermediary.outside"), 7) == Happening(
        "call", "intermediary.outside", "PUT /x", 7, "200", lasts=False, good=True
    )
    lost = call_told(Called("PUT", "/x", 0, DRILL), 7)
    assert (lost.text, lost.good, lost.source) == ("carried out, and never answered", None, "harness")
    assert call_told(Called("GET", "/x", 429), 7).good is False
    changed = AnswerChanged(APP, ("192.0.2.2",), 6, "intermediary.outside", ("192.0.2.1", "192.0.2.9"))
    assert answer_told(changed, PLACES, 7) == Happening(
        "record", APP, "sfo3", 7, "192.0.2.2, TTL 6 s, intermediary.outside", before="nyc3 + 192.0.2.9"
    )
    gone = answer_told(AnswerChanged(APP, (), 0, DRILL, ("192.0.2.1",)), PLACES, 7)
    assert (gone.what, gone.good, gone.text, gone.before) == ("no such name", False, DRILL, "nyc3")
