"""Whatever toxics delay, slice or throttle, and whenever they come and go: no byte is lost, doubled or overtaken."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.parts.links.toxiproxy.pipe import Pipe
from harness.parts.links.toxiproxy.toxics.bandwidth import Bandwidth
from harness.parts.links.toxiproxy.toxics.base import NEVER_NS, Chunk, End, Toxic
from harness.parts.links.toxiproxy.toxics.latency import Latency
from harness.parts.links.toxiproxy.toxics.slicer import Slicer
from harness.parts.links.toxiproxy.toxics.slow_close import SlowClose
from harness.units import NS_PER_MS

TOXICS: st.SearchStrategy[Toxic[Any]] = st.one_of(
    st.builds(Latency, latency=st.integers(0, 50), jitter=st.integers(0, 60)),
    st.builds(Bandwidth, rate=st.integers(1, 20)),
    st.builds(Slicer, average_size=st.integers(0, 20), size_variation=st.integers(0, 30), delay=st.integers(0, 900)),
    st.builds(SlowClose, delay=st.integers(0, 50)),
)
STEPS = st.lists(
    st.one_of(
        st.binary(min_size=1, max_size=200),
        st.tuples(st.just("add"), TOXICS),
        st.tuples(st.just("update"), TOXICS),
        st.just("remove"),
        st.integers(1, 40),
    ),
    max_size=25,
)


class Driver:
    """Moves the time on, and gathers what leaves."""

    def __init__(self) -> None:
        self.pipe = Pipe()
        self.now_ns = 0
        self.out = bytearray()
        self.ends = 0
        self.first_request_bytes = 0

    def run_until(self, until_ns: int) -> None:
        turns = 0
        while True:
            item = self.pipe.pop(self.now_ns)
            if item is None:
                next_ns = self.pipe.next_ns
                if next_ns > until_ns or next_ns >= NEVER_NS:
                    break
                assert next_ns > self.now_ns, "it asks to be called again at once, and then has nothing"
                self.now_ns = next_ns
            elif isinstance(item, Chunk):
                assert not self.ends, "data after the end"
                self.out += item.data
                self.first_request_bytes += item.starts_request
            else:
                self.ends += 1
            turns += 1
            assert turns < 100_000
        self.now_ns = max(self.now_ns, min(until_ns, 1 << 60))


@given(STEPS, st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_byte_leaves_once_and_in_order(steps: list[Any], remove_before_the_end: bool) -> None:
    driver = Driver()
    sent = bytearray()
    names: list[tuple[str, type]] = []
    chunks = 0
    for number, step in enumerate(steps):
        if isinstance(step, bytes):
            driver.pipe.push(Chunk(step, starts_request=True), driver.now_ns)
            sent += step
            chunks += 1
        elif isinstance(step, int):
            driver.run_until(driver.now_ns + step * NS_PER_MS)
        elif step == "remove":
            if names:
                driver.pipe.remove(names.pop(0)[0], driver.now_ns)
        elif step[0] == "add":
            names.append((f"t{number}", type(step[1])))
            driver.pipe.add(f"t{number}", step[1], Random(number), driver.now_ns)
        elif names and names[-1][1] is type(step[1]):
            driver.pipe.update(names[-1][0], step[1], driver.now_ns)
    driver.pipe.push(End(), driver.now_ns)
    if remove_before_the_end:
        for name, _ in names:
            driver.pipe.remove(name, driver.now_ns)
    driver.run_until(NEVER_NS - 1)
    assert bytes(driver.out) == bytes(sent)
    assert driver.ends == 1
    assert driver.first_request_bytes == chunks
