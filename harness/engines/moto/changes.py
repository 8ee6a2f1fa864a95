"""Route 53's batches of changes as the control plane hands them over: judged already, so no quota of moto's counts.

Every change has an id of its own, and its comment comes back (API Reference, ChangeInfo).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random
from moto.route53.models import RecordSet
from moto.route53.responses import Route53

from harness.engines.moto.patching import Patches

_KEPT = {"geo_proximity_location": "GeoProximityLocation", "cidr_routing_config": "CidrRoutingConfig"}
_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def whole_batches(patches: Patches) -> None:
    """A batch is as large as AWS allows (moto counts each record of our rewritten batches twice)."""
    patches.wrap(Route53, "change_resource_record_sets", lambda _: _change)


def whole_record_sets(patches: Patches) -> None:
    """Record sets keep the routing policies that moto does not know."""

    def make(original: Callable[[RecordSet, dict[str, Any]], None]) -> Callable[[RecordSet, dict[str, Any]], None]:
        def __init__(self: RecordSet, kwargs: dict[str, Any]) -> None:
            original(self, kwargs)
            for attribute, field in _KEPT.items():
                setattr(self, attribute, kwargs.get(field))

        return __init__

    patches.wrap(RecordSet, "__init__", make)


def _change(self: Route53) -> Any:
    self.backend.change_resource_record_sets(self._get_param("HostedZoneId"), self._get_param("ChangeBatch.Changes"))
    change_id = "C" + "".join(mock_random.choice(_ID_LETTERS) for _ in range(20))
    told = {"Id": f"/change/{change_id}", "Status": "INSYNC", "SubmittedAt": utcnow()}
    comment = self._get_param("ChangeBatch.Comment")
    return ActionResult({"ChangeInfo": told if comment is None else {**told, "Comment": comment}})
