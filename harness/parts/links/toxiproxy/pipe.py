"""One direction of one connection: its toxics in a row, each with a queue. No I/O; the caller brings the time.

    push -> [toxic | queue] -> [toxic | queue] -> leaving -> pop

An item leaves a queue when it is due and the next toxic has room, so a slow toxic holds up the ones before it, and
in the end the source (`has_room` is False: stop reading).
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any

from harness.parts.links.toxiproxy.toxics.base import (
    NEVER_NS,
    Chunk,
    End,
    Ending,
    Item,
    Release,
    Started,
    Tick,
    Toxic,
    ToxicEvent,
)


class _Stage:
    """A toxic at work on this pipe, and what waits inside it."""

    def __init__(self, name: str, toxic: Toxic[Any], draws: Random, now_ns: int) -> None:
        self.name = name
        self.toxic = toxic
        self.draws = draws
        self.state = toxic.initial(draws)
        self.queue: deque[tuple[int, Item]] = deque()
        self.queued_bytes = 0
        self.wake_ns = NEVER_NS
        self._last_ns = 0
        self.feed(Started(), now_ns)

    def feed(self, event: ToxicEvent, now_ns: int) -> None:
        self.state, effects = self.toxic.step(self.state, event, now_ns)
        for effect in effects:
            if not isinstance(effect, Release):
                self.wake_ns = effect.at_ns
                continue
            self._last_ns = max(effect.at_ns, self._last_ns)
            self.queue.append((self._last_ns, effect.item))
            if isinstance(effect.item, Chunk):
                self.queued_bytes += len(effect.item.data)

    def wake_if_due(self, now_ns: int) -> None:
        if self.wake_ns <= now_ns:
            self.wake_ns = NEVER_NS
            self.feed(Tick(), now_ns)

    @property
    def has_room(self) -> bool:
        return self.queued_bytes <= self.toxic.capacity_bytes

    def take(self) -> Item:
        _, item = self.queue.popleft()
        if isinstance(item, Chunk):
            self.queued_bytes -= len(item.data)
        return item

    def drain(self) -> list[Item]:
        items = [item for _, item in self.queue]
        self.queue.clear()
        self.queued_bytes = 0
        self._last_ns = 0
        return items

    def update(self, toxic: Toxic[Any], now_ns: int) -> None:
        """New attributes; a wake-up that the old ones asked for is void."""
        self.toxic = toxic
        if not toxic.keeps_state:
            self.wake_ns = NEVER_NS
            self.state = toxic.initial(self.draws)
            self.feed(Started(), now_ns)


class Pipe:
    """See the module's text. Nothing that was pushed is lost, unless a toxic drops it."""

    def __init__(self) -> None:
        self._stages: list[_Stage] = []
        self._leaving: deque[Item] = deque()

    @property
    def transparent(self) -> bool:
        """Nothing is in the way: what is pushed may as well be handed on directly."""
        return not self._stages and not self._leaving

    @property
    def has_room(self) -> bool:
        """The source may be read."""
        return self._stages[0].has_room if self._stages else not self._leaving

    def add(self, name: str, toxic: Toxic[Any], draws: Random, now_ns: int) -> None:
        """Put a toxic at the end of the row."""
        self._stages.append(_Stage(name, toxic, draws, now_ns))

    def update(self, name: str, toxic: Toxic[Any], now_ns: int) -> None:
        """Change a toxic's attributes. What waits inside it goes on at once. Unknown names are ignored."""
        index = self._index(name)
        if index is not None:
            for item in self._stages[index].drain():
                self._hand(index + 1, item, now_ns)
            self._stages[index].update(toxic, now_ns)

    def remove(self, name: str, now_ns: int) -> None:
        """Take a toxic out. What waits inside it goes on at once, or the connection is closed if the toxic says so."""
        index = self._index(name)
        if index is None:
            return
        stage = self._stages.pop(index)
        items: list[Item] = [End(Ending.FULL)] if stage.toxic.closes_on_removal else stage.drain()
        for item in items:
            self._hand(index, item, now_ns)

    def push(self, item: Item, now_ns: int) -> None:
        """Something arrived from the source."""
        self._hand(0, item, now_ns)

    def pop(self, now_ns: int) -> Item | None:
        """The next item that leaves by `now_ns`, if there is one."""
        if not self._leaving:
            self._advance(now_ns)
        return self._leaving.popleft() if self._leaving else None

    @property
    def next_ns(self) -> int:
        """When `pop` is worth calling again; NEVER_NS when only a push can change anything."""
        if self._leaving:
            return 0
        due_ns = NEVER_NS
        for index, stage in enumerate(self._stages):
            due_ns = min(due_ns, stage.wake_ns)
            if stage.queue and self._room_after(index):
                due_ns = min(due_ns, stage.queue[0][0])
        return due_ns

    def _advance(self, now_ns: int) -> None:
        """Move what is due, until one item has left or nothing moves: one at a time, so that slices stay slices."""
        for stage in self._stages:
            stage.wake_if_due(now_ns)
        for index in reversed(range(len(self._stages))):
            if self._move(index, now_ns):
                return

    def _move(self, index: int, now_ns: int) -> bool:
        """Move from the stage at `index` until something has left the pipe."""
        stage = self._stages[index]
        while stage.queue and stage.queue[0][0] <= now_ns and self._room_after(index):
            self._hand(index + 1, stage.take(), now_ns)
            if self._leaving:
                return True
            if any(self._move(after, now_ns) for after in reversed(range(index + 1, len(self._stages)))):
                return True
        return False

    def _room_after(self, index: int) -> bool:
        return index + 1 >= len(self._stages) or self._stages[index + 1].has_room

    def _hand(self, index: int, item: Item, now_ns: int) -> None:
        if index < len(self._stages):
            self._stages[index].feed(item, now_ns)
        else:
            self._leaving.append(item)

    def _index(self, name: str) -> int | None:
        return next((index for index, stage in enumerate(self._stages) if stage.name == name), None)
