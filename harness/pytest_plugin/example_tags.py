"""Tags above an Examples block that mean a label or a link: `@issue:DR-9`. pytest-bdd would make pytest marks of them.

It has a hook for tags everywhere else, but none for these; so the function that reads them is led past, for as long as
a session lasts, in modules that bind scenarios by themselves as well.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from harness.drill.catalogue import take_tags
from harness.pytest_plugin.scenarios import example_tags
from harness.reporting import allure

_READS = "collect_example_parametrizations"


def configure(config: pytest.Config) -> None:
    """Lead pytest-bdd past these tags until the session ends."""
    bdd = import_module("pytest_bdd.scenario")  # a function of that name hides the module from `import`
    theirs = getattr(bdd, _READS)

    def without_labels(template: Any) -> Any:
        for table in template.examples:
            take_tags(table, allure.is_label)
        return theirs(template)

    setattr(bdd, _READS, without_labels)
    config.add_cleanup(lambda: setattr(bdd, _READS, theirs))


def mark(item: pytest.Item) -> None:
    """Give a scenario's test the labels and links of the block that its example stands in."""
    for marker in allure.markers(example_tags(item)):
        item.add_marker(marker)
