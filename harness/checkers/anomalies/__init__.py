"""What a history, the final data and the commit logs say about each promise that a design gives of its data.

One result for each promise that was put to the test; see `anomalies`. Every result is exact about unknown outcomes, and
its findings print the two or three operations that show what is wrong.
"""

from __future__ import annotations

from harness.checkers.anomalies.all import anomalies

__all__ = ["anomalies"]
