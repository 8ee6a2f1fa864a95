"""What Allure is told, and what becomes of the page that it makes: one that asks nobody for anything.

Allure 3 puts Google's analytics into every page, and has no setting against it. The two script tags are taken out, and
a content security policy keeps the page from every other host; one that would ask some all the same is refused.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from harness.drill.evidence import RunResult
from harness.errors import WorldError
from harness.reporting.allure_metadata import CATEGORIES
from harness.reporting.wording import one_line

_NAME = "Disaster-recovery drills, run "
_SOURCES = "'self' 'unsafe-inline' data: blob:"
POLICY = f"default-src {_SOURCES}; object-src 'none'; form-action 'none'"
_HEAD = '<meta charset="utf-8">'
_TAG = re.compile(r'\s*<script\b[^>]*\bsrc="https?://(?:[a-z-]+\.)*googletagmanager\.com/[^"]*"[^>]*>\s*</script>')
_CALLS = re.compile(r"\s*<script>\s*window\.dataLayer\s*=(?:(?!</script>)[\s\S]){0,2000}</script>")
_LOADED = re.compile(
    r"<(?:script|link|img|iframe|source|object|embed)\b[^>]{0,2000}?\b(?:src|href|data)=[\"']?(?:https?:)?//", re.I
)
_TOLD = re.compile(r"googletagmanager|google-analytics|window\.dataLayer|\bgtag\(")


def name_of(run_id: str) -> str:
    """What a run's page, and its point in the history, is called."""
    return _NAME + run_id


def run_of(name: str) -> str | None:
    """The run that a point of the history is about; None for somebody else's."""
    return name.removeprefix(_NAME) if name.startswith(_NAME) and name != _NAME else None


def configuration(run: RunResult, output: Path, history: Path, *, single_file: bool) -> dict[str, Any]:
    """An allurerc.json. history: read before, and added to. single_file: all in one page, which opens by itself."""
    return {
        "name": name_of(one_line(run.run_id)),
        "output": str(output),
        "historyPath": str(history),
        "appendHistory": True,
        "categories": {"rules": CATEGORIES},
        "plugins": {
            "awesome": {
                "options": {
                    "singleFile": single_file,
                    "reportLanguage": "en",
                    "groupBy": ["feature", "story"],
                    "theme": "auto",
                }
            }
        },
    }


def quiet(page: str, what: str) -> str:
    """The page without analytics, and kept from asking anybody. what: the page, for the message.

    Raises WorldError where something is left that would.
    """
    page = _CALLS.sub("", _TAG.sub("", page))
    rest = re.sub(r"data:[a-z/+-]+;base64,[A-Za-z0-9+/=]+", "", page)  # what the page carries with it
    if _HEAD not in page or _TOLD.search(rest) or _LOADED.search(rest):
        raise WorldError(
            f"{what}: this version of Allure makes pages that ask other hosts, and it is not known how to stop it"
        )
    return page.replace(_HEAD, f'{_HEAD}\n    <meta http-equiv="Content-Security-Policy" content="{POLICY}">', 1)
