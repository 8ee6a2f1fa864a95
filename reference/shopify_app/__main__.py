"""`python -m reference.shopify_app`: serve this region's customers, and take the shop's webhooks."""

import asyncio
import os

from reference.process import leave
from reference.settings import load

# As in reference/storefront/__main__.py: the HTTP client inside aiohttp is of no use here, either.
os.environ.setdefault("SSL_CERT_FILE", os.devnull)

from reference.shopify_app.service import NoShop, ShopifyApp
from reference.shopify_app.settings import load_shop
from reference.storefront.service import run

settings, shop = load(), load_shop()
asyncio.run(run(settings, NoShop() if shop is None else ShopifyApp(settings, shop)))
leave()
