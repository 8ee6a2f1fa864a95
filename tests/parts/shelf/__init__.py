"""A made-up region server: moto without a log of its commits."""
