"""Calls into parts: what their code raises is told with the part's name, and where in its code it happened."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import DrillError, WorldError


@contextmanager
def calling(part: str, what: str) -> Iterator[None]:
    """Around a call of a part. Raises WorldError for whatever is not one of our own errors, those pass.

    part: as people know it, for instance `load_balancer.kind: mine`. what: the function that is called.
    """
    try:
        yield
    except DrillError:
        raise
    except Exception as error:  # a part may come from any package
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        raise WorldError(f"{part}: {what} failed with {type(error).__name__}: {error} ({where})") from error
