"""`python -m reference.intermediary`: watch for ever, beside as many others of its kind as there are."""

import asyncio

from reference.intermediary.service import run
from reference.intermediary.settings import load
from reference.process import leave

asyncio.run(run(load()))
leave()
