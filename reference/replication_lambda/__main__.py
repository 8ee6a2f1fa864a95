"""`python -m reference.replication_lambda [redrive|backfill]`: keep going, empty the queue, copy the table."""

import signal
import sys
import threading

from reference.process import leave
from reference.replication_lambda.deployment import Deployment
from reference.replication_lambda.redrive import Redrive
from reference.replication_lambda.service import Keeper
from reference.settings import load

COMMANDS = ("redrive", "backfill")

settings = load()
if len(sys.argv) > 1:
    if sys.argv[1] not in COMMANDS or len(sys.argv) > 2:
        sys.stderr.write("usage: python -m reference.replication_lambda [redrive|backfill]\n")
        leave(2)
    redrive = Redrive(settings, Deployment(settings))
    if sys.argv[1] == "backfill":
        redrive.backfill()
        leave()
    leave(1 if redrive.run().stay else 0)
stop = threading.Event()
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: stop.set())
keeper = Keeper(settings)
keeper.run(stop)
keeper.close()
leave()
