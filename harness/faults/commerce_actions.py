"""What can be done to a shop and to the systems of others, one small change each; `actions` tells how to undo it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TroubleShop:
    """A shop is in trouble of one kind, as harness.faults.shop_trouble has them. place: where, "" for all."""

    trouble: str
    place: str = ""
    share: float = 0.0
    count: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class RelieveShop:
    """Undo `TroubleShop`. What it has brought about stays."""

    trouble: str


@dataclass(frozen=True)
class TroubleParty:
    """A third party is in trouble, whoever calls it. name: unique there. trouble: failing, wrong, unanswered, limited,
    maintenance or lying. amount: the share of calls that fail, or how many a second are let in; else 0. told: for how
    long it says that it is away, where it says that, in words."""

    party: str
    name: str
    trouble: str
    amount: float = 0.0
    told: str = ""


@dataclass(frozen=True)
class RelieveParty:
    """Undo `TroubleParty`."""

    party: str
    name: str


ShopAction = TroubleShop | RelieveShop
PartyAction = TroubleParty | RelieveParty
CommerceAction = ShopAction | PartyAction
