"""Probes take effect when the documentation says: every setting of the benchmark, in fewer runs."""

from __future__ import annotations

import importlib.util
import statistics
import sys
from pathlib import Path
from typing import Any

import pytest

RUNS = 60


def benchmark() -> Any:
    path = Path(__file__).parents[2] / "benchmarks" / "pods.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_pods", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


PODS = benchmark()


@pytest.mark.parametrize("setting", PODS.SETTINGS, ids=lambda setting: setting.name)
def test_a_probe_takes_effect_by_the_documented_law(setting: Any) -> None:
    found = PODS.taken_s(setting, RUNS)
    assert statistics.median(found) == pytest.approx(setting.law_s(0.5), rel=0.02)
    assert found[RUNS * 95 // 100] == pytest.approx(setting.law_s(0.95), rel=0.02)
    assert setting.law_s(0) <= found[0]
    assert found[-1] <= setting.law_s(1)
