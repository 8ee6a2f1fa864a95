"""When the record is rewritten, and by whom: a pure machine that is driven by looks, tables and answers of the API.

| it | means | never |
| --- | --- | --- |
| follows | somebody else leads, or nobody knows who does | a call to the API |
| leads, record unknown or in doubt | it has just begun, or a change was never answered | a write |
| leads, record known | the record is written when clients should be elsewhere (wanting.py) | two calls at once |

A write is sent only while the leadership lasts longer than a call may take, and not later than that: whoever was
stopped between deciding and sending finds that its time is over. What a call did that was never answered is found out
by reading before anything else is written. Errors delay the next call: by what a throttled caller is told, else by
ever more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reference.intermediary import leadership, looking
from reference.intermediary.leadership import Asserted, Seat, Table, TableRead
from reference.intermediary.looking import Look, View
from reference.intermediary.state import (
    Announce,
    Assert,
    Called,
    Calling,
    DropRecord,
    Effect,
    Event,
    ReadRecord,
    ReadTables,
    Rules,
    State,
    Testify,
    Tick,
    WriteRecord,
)
from reference.intermediary.wanting import wish


@dataclass(frozen=True, slots=True)
class Decision:
    """The machine; its numbers are in `rules`. me: unlike that of any other process, also of an earlier one here."""

    rules: Rules
    me: str

    def start(self, now_ns: int) -> State:
        """The state of an intermediary that has just started: somebody else may lead."""
        views = {site.name: View(site.name) for site in self.rules.sites}
        return State(Seat(self.me, now_ns, {region: Table() for region in self.rules.regions}), views)

    def step(self, state: State, event: Event, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        """The next state, and what must be done."""
        effects: tuple[Effect, ...] = ()
        match event:
            case Look():
                state, effects = self._looked(state, event, now_ns)
            case TableRead():
                state = replace(state, seat=leadership.read(state.seat, event, now_ns))
            case Asserted():
                state = replace(state, seat=leadership.answered(state.seat, event, self.rules.terms, now_ns))
            case Called():
                state, effects = self._called(state, event, now_ns)
            case Tick():
                state, effects = self._round(state, now_ns)
        state, news = self._led(state, now_ns)
        state, more = self._act(state, now_ns)
        return state, (*effects, *news, *more)

    # -- what is heard -------------------------------------------------------------------------------------------
    def _looked(self, state: State, look: Look, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        before = state.views[look.place]
        view = looking.seen(before, look, self.rules.looks, now_ns)
        state = replace(state, views={**state.views, look.place: view})
        if view.well is before.well or view.well is None:
            return state, ()
        agree, of = looking.votes(view, self.rules.looks, now_ns)
        level, details = "info" if view.well else "warning", {"place": view.place, "why": view.reason}
        news = Announce(level, "place is well" if view.well else "place is lost", details)
        return state, (Testify(view.place, view.well, agree, of), news)

    def _round(self, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        views = {name: looking.judged(view, self.rules.looks, now_ns) for name, view in state.views.items()}
        state = replace(state, views=views)
        seat, claim, wanted = leadership.claimed(state.seat, self.rules.terms, now_ns)
        if claim is None:
            return state, (ReadTables(),)
        return replace(state, seat=seat), (ReadTables(), Assert(claim, wanted))

    def _led(self, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        leads = state.seat.leads(now_ns)
        if leads == state.led:
            return state, ()
        # A new leader has seen none of what its predecessor did: it reads before it writes.
        state = replace(state, led=leads, records=None, doubt=True)
        if leads:
            return state, (Announce("info", "leading", {"epoch": state.seat.epoch}),)
        return state, (Announce("warning", "no longer leading", {"known epoch": state.seat.known_epoch}),)

    def _called(self, state: State, event: Called, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        wrote = state.calling is Calling.WRITING
        state = replace(state, calling=Calling.NOTHING)
        if event.answer == "done" and not wrote:
            news = self._record_news(state, event)
            state = replace(state, records=event.records, read_ns=now_ns, doubt=False, failures=0)
            return state, news
        if event.answer in ("done", "missing", "unknown", "not-sent") or wrote:
            state = replace(state, doubt=True)  # what there is now, the API itself must say
        if event.answer == "done":
            details = {"address": state.wanted, "epoch": state.seat.epoch}
            return replace(state, failures=0), (Announce("info", "record written", details),)
        if event.answer in ("missing", "not-sent"):
            return state, (Announce("warning", f"record not written: {event.answer}"),)
        state = replace(state, not_before_ns=now_ns + self._pause_ns(state, event), failures=state.failures + 1)
        level = "alert" if event.answer == "refused" else "warning"
        return state, (Announce(level, f"API: {event.answer}", {"detail": event.detail}),)

    def _record_news(self, state: State, event: Called) -> tuple[Effect, ...]:
        before = None if state.records is None else [record.address for record in state.records]
        after = [record.address for record in event.records]
        return () if before == after else (Announce("info", "record read", {"addresses": after}),)

    def _pause_ns(self, state: State, event: Called) -> int:
        rules = self.rules
        if event.answer == "throttled" and event.after_s is not None:
            return min(rules.retry_after_max_ns, round(event.after_s * 1e9))
        return min(rules.back_off_max_ns, rules.back_off_ns << min(state.failures, 20))

    # -- what is done --------------------------------------------------------------------------------------------
    def _act(self, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        if not state.led or state.calling is not Calling.NOTHING or now_ns < state.not_before_ns:
            return state, ()
        if state.records is None or state.doubt or now_ns - state.read_ns >= self.rules.refresh_ns:
            return replace(state, calling=Calling.READING), (ReadRecord(),)
        send_by_ns = state.seat.until_ns - self.rules.api_timeout_ns
        if now_ns >= send_by_ns:
            return state, ()  # the next round renews the leadership
        if len(state.records) > 1:
            surplus = state.records[-1].id
            return replace(state, calling=Calling.WRITING), (DropRecord(surplus, send_by_ns),)
        wanted = wish(self.rules, state, now_ns)
        state, news = self._said(state, wanted.held)
        here = state.records[0] if state.records else None
        if wanted.site is None or (here is not None and here.address == wanted.site.address):
            return state, news
        state = replace(state, calling=Calling.WRITING, wanted=wanted.site.address)
        details = {"to": wanted.site.name, "why": wanted.why, "epoch": state.seat.epoch}
        write = WriteRecord(None if here is None else here.id, wanted.site.address, send_by_ns)
        return state, (*news, Announce("info", "moving clients", details), write)

    def _said(self, state: State, held: str) -> tuple[State, tuple[Effect, ...]]:
        if held == state.said:
            return state, ()
        return replace(state, said=held), (Announce("alert", held),) if held else ()
