"""Exits with an error before it listens."""

import sys

sys.exit("no licence key found, giving up")
