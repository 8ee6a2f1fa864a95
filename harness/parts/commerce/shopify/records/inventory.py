"""How many goods lie where."""

from __future__ import annotations

from collections.abc import Iterable

from harness.parts.commerce.shopify.records.bodies.goods import level_body, level_gid
from harness.parts.commerce.shopify.records.registers import Registers
from harness.parts.commerce.shopify.records.things import Address, InventoryItem, InventoryLevel, Location, Variant
from harness.parts.commerce.shopify.records.values import Changed, Changes, Refused

TOPIC = "inventory_levels/update"


class Inventory:
    """The shop's locations and what lies there."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers

    def open(self, name: str, address: Address | None = None) -> Location:
        """One more location."""
        at = self._registers.ledger.stamp()
        number = self._registers.ledger.new_id()
        return self._registers.locations.add(
            Location(id=number, created_at_us=at, updated_at_us=at, name=name, address=address or Address())
        )

    def first_location(self) -> Location:
        """Where goods are sent from, unless said otherwise."""
        return next(iter(self._registers.locations))

    def stock(self, variant: Variant, available: int, at_us: int) -> None:
        """A new variant's goods, at the first location."""
        item = InventoryItem(
            id=variant.inventory_item_id, created_at_us=at_us, updated_at_us=at_us, variant_id=variant.id
        )
        self._registers.items.add(item)
        self._place(item.id, self.first_location().id, available, at_us)

    def forget(self, item: int) -> None:
        """The goods of a variant that is sold no longer."""
        self._registers.items.remove(self._registers.items.require(item))
        for key in [key for key in self._registers.level_of if key[0] == item]:
            self._registers.levels.remove(self._registers.level_of.pop(key))

    def set_available(self, item: int, location: int, available: int) -> Changes:
        """From now on so many can be sold there. Nothing changes where it was so."""
        level = self.level(item, location)
        return self._moved(level, available - level.available, 0, self._registers.ledger.stamp())

    def adjust(self, item: int, location: int, delta: int) -> Changes:
        """So many more, or fewer, can be sold there."""
        return self._moved(self.level(item, location), delta, 0, self._registers.ledger.stamp())

    def commit(self, goods: Iterable[tuple[int, int]], at_us: int) -> Changes:
        """An order takes goods: pairs of a variant and how many, from the first location."""
        return self._each(goods, at_us, -1, +1)

    def sent(self, goods: Iterable[tuple[int, int]], at_us: int) -> None:
        """Goods have left: none that could be sold are fewer, so nobody is told."""
        for variant, quantity in goods:
            if (level := self._of_variant(variant)) is not None:
                level.committed -= quantity
                self._registers.levels.touch(level, at_us)

    def returned(self, goods: Iterable[tuple[int, int]], at_us: int, *, committed: bool) -> Changes:
        """Goods can be sold again. committed: they had been promised, and had not left."""
        return self._each(goods, at_us, +1, -1 if committed else 0)

    def _each(self, goods: Iterable[tuple[int, int]], at_us: int, available: int, committed: int) -> Changes:
        wanted: dict[int, int] = {}
        for variant, quantity in goods:
            wanted[variant] = wanted.get(variant, 0) + quantity
        return tuple(
            change
            for variant, quantity in wanted.items()
            if (level := self._of_variant(variant)) is not None
            for change in self._moved(level, available * quantity, committed * quantity, at_us)
        )

    def _of_variant(self, number: int) -> InventoryLevel | None:
        variant = self._registers.variants.get(number)
        return (
            None
            if variant is None
            else self._registers.level_of.get((variant.inventory_item_id, self.first_location().id))
        )

    def level(self, item: int, location: int) -> InventoryLevel:
        """How many of an item lie there; none, where it was never there."""
        self._registers.items.require(item, ("inventoryItemId",))
        self._registers.locations.require(location, ("locationId",))
        level = self._registers.level_of.get((item, location))
        return level or self._place(item, location, 0, self._registers.ledger.stamp())

    def _place(self, item: int, location: int, available: int, at_us: int) -> InventoryLevel:
        level = InventoryLevel(
            id=self._registers.ledger.new_id(), created_at_us=at_us, updated_at_us=at_us, item_id=item,
            location_id=location, available=available,
        )  # fmt: skip
        self._registers.level_of[item, location] = level
        return self._registers.levels.add(level)

    def _moved(self, level: InventoryLevel, available: int, committed: int, at_us: int) -> Changes:
        if not available and not committed:
            return ()
        if abs(level.available + available) > 1_000_000_000:
            raise Refused("The quantity can't be higher than 1,000,000,000", ("quantity",), "INVALID_QUANTITY_TOO_HIGH")
        level.available += available
        level.committed += committed
        self._registers.levels.touch(level, at_us)
        return (Changed("inventory_levels", TOPIC, level_gid(level), level.id, at_us, level_body(level)),)
