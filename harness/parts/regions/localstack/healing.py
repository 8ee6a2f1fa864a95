"""Leaves a server that is not ours as it was found, also when the harness that used it was killed."""

from harness.engines.aws.borrowed import take_away

__all__ = ["take_away"]
