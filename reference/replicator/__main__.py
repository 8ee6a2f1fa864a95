"""`python -m reference.replicator [replay]`: replicate for ever, or try the parked records once."""

import signal
import sys
import threading

from reference.process import leave
from reference.replicator.service import Replicator
from reference.settings import load

replicator = Replicator(load())
if sys.argv[1:] == ["replay"]:
    _, stay = replicator.replay()
    leave(1 if stay else 0)
if len(sys.argv) > 1:
    sys.stderr.write("usage: python -m reference.replicator [replay]\n")
    leave(2)
stop = threading.Event()
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: stop.set())
replicator.run(stop)
replicator.close()
leave()
