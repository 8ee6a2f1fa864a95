"""The failback grants the primary its lease while the standby still holds its own: nobody is told to stop."""

import without_fencing

ROWS = (5,)
CAUGHT_BY = {"region-heals-failback": ("both sides accepted writes",)}
monitor = without_fencing.monitor
