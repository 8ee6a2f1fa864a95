"""`python -m reference.storefront`: serve this region's customers."""

import asyncio
import os

from reference.process import leave
from reference.settings import load

# The HTTP client inside aiohttp, of no use here, reads the system's certificates when it is imported: a tenth of the
# time to start. The AWS client is not concerned: it brings certificates of its own.
os.environ.setdefault("SSL_CERT_FILE", os.devnull)

from reference.storefront.service import run

asyncio.run(run(load()))
leave()
