"""Shopify's Admin API over a shop's records: GraphQL on Shopify's own schema, the legacy REST API, OAuth.

`AdminApi.answer` takes a request and gives an answer; it opens no socket, and asks its clock for the time.
"""
