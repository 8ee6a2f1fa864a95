"""Who says what a line of a history says."""

from typing import Literal

Source = Literal["witness", "world", "subject", "harness"]
