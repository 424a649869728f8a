"""Whether a data set can be tested on at all, found out before hours of training, not after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from dgnet.data.records import UNKNOWN_CAMERA, DataError, Record, ReidDataset, name_some

ADVICE = (
    "Add images of the same people by another camera; or, if cameras do not matter here, leave them unknown, and no "
    "match is dropped: with a manifest without the column camid, or, for folders, a --data.pattern without a group "
    "camid, such as '^(?P<pid>[^/]+)/'. To evaluate a model all the same, keep these matches: `dgnet evaluate` with "
    "--same_camera"
)


def require_testable(dataset: ReidDataset, *, same_camera: bool = False) -> None:
    """Raise DataError, naming the cameras and what to do, if no query has a true match (`why_untestable`)."""
    reason = why_untestable(dataset, same_camera=same_camera)
    if reason:
        raise DataError(f"{dataset.root}: {reason}")


def why_untestable(dataset: ReidDataset, *, same_camera: bool = False) -> str | None:
    """Why no query has a true match, and what to do; None where some query has one.

    A true match is a gallery image of the query's pid in another file. It must also be by another camera, if all
    cameras are known and matches by the query's own camera are left out (no `same_camera`).
    """
    cameras = cameras_of((*dataset.train, *dataset.query, *dataset.gallery))
    if not dataset.query or not dataset.gallery:
        side = "queries" if not dataset.query else "gallery images"
        if dataset.train and len(cameras) == 1 and UNKNOWN_CAMERA not in cameras:
            return (
                f"no {side}: every image is by camera {cameras[0]}, so nobody can be held out to be "
                f"recognised across cameras. {ADVICE}"
            )
        return f"no {side}, so nothing can be tested; give the data set a query and a gallery split"
    if not dataset.labelled:
        return (
            "no labels, so whatever a model says would be right; say who is who (folders of people, a manifest's pid)"
        )
    filtered = dataset.has_cameras and not same_camera
    if any(_true_matches(dataset, filtered)):
        return None
    tested = cameras_of((*dataset.query, *dataset.gallery))
    if not filtered:
        return (
            f"none of the {len(dataset.query)} queries has a true match in the gallery (another file "
            "of the same identity): give each query's identity further images in the gallery"
        )
    where = (
        f"every query and gallery image is by camera {tested[0]}"
        if len(tested) == 1
        else f"the gallery shows each query's identity by the query's own camera alone (cameras {name_some(tested)})"
    )
    return (
        f"none of the {len(dataset.query)} queries has a true match: {where}, and matches by the "
        f"query's own camera do not count. {ADVICE}"
    )


def cameras_of(records: Iterable[Record]) -> list[int]:
    """The different cameras of some images, sorted."""
    return sorted({record.camid for record in records})


def _true_matches(dataset: ReidDataset, filtered: bool) -> Iterable[bool]:
    """For each query, whether the gallery holds a true match; `filtered`: by another camera."""
    found: dict[int, list[Record]] = defaultdict(list)
    for record in dataset.gallery:
        found[record.pid].append(record)
    for query in dataset.query:
        yield any(
            one.path != query.path and not (filtered and one.camid == query.camid) for one in found.get(query.pid, ())
        )
