"""What a rehearsal answers to steps about a shop."""

from __future__ import annotations

from harness.drill.shopping import refuse_orders
from harness.faults.needs import SHOP_OPEN
from harness.pytest_plugin.course import Course


class ShopRehearsal:
    """Takes the place of harness.drill.shopping.ShoppingDrill: where the world has no shop, the drill is left out."""

    course: Course
    needs: set[str]
    line: int

    def sell(self, orders_per_s: float) -> None:
        """See ShoppingDrill.sell."""
        self._visit()

    def sell_at_once(self, orders: int, over_s: float) -> None:
        """See ShoppingDrill.sell_at_once."""
        refuse_orders(orders)
        self._visit()

    def outlast_retries(self) -> None:
        """See ShoppingDrill.outlast_retries."""
        self._visit()

    def require_told(self, seconds: float) -> None:
        """See ShoppingDrill.require_told."""
        self._visit()

    def require_known_within(self, within_s: float) -> None:
        """See ShoppingDrill.require_known_within: final data is judged when nothing is broken any more."""
        self.course.rests(self.line)

    def _visit(self) -> None:
        self.needs.add(SHOP_OPEN)
        self.course.clients_at_work()
