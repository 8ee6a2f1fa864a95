"""`python -m reference.monitor [get | set REGION]`: without arguments, monitor for ever."""

import asyncio
import sys

from reference.monitor.command import main
from reference.monitor.service import run
from reference.process import leave
from reference.settings import load

if len(sys.argv) > 1:
    leave(main(load(), sys.argv[1:]))
asyncio.run(run(load()))
leave()
