"""The legacy REST Admin API, as far as the ShopifyAPI package calls it."""
