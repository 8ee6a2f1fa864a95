"""When judging itself breaks off: said as what it is, a mistake of the harness, with the place of it.

What a drill saw is worth too much to be lost with it: it stays filed, and can be judged anew.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import DrillError, JudgingFailed

_PACKAGE = Path(__file__).resolve().parents[2]
_LONGEST = 1000


@contextmanager
def judging() -> Iterator[None]:
    """What breaks off in the block becomes a JudgingFailed; errors that were raised on purpose stay as they are."""
    try:
        yield
    except DrillError:
        raise
    except Exception as error:
        raise JudgingFailed(in_words(error)) from error


def in_words(error: Exception) -> str:
    """That judging failed, where in the harness, and how."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    said = " ".join(str(error).split())
    text = f"judging failed{_place(error)}: {name}{f': {said}' if said else ''}"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _place(error: Exception) -> str:
    """The last line of ours that it came through, and none of this machine's paths."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(_PACKAGE) and path != Path(__file__).resolve():
            return f" in {path.relative_to(_PACKAGE.parent)}:{frame.lineno}"
    return ""
