"""What stands beside Allure's results: the environment, and our categories for Allure 2 and Allure 3.

Allure 2 reads categories.json by itself; Allure 3 takes categories from a configuration only, so there is one:
`allure generate --config RESULTS/allurerc.json RESULTS` (Allure docs, "Defect categories" and "Configure").
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.drill.evidence import RunResult
from harness.errors import ENDINGS
from harness.outcome import Verdict
from harness.reporting import wording
from harness.storable_text import write_json


def _begins(word: str) -> str:
    """Any message that begins so: Java matches whole texts, and JavaScript has no inline flags."""
    return rf"{word}[\s\S]*"


CATEGORIES = (
    {"name": "Objective or promise missed", "matchedStatuses": ["failed"], "messageRegex": _begins("MISSED: ")},
    {"name": "Measurement not sharp enough", "matchedStatuses": ["broken"], "messageRegex": _begins("UNKNOWN: ")},
    {"name": "Drill proves nothing", "matchedStatuses": ["broken"], "messageRegex": _begins("INVALID: ")},
    {"name": "Drill aborted", "matchedStatuses": ["broken"], "messageRegex": _begins("ABORTED: ")},
    {"name": "Harness, machine or input", "matchedStatuses": ["broken"]},
    {"name": "Other failures", "matchedStatuses": ["failed"]},
)
_VERDICTS = {ending.__name__: verdict for verdict, ending in ENDINGS.items()}
_REACHED = re.compile(rf"(?:harness\.errors\.)?({'|'.join(_VERDICTS)}): ?")
_BETWEEN_FRAMES = re.compile(r"^(?:_ )+_?\s*$", re.MULTILINE)
_PLACE = re.compile(r"^(\S+\.py):\d+: ?\S*\s*$", re.MULTILINE)
_INTERNAL = re.compile(r"site-packages|(?:^|/)harness/|(?:^|/)lib/python3")


def reached(message: str) -> Verdict | None:
    """The verdict that ended a drill, from the message of its exception; None when something else ended it."""
    found = _REACHED.match(message)
    return None if found is None else _VERDICTS[found.group(1)]


def plain(message: str) -> str:
    """The message as people read it: `MISSED: clients were not served ...`."""
    verdict = reached(message)
    return message if verdict is None else _REACHED.sub(f"{verdict}: ", message, count=1)


def without_internals(trace: str) -> str:
    """The frames of a trace that are the user's own; "" when none is."""
    frames = _BETWEEN_FRAMES.split(trace)
    own = []
    for frame in frames:
        places = _PLACE.findall(frame)
        if places and not _INTERNAL.search(places[-1]):
            own.append(frame.strip("\n"))
    return "\n_ _ _\n".join(own)


def write(run: RunResult, directory: Path) -> None:
    """Write environment.properties, categories.json and allurerc.json into the folder of the results."""
    directory.mkdir(parents=True, exist_ok=True)
    facts = {
        "run": run.run_id,
        "environment": run.environment,
        "profile": run.profile,
        "subject": run.subject,
        "seed": "none" if run.seed is None else str(run.seed),
        "verdict": wording.headline(run),
        **{f"version.{name}": version for name, version in run.versions.items()},
        **{f"machine.{name}": value for name, value in run.machine.items()},
        **{
            f"measurable.{name}": "yes" if value is True else f"no: {value}" for name, value in run.capabilities.items()
        },
    }
    lines = [f"{_property(name, key=True)}={_property(value)}\n" for name, value in facts.items()]
    (directory / "environment.properties").write_text("".join(lines), encoding="ascii")
    write_json(directory / "categories.json", CATEGORIES, indent=2)
    configuration = {"name": "Disaster-recovery drills", "categories": {"rules": CATEGORIES}}
    write_json(directory / "allurerc.json", configuration, indent=2)


def _property(text: str, *, key: bool = False) -> str:
    """Text as a Java properties file wants it (java.util.Properties.load): ASCII, with escapes."""
    escaped = wording.one_line(text, 1000).replace("\\", "\\\\")
    if key:
        escaped = re.sub(r"[\s:=#!]", "_", escaped)
    utf16 = escaped.encode("utf-16-be")
    units = [int.from_bytes(utf16[index : index + 2]) for index in range(0, len(utf16), 2)]
    return "".join(chr(unit) if unit < 0x7F else f"\\u{unit:04x}" for unit in units)
