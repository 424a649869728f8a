"""A test for a data set that has none: some of its people are kept out of training."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

from dgnet.data.records import DISTRACTOR_PID, UNKNOWN_CAMERA, Record

NUM_TEST_IDS = 100

Cameras = Mapping[int, Sequence[Record]]


def hold_out(records: Sequence[Record], num_test_ids: int) -> tuple[dict[str, list[Record]], str]:
    """Train, query and gallery of `records`, and a sentence about how many people are in the test.

    `num_test_ids` identities, but at most half of all, are held out, always the same ones. Those with one image, or
    seen by one camera only, stay in training, and so does pid 0. Each of their cameras with two images or more gives
    its first as a query, and the rest is the gallery, so every query has a true match in another camera.
    """
    by_pid: dict[int, dict[int, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in sorted(records, key=lambda r: r.path):
        by_pid[record.pid][record.camid].append(record)
    usable = [pid for pid, cameras in by_pid.items() if pid != DISTRACTOR_PID and _has_match(cameras)]
    wanted = min(num_test_ids, len(usable), len(by_pid) // 2)
    held = set(sorted(usable, key=lambda pid: hashlib.blake2b(str(pid).encode()).digest())[:wanted])
    splits: dict[str, list[Record]] = {"train": [], "query": [], "gallery": []}
    for pid, cameras in by_pid.items():
        groups = [cameras[camid] for camid in sorted(cameras)]
        if pid not in held:
            splits["train"] += [r for group in groups for r in group]
            continue
        # A camera's only image stays in the gallery, or the other cameras' queries would lose their true match.
        asked = {group[0].path for group in groups if len(group) > 1} or {groups[0][0].path}
        for group in groups:
            splits["query"] += [r for r in group if r.path in asked]
            splits["gallery"] += [r for r in group if r.path not in asked]
    if held:
        return splits, f"{len(held)} {'identity is' if len(held) == 1 else 'identities are'} held out as the test"
    return splits, f"nobody is held out as the test: {_why_nobody(by_pid, num_test_ids, len(usable))}"


def _has_match(cameras: Cameras) -> bool:
    """Whether one image of a person can be asked for and another found: in another camera, where cameras are known."""
    return len(cameras) > 1 or len(cameras.get(UNKNOWN_CAMERA, ())) > 1


def _why_nobody(by_pid: Mapping[int, Cameras], num_test_ids: int, num_usable: int) -> str:
    if not num_test_ids:
        return "num_test_ids is 0"
    if num_usable:
        return "there is one identity alone"
    used = {camid for cameras in by_pid.values() for camid in cameras}
    if used == {UNKNOWN_CAMERA}:
        return "no identity has two images"
    if len(used) == 1:
        return (
            f"all images are from one camera ({used.pop()}), and a true match must be in another than the query's. To "
            "test within one camera, leave cameras out of the names or the pattern: they are then unknown"
        )
    return "no identity is seen by two cameras, and a true match must be in another than the query's"
