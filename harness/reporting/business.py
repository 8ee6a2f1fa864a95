"""What became of a business that went on elsewhere, in words. found: the evidence's `measured.business`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.drill.evidence import DrillResult

_ROWS = {
    "changes": "changes there",
    "things": "things that changed",
    "lost": "changes not known in the end",
    "undone": "things asked for and not done",
    "repeated": "things done more than once",
    "put_back": "older states over newer ones",
    "messages": "messages",
    "attempts": "attempts to deliver them",
    "given_up": "messages never delivered",
    "distrusted": "genuine messages refused as forged",
    "forged": "forged messages",
    "forged_taken": "forged messages taken",
    "told": "how it tells",
    "untold": "not told in the end",
}
_KNOWN = {"p50": "known after (half)", "p99": "known after (99 of 100)", "max": "known after (the last)"}


def rows(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """For the report: name -> value; what nobody knows is left out."""
    told = {words: found[name] for name, words in _ROWS.items() if found.get(name) not in (None, "")}
    late = found.get("known_after_s", {})
    return told | {words: f"{late[name]:.2f} s" for name, words in _KNOWN.items() if name in late}


def line(drill: DrillResult) -> str:
    """For the terminal: one line; "" where there was no business."""
    found: Mapping[str, Any] = drill.measured.get("business", {})
    if not found:
        return ""
    parts = [f"{found['changes']} changes, {found['lost']} not known in the end"]
    if found.get("repeated") is not None:
        parts.append(f"{found['repeated']} done more than once")
    if found.get("put_back") is not None:
        parts.append(f"{found['put_back']} put back")
    late = found.get("known_after_s", {})
    if "p50" in late and "p99" in late:
        parts.append(f"known after {late['p50']:.2f} s (half), {late['p99']:.2f} s (99 of 100)")
    parts.append(f"{found['messages']} messages in {found['attempts']} attempts, {found['given_up']} given up")
    return "; ".join(parts)
