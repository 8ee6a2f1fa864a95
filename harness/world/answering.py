"""Whether a server still answers, asked beside whatever else goes on.

One that hangs may have its connections taken by the kernel for as long as its backlog has room: only a question shows
it. A question takes time, so it is put by a thread; whoever looks learns what has been found until then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from harness.wire.ask import NoAnswer

PATIENCE_S = 15.0
"""A server that is busy may be slow: it is silent when it has not answered for so long."""


class Answering:
    """ask: one question, with the time that it may take; raises NoAnswer where nothing has come by then. found: why it
    counts as silent, once it does."""

    def __init__(self, ask: Callable[[float], object], patience_s: float = PATIENCE_S) -> None:
        self._ask = ask
        self._patience_s = patience_s
        self._under_way: threading.Thread | None = None
        self.found: str | None = None

    def silent(self) -> str | None:
        """What has been found; None until then. Returns at once, and sees to it that it is asked."""
        if self.found is None and (self._under_way is None or not self._under_way.is_alive()):
            self._under_way = threading.Thread(target=self._look, name="answering", daemon=True)
            self._under_way.start()
        return self.found

    def _look(self) -> None:
        try:
            self._ask(self._patience_s)
        except NoAnswer as error:
            self.found = str(error)
