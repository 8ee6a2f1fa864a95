"""Patterns that the steps of several modules are made of."""

MODES = {"black-holed": "black-hole", "refused": "refuse", "reset": "reset"}
MODE = r"(?P<mode>black-holed|refused|reset)"
SYSTEM = r"the (?P<system>[A-Za-z][A-Za-z0-9-]*) system"
FOR = r"(?:,? for (?P<seconds>[\d.]+) seconds)?"
WITHIN = r"(?:, within (?P<seconds>[\d.]+) seconds)?"
REGION = r"(?P<region>the [a-z0-9][a-z0-9.-]* region|region [a-z0-9][a-z0-9.-]*)"
"""`the primary region`, `the ROLE region` or `region NAME`; names may have dots in them."""
