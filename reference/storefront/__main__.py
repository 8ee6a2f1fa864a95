"""`python -m reference.storefront`: serve this region's customers."""

import asyncio

from reference.process import leave
from reference.settings import load
from reference.storefront.service import run

asyncio.run(run(load()))
leave()
