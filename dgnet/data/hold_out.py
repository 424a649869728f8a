"""Making query and gallery for a data set that has none, by keeping some of its people out of training."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from dgnet.data.records import DISTRACTOR_PID, UNKNOWN_CAMERA, Record

NUM_TEST_IDS = 100

Cameras = Mapping[int, Sequence[Record]]


def hold_out(
    records: Sequence[Record],
    num_test_ids: int,
    names: Mapping[int, str] | None = None,
    trained_on: Collection[str] = (),
) -> tuple[dict[str, list[Record]], str]:
    """Divide `records` into train, query and gallery; also return a sentence that says how many people are held out.

    `num_test_ids` identities are held out, but at most half of all. They are chosen by their names (of a pid that
    `names` does not have, its number), so people who are added later change little about it. Identities that have one
    image or are seen by one camera only stay in training, and so do pid 0 and those whose names are in `trained_on`,
    whom a model already knows. Of each held-out person, every camera with two images or more gives its first image as a
    query (if there is no such camera, the first camera does); the other images are the gallery. So every query has a
    true match by another camera.
    """
    by_pid: dict[int, dict[int, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in sorted(records, key=lambda r: r.path):
        by_pid[record.pid][record.camid].append(record)
    called = {pid: (names or {}).get(pid, str(pid)) for pid in by_pid}
    matched = [pid for pid, cameras in by_pid.items() if pid != DISTRACTOR_PID and _has_match(cameras)]
    usable = [pid for pid in matched if called[pid] not in trained_on]
    wanted = min(num_test_ids, len(usable), len(by_pid) // 2)
    held = set(sorted(usable, key=lambda pid: _order(called[pid]))[:wanted])
    splits: dict[str, list[Record]] = {"train": [], "query": [], "gallery": []}
    for pid, cameras in by_pid.items():
        groups = [cameras[camid] for camid in sorted(cameras)]
        if pid not in held:
            splits["train"] += [r for group in groups for r in group]
            continue
        # A camera's only image goes into the gallery: queries by other cameras need it as their true match.
        asked = {group[0].path for group in groups if len(group) > 1} or {groups[0][0].path}
        for group in groups:
            splits["query"] += [r for r in group if r.path in asked]
            splits["gallery"] += [r for r in group if r.path not in asked]
    if held:
        return splits, f"{len(held)} {'identity is' if len(held) == 1 else 'identities are'} held out as the test"
    return splits, f"nobody is held out as the test: {_why_nobody(by_pid, num_test_ids, len(usable), len(matched))}"


def _order(name: str) -> bytes:
    """By what identities are ordered: any order that says nothing of them and does not depend on the others."""
    return hashlib.blake2b(name.encode("utf-8", "surrogateescape")).digest()


def _has_match(cameras: Cameras) -> bool:
    """Whether a query of this person can have a true match: by another camera, where cameras are known."""
    return len(cameras) > 1 or len(cameras.get(UNKNOWN_CAMERA, ())) > 1


def _why_nobody(by_pid: Mapping[int, Cameras], num_test_ids: int, num_usable: int, num_matched: int) -> str:
    if not num_test_ids:
        return "num_test_ids is 0"
    if num_usable:
        return "there is one identity alone"
    if num_matched:
        return "everyone who could be was trained on"
    used = {camid for cameras in by_pid.values() for camid in cameras}
    if used == {UNKNOWN_CAMERA}:
        return "no identity has two images"
    if len(used) == 1:
        return (
            f"all images are from one camera ({used.pop()}), and a true match must be in another than the query's. To "
            "test within one camera, leave cameras out of the names or the pattern: they are then unknown"
        )
    return "no identity is seen by two cameras, and a true match must be in another than the query's"
