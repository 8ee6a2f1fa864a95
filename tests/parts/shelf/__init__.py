"""A made-up region server: what moto ships, as it is, without an order of commits."""
