"""request_failure (extension): a share of the requests fails, on whichever connection they come."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.parts.links.toxiproxy.toxics.base import Chunk, Effect, End, Ending, Release, Stream, Toxic, ToxicEvent


@dataclass(frozen=True)
class RequestFailureState:
    """The connection's stream of draws, and whether a draw has failed it."""

    draws: Random
    failed: bool = False


@dataclass(frozen=True)
class RequestFailure(Toxic[RequestFailureState]):
    """With probability `rate` (0..1) a request resets its connection instead of being forwarded.

    A request is what the client sends first, after the connection opened or after bytes of an answer; pipelined
    requests count as one. Toxicity draws once per connection; this draws once per request.
    """

    kind: ClassVar[str] = "request_failure"
    streams: ClassVar[tuple[Stream, ...]] = ("upstream",)
    keeps_state: ClassVar[bool] = True

    rate: float = 0.0
    mode: str = "reset"

    def problem(self) -> str | None:
        if not 0 <= self.rate <= 1:
            return f"request_failure: rate is a share between 0 and 1, not {self.rate}"
        return None if self.mode == "reset" else f"request_failure: mode can only be reset, not {self.mode}"

    def initial(self, draws: Random) -> RequestFailureState:
        return RequestFailureState(draws)

    def step(
        self, state: RequestFailureState, event: ToxicEvent, now_ns: int
    ) -> tuple[RequestFailureState, tuple[Effect, ...]]:
        if state.failed or not isinstance(event, Chunk | End):
            return state, ()
        if isinstance(event, Chunk) and event.starts_request and state.draws.random() < self.rate:
            return RequestFailureState(state.draws, failed=True), (Release(End(Ending.RESET), now_ns),)
        return state, (Release(event, now_ns),)
