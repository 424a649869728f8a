from __future__ import annotations

import pytest

from dgnet.data.hold_out import hold_out
from dgnet.data.records import Record


@pytest.mark.parametrize("other", [1, 10, 44])  # 0 would come before the last two
def test_case_01_pid_0_is_never_held_out(other: int):
    records = [Record(f"{pid}_{camid}.jpg", pid, camid) for pid in (0, other) for camid in (1, 2)]
    splits, said = hold_out(records, 1)
    assert {r.pid for r in splits["train"]} == {0}
    assert {r.pid for r in splits["gallery"]} == {other}
    assert said == "1 identity is held out as the test"
