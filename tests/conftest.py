"""What all tests share: an inner pytest, and a world in fast forward for whoever needs whole drills."""

from __future__ import annotations

import sys
from pathlib import Path

pytest_plugins = ["pytester"]

# The simulated backend lies beside the unit tests; plugin tests run whole sessions on it.
sys.path.insert(0, str(Path(__file__).parent / "unit"))
