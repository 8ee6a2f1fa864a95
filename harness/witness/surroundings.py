"""What all clients of one start share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from harness.history.events import Event
from harness.witness.channel import Channel, ExchangeError, dial
from harness.witness.client import Tally
from harness.witness.dns_client import DnsClient
from harness.witness.ledger import Offers
from harness.witness.models import WitnessConfig
from harness.witness.outcomes import UNREACHABLE
from harness.witness.tasks import TaskSet
from harness.witness.written import Note, nothing


@dataclass(frozen=True)
class Surroundings:
    """offers: what is known of the application. written: hears of each key before it is written."""

    config: WitnessConfig
    prefix: str
    origin_ns: int
    dns: DnsClient
    tasks: TaskSet
    tally: Tally
    record: Callable[[Event], None]
    offers: Offers = field(default_factory=Offers)
    written: Note = nothing

    async def dial(self, answered: str) -> Channel:
        """Connect to what an answered address stands for. Raises ExchangeError."""
        address = self.config.dial_address(answered)
        if address is None:
            raise ExchangeError(UNREACHABLE)
        return await dial(address, self.config.tls)
