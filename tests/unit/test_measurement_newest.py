"""Groups are brought together as by a sort that keeps all else as it was, however many there are."""

from __future__ import annotations

import numpy as np
import pytest

from harness.measurement.newest import by_group


@pytest.mark.parametrize("least", [0, -5])
@pytest.mark.parametrize("most", [1, 12, 0xFFFF, 0x10000, 3_000_000, 0xFFFFFFFF, 1 << 40])
def test_groups_come_together_in_their_order_and_rows_keep_theirs(least: int, most: int) -> None:
    groups = np.random.default_rng(most).integers(least, most, 5_000, endpoint=True)
    groups = np.concatenate((groups, groups[:1000], [most]))
    assert by_group(groups).tolist() == np.argsort(groups, kind="stable").tolist()


def test_nothing_has_no_order() -> None:
    assert by_group(np.zeros(0, np.int32)).tolist() == []
