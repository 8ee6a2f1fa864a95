"""How long DigitalOcean with an intermediary takes, by the constants that its environment states.

DigitalOcean's own part is the API, of which nothing is promised, and the record's TTL; all else is the intermediary's.
"""

from __future__ import annotations

from harness.measurement.phases import INTERMEDIARY_STEPS
from harness.parts.steering.digitalocean.spec import DigitalOcean
from harness.topology.environment import Environment
from harness.topology.kinds import checked, section_named
from harness.topology.timing import Timing
from harness.world import intermediary
from harness.world.intermediary import WatchingLaw, watching_law
from harness.world.steering import TTL

MILESTONES = intermediary.MILESTONES
PHASES = INTERMEDIARY_STEPS
SETTINGS = {TTL: ("edge", "ttl_s"), **intermediary.settings("steering")}


def law(environment: Environment, timing: Timing) -> WatchingLaw:
    """The law of an environment's intermediary and TTL in a profile: a record is read before it is written."""
    spec = checked(section_named("steering"), environment.steering)
    assert isinstance(spec, DigitalOcean)
    return watching_law(spec, environment, timing)
