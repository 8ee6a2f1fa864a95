"""Changes are pending before they are in sync, and an account may call five times a second."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from route53_api import Api, api, code_of, patched_moto

from harness.parts.steering.route53.api import Refused
from harness.parts.steering.route53.pacing import Pacing

__all__ = ["api", "patched_moto"]

RECORD = {"Name": "a.shop.test", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}


def changed(api: Api) -> dict[str, Any]:
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": RECORD}]}
    told = api.route53.change_resource_record_sets(HostedZoneId=api.zone, ChangeBatch=batch)
    return dict(told["ChangeInfo"])


def test_a_change_is_pending_and_then_in_sync(api: Api) -> None:
    api._app.routes["POST", "/drill/pace"]({"insync_s": 3600})
    info = changed(api)
    assert info["Status"] == "PENDING"
    assert changed(api)["Id"] != info["Id"]
    assert api.route53.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "PENDING"
    api._app.routes["POST", "/drill/pace"]({"insync_s": 0})
    assert api.route53.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "INSYNC"


def test_more_calls_in_a_second_than_an_account_may_are_refused() -> None:
    pacing = Pacing()
    pacing.set({"calls_per_s": 2})
    theirs, ours = ({"HTTP_AUTHORIZATION": f"AWS4 Credential={who}/20260101/us-east-1"} for who in ("me", "data-plane"))
    pacing.let_in(theirs)
    pacing.let_in(theirs)
    with pytest.raises(Refused, match="Rate exceeded") as refused:
        pacing.let_in(theirs)
    assert (refused.value.status, refused.value.code) == ("400 Bad Request", "Throttling")
    pacing.let_in(ours)


def test_a_change_during_another_one_of_its_zone_is_refused_to_a_client(api: Api) -> None:
    api._app.routes["POST", "/drill/pace"]({"insync_s": 0, "calls_per_s": 100})
    told: list[str | None] = []
    first = threading.Thread(target=lambda: told.append(code_of(lambda: changed(api))))
    try:
        with api._app._one_at_a_time:  # so that the first one is not carried out before the second one is there
            first.start()
            until = time.monotonic() + 30
            while not api._app._pacing._busy:
                assert time.monotonic() < until, "the first one is not under way"
                first.join(0.001)
            assert code_of(lambda: changed(api)) == "PriorRequestNotComplete"
        first.join()
        assert told == [None]
    finally:
        api._app.routes["POST", "/drill/pace"]({})


def test_a_zone_is_changed_by_one_request_at_a_time() -> None:
    pacing = Pacing()
    pacing.set({"calls_per_s": 5})
    theirs = {"HTTP_AUTHORIZATION": "AWS4 Credential=me/20260101/us-east-1"}
    with pacing.alone(theirs, "Z1"):
        with pytest.raises(Refused) as refused, pacing.alone(theirs, "Z1"):
            raise AssertionError("two at a time")
        assert refused.value.code == "PriorRequestNotComplete"
        with pacing.alone(theirs, "Z2"):
            pass
    with pacing.alone(theirs, "Z1"):
        pass
