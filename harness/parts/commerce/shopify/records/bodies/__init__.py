"""The bodies of webhooks and of the legacy REST API, in the shape in which Shopify sends them."""
