"""The steps about a shop: it sells, it is in trouble, and in the end it is given the time to tell everything."""

from __future__ import annotations

from collections.abc import Callable

from harness.drill.business_measures import business_of
from harness.drill.case import CaseShop
from harness.drill.judging import told
from harness.drill.judging.business import SOON
from harness.drill.running import RunningDrill
from harness.drill.stepping import step
from harness.drill.tables import Tables
from harness.errors import InputError
from harness.faults.needs import SHOP_OPEN
from harness.outcome import Verdict
from harness.units import NS_PER_S, to_ns, to_s

TOLD_S = 1_200.0
"""Production seconds in which everything must have been told, beside the shop's own retries."""
KNOWN_S = 900.0
"""Production seconds that the application has to know of it all: to work off what it was told, and to ask the shop
itself for what it was not."""
STILL_NS = 2 * NS_PER_S
"""So long must everything be known before it counts: what is done twice may come a little later."""
HEARD_S = 100.0
"""Production seconds in which what has just happened must have been told of, where nothing is wrong any more."""
_LOOK_S = 0.25
_OVER_S = 5.0
"""What attempts take themselves."""
ORDERS_MAX = 20_000


class ShoppingDrill(RunningDrill):
    """What steps ask of a shop."""

    _sold = False

    @step
    def sell(self, orders_per_s: float) -> None:
        """The shop is open from now on. orders_per_s: of wall time, in each profile. Raises NotMeasurable."""
        self._visit()
        self._backend.shop().begin(orders_per_s)

    @step
    def sell_at_once(self, orders: int, over_s: float) -> None:
        """So many orders within `over_s` of production, beside what is sold anyhow. Raises NotMeasurable."""
        refuse_orders(orders)
        self._visit()
        self._backend.shop().burst(orders, self._backend.timing.interval_s(over_s))

    @step
    def outlast_retries(self) -> None:
        """Wait until the shop has given up what it could not tell by now. Raises NotMeasurable."""
        self._visit()
        self._watch_until(self._clock.now_ns() + to_ns(self._backend.shop().told_within_s + _OVER_S))

    @step
    def require_known_within(self, within_s: float) -> None:
        """Judge, on the final data, how long it took until each change was known. within_s: of production."""
        wanted = self.record.require(SOON, whole=True, most=self._backend.timing.interval_s(within_s))
        self._settle(patient=True)
        self._loop.judge_now(wanted)

    @step
    def require_told(self, seconds: float) -> None:
        """Judge whether all that happens within `seconds` (wall) from now on is told of. Raises NotMeasurable."""
        self._visit()
        from_ns = self._clock.now_ns()
        until_ns = from_ns + to_ns(seconds)
        self._watch_until(until_ns)
        wanted = self.record.require(told.NAME, whole=True, from_ns=from_ns, until_ns=until_ns)
        limit_ns = until_ns + to_ns(self._backend.timing.interval_s(HEARD_S))
        while self._loop.judged(wanted).verdict is not Verdict.MET and self._clock.now_ns() < limit_ns:
            self._clock.sleep_s(_LOOK_S)
            self._loop.heed()
        self._loop.judge_now(wanted)

    def _visit(self) -> None:
        self.need(SHOP_OPEN)
        self._require_running()
        if not self._sold:
            self.record.note(shop=CaseShop(self._backend.shop().told))
        self._sold = True

    def _settle(self, *, patient: bool, first: Callable[[], None] = lambda: None) -> None:
        """See RunningDrill. The shop closes with the clients, and everybody may hear of what happened in it."""

        def told() -> None:
            if self._sold:
                self._close_shop(patient=patient)
            first()

        super()._settle(patient=patient, first=told)

    def _close_shop(self, *, patient: bool) -> None:
        shop = self._backend.shop()
        shop.pause()
        if not patient:
            return
        self._until(TOLD_S, lambda: not shop.unsettled(), extra_s=shop.told_within_s)
        self.record.note(shop=CaseShop(shop.told, shop.unsettled()))
        self._until(KNOWN_S, self._is_known)

    def _until(self, limit_s: float, reached: Callable[[], bool], extra_s: float = 0.0) -> None:
        """Wait until it is so; at most `limit_s` of production, and `extra_s` of wall time."""
        end_ns = self._clock.now_ns() + to_ns(self._backend.timing.interval_s(limit_s) + extra_s)
        while True:
            began_ns = self._clock.now_ns()
            if reached() or (now_ns := self._clock.now_ns()) > end_ns:
                return
            self._clock.sleep_s(max(_LOOK_S, 2 * to_s(now_ns - began_ns)))  # looking costs what others need as well
            self._loop.take_in()

    _known_ns: int | None = None

    def _is_known(self) -> bool:
        """Whether nothing has been missing for a while."""
        case = self.record.case
        tables = Tables(case, None, self._backend.data())
        found = business_of(case, tables, self._loop.observation.events, self.active_region)
        now_ns = self._clock.now_ns()
        if isinstance(found, str):
            return True
        if found.lost or found.undone:
            self._known_ns = None
            return False
        self._known_ns = self._known_ns or now_ns
        return now_ns - self._known_ns >= STILL_NS


def refuse_orders(orders: int) -> None:
    """Raises InputError for a burst of none, or of too many."""
    if not 1 <= orders <= ORDERS_MAX:
        raise InputError(f"orders are 1 to {ORDERS_MAX}, not {orders}")
