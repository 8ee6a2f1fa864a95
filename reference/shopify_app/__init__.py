"""An application of a Shopify merchant in two regions: the storefront, and the shop's webhooks beside it.

Its tables are global with multi-Region strong consistency, so that a condition is evaluated on the newest state in any
region: either region may take any webhook, and do what it asks for, once.

What a world may rely on:

- tables `orders`, `products`, `customers`, `fulfillments`: key `id`, the number of the thing as text (the last part of
  its gid); `version`, its `updated_at` in microseconds since 1970. `effects`: key `id`, e.g. `erp:1001`; `count`.
- effects: `erp:ORDER` for each order; `fulfilment:ORDER` once it was paid; `cancel:ORDER` once it was cancelled;
  `refund:REFUND` for each refund; `crm:CUSTOMER` for each customer.
- the client secret may change while it runs. Where `SHOP_SECRETS_FILE` names a file, that is read again whenever it
  has changed, and before a webhook is refused: `{"client_secret": "...", "client_secret_old": "..."}`, the old one
  empty or left out unless it still counts. Whoever changes it replaces the file by renaming another. Without a file,
  `SHOP_CLIENT_SECRET` and `SHOP_CLIENT_SECRET_OLD` hold for as long as the process lives.

docs/SHOPIFY_APP.md explains the design and what fails how.
"""
