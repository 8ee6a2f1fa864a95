"""Safety rules: which changes of routing controls they let through. Pure.

An assertion rule looks at its controls as they would be after the change, a gating rule at its gating controls as they
are before it, whenever one of the controls that it guards is changed. After a change that touched what a rule guards,
whatever touches that again is refused for the rule's wait period.

Sources: Recovery Control Configuration API Reference, AssertionRule, GatingRule, RuleConfig; that a gate is read before
the change, and that a period begins with a change that was carried out, is our reading of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

RuleType = Literal["ATLEAST", "AND", "OR"]
NS_PER_MS = 1_000_000


@dataclass(frozen=True)
class RuleConfig:
    """threshold: of ATLEAST. inverted: what would be true is false, and the other way round."""

    type: RuleType
    threshold: int
    inverted: bool

    def holds(self, controls: Collection[str], on: Collection[str]) -> bool:
        """Whether the controls, of which those in `on` are on, satisfy it."""
        count = sum(control in on for control in controls)
        needed = {"ATLEAST": self.threshold, "AND": len(controls), "OR": 1}[self.type]
        return (count >= needed) != self.inverted

    @property
    def words(self) -> str:
        """For people."""
        many = f"ATLEAST {self.threshold}" if self.type == "ATLEAST" else self.type
        return f"NOT {many}" if self.inverted else many


@dataclass(frozen=True)
class Rule:
    """guarded: the controls whose changes it judges. gates: the controls that a gating rule looks at; of an assertion
    rule (), since it looks at what it guards."""

    arn: str
    panel: str
    name: str
    kind: Literal["ASSERTION", "GATING"]
    guarded: tuple[str, ...]
    gates: tuple[str, ...]
    config: RuleConfig
    wait_ms: int


def objections(
    rules: Collection[Rule],
    changes: Mapping[str, bool],
    on: Collection[str],
    quiet_until_ns: Mapping[str, int],
    now_ns: int,
) -> Iterator[tuple[Rule, str]]:
    """Every rule that refuses these changes, and why. on: the controls that are on now. quiet_until_ns: by rule."""
    after = {control for control in {*on, *changes} if changes.get(control, control in on)}
    for rule in rules:
        if not any(control in changes for control in rule.guarded):
            continue
        left_ns = quiet_until_ns.get(rule.arn, 0) - now_ns
        if left_ns > 0:
            yield rule, f"its wait period of {rule.wait_ms} ms has {-(-left_ns // NS_PER_MS)} ms left"
        elif not rule.config.holds(rule.gates or rule.guarded, on if rule.gates else after):
            which = "gating controls" if rule.gates else "asserted controls"
            yield rule, f"{rule.config.words} of its {which} is not satisfied"


def quieted(
    rules: Collection[Rule], changed: Collection[str], quiet_until_ns: Mapping[str, int], now_ns: int
) -> dict[str, int]:
    """Until when each rule refuses what touches its controls, after these were changed."""
    begun = {
        rule.arn: now_ns + rule.wait_ms * NS_PER_MS
        for rule in rules
        if rule.wait_ms and any(control in changed for control in rule.guarded)
    }
    return {**quiet_until_ns, **begun}
