"""`python -m reference.replica_watch`: watch for ever."""

import signal
import threading

from reference.process import leave
from reference.replica_watch.watched import Watched
from reference.replicator.service import Replicator
from reference.settings import load

watch = Replicator(load(), Watched)
stop = threading.Event()
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: stop.set())
watch.run(stop)
watch.close()
leave()
