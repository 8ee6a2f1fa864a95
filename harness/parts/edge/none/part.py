"""No gateway: nothing is built."""

from __future__ import annotations

from harness.topology.environment import Spec
from harness.world.part import Blueprint, Part


def build(blueprint: Blueprint, spec: Spec) -> list[Part]:
    """None."""
    return []
