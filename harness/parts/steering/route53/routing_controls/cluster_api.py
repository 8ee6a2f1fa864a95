"""A cluster's endpoint: reading and setting routing controls. No I/O.

JSON 1.0: `POST /` with `X-Amz-Target: ToggleCustomerAPI.OPERATION`. Source: botocore's description of
`route53-recovery-cluster` 2019-12-02. The HTTP statuses of errors are the API reference's; clients go by `__type`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.parts.steering.route53.routing_controls.config_api import OWNER
from harness.parts.steering.route53.routing_controls.quotas import CONTROLS_IN_ONE_CALL
from harness.parts.steering.route53.routing_controls.things import (
    MISSING,
    Control,
    Effect,
    Event,
    Panel,
    Refused,
    State,
    Switched,
)
from harness.parts.steering.route53.routing_controls.values import (
    Reply,
    Wrong,
    arn_of,
    arns_of,
    invalid,
    one_of,
    page,
    whole_of,
)

PREFIX = "ToggleCustomerAPI."
AWAY = "EndpointTemporarilyUnavailableException"
THROTTLED, LIMITED = "ThrottlingException", "ServiceLimitExceededException"
_PAGE_DEFAULT = 500


@dataclass(frozen=True)
class ClusterApi:
    """state, happened: of the world that it reads and changes. away: whether this endpoint is away for maintenance.
    busy: told of each call that would change something; whether that is one too many."""

    state: Callable[[], State]
    happened: Callable[[Event], tuple[Effect, ...]]
    away: Callable[[], bool]
    busy: Callable[[], bool] = lambda: False

    def answer(self, target: str, body: Any) -> Reply:
        """Carry out one call. target: X-Amz-Target; body: its JSON, None where it cannot be read."""
        try:
            if self.away():
                raise Wrong(AWAY, "The cluster endpoint isn't available. Try another cluster endpoint.")
            if not isinstance(body, dict):
                raise Wrong("ValidationException", "The body cannot be read.", reason="cannotParse")
            return Reply(200, self._answer(target.removeprefix(PREFIX), body))
        except Wrong as wrong:
            return Reply(wrong.status, {"__type": wrong.code, "message": str(wrong), **wrong.more}, wrong.code)

    def _answer(self, operation: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        match operation:
            case "GetRoutingControlState":
                control = self._control(arn_of(body, "RoutingControlArn"))
                told = self._told(control)
                return {key: told[key] for key in ("RoutingControlArn", "RoutingControlState", "RoutingControlName")}
            case "ListRoutingControls":
                return self._listed(body)
            case "UpdateRoutingControlState":
                return self._switch([body], body)
            case "UpdateRoutingControlStates":
                entries = body.get("UpdateRoutingControlStateEntries")
                if not isinstance(entries, list) or not entries or not all(isinstance(e, dict) for e in entries):
                    raise invalid("UpdateRoutingControlStateEntries must be a list that is not empty")
                if len(entries) > CONTROLS_IN_ONE_CALL:
                    text = (
                        f"At most {CONTROLS_IN_ONE_CALL} routing controls are updated in one call, not {len(entries)}."
                    )
                    raise Wrong(
                        LIMITED, text, limitCode="RoutingControlsPerUpdate", serviceCode="route53-recovery-cluster"
                    )
                return self._switch(entries, body)
        raise Wrong("ValidationException", "This operation does not exist.", reason="unknownOperation")

    def _switch(self, entries: list[Mapping[str, Any]], body: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.busy():
            raise Wrong(THROTTLED, "Rate exceeded")
        changes = {
            arn_of(entry, "RoutingControlArn"): one_of(entry, "RoutingControlState", ("On", "Off")) == "On"
            for entry in entries
        }
        overridden = arns_of(body, "SafetyRulesToOverride", needed=False)
        for effect in self.happened(Switched(changes, overridden)):
            if isinstance(effect, Refused):
                raise Wrong(effect.code, effect.text, resourceId=effect.resource, resourceType=effect.kind)
        return {}

    def _listed(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        state, within = self.state(), body.get("ControlPanelArn")
        if within is not None and not isinstance(state.things.get(arn_of(body, "ControlPanelArn")), Panel):
            raise Wrong(MISSING, f"The control panel {within} does not exist.", resourceId=within)
        controls = [c for c in state.of(Control, within or "") if isinstance(c, Control)]
        size = whole_of(body, "MaxResults", _PAGE_DEFAULT) or _PAGE_DEFAULT
        found, rest = page([self._told(control) for control in controls], size, body.get("NextToken"))
        return {"RoutingControls": found, **rest}

    def _control(self, arn: str) -> Control:
        found = self.state().things.get(arn)
        if not isinstance(found, Control):
            raise Wrong(
                MISSING, f"The routing control {arn} does not exist.", resourceId=arn, resourceType="RoutingControl"
            )
        return found

    def _told(self, control: Control) -> Mapping[str, Any]:
        state = self.state()
        panel = state.things.get(control.panel)
        return {
            "ControlPanelArn": control.panel,
            "ControlPanelName": "" if panel is None else panel.name,
            "RoutingControlArn": control.arn,
            "RoutingControlName": control.name,
            "RoutingControlState": "On" if control.arn in state.on else "Off",
            "Owner": OWNER,
        }
