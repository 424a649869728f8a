"""What forbids training on a data set, and what a user should read before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from dgnet.data.published_counts import Counts, as_tuple
from dgnet.data.records import LeftOut, ReidDataset, name_some
from dgnet.data.verify_files import Duplicate


def find_errors(dataset: ReidDataset, unreadable: Sequence[LeftOut]) -> list[str]:
    """Why training would not start, each reason once; empty where it would."""
    errors = []
    if unreadable:
        what = "file cannot be read (named above): replace or remove it"
        if len(unreadable) > 1:
            what = "files cannot be read (listed above): replace or remove them"
        errors.append(f"{len(unreadable)} {what}")
    missing = [f"no {split} images" for split in ("train", "query", "gallery") if not getattr(dataset, split)]
    if missing:
        errors.append(f"{' and '.join(missing)}; training and evaluation need all three splits")
    num_identities = len(dataset.labels())
    if dataset.train and num_identities < 2:
        errors.append(f"training needs at least two identities; found {num_identities}")
    untestable = why_untestable(dataset)
    if untestable:
        errors.append(untestable)
    return errors


def why_untestable(dataset: ReidDataset) -> str | None:
    """Why no query has a true match in the gallery that evaluation counts; None where one has, or nothing is tested."""
    if not dataset.query or not dataset.gallery:
        return None
    if not dataset.has_cameras:
        files = defaultdict(set)
        for record in dataset.gallery:
            files[record.pid].add(record.path)
        if any(files[r.pid] - {r.path} for r in dataset.query):
            return None
        return "no query has a true match in the gallery beside its own file, so nothing can be evaluated"
    cameras = defaultdict(set)
    for record in dataset.gallery:
        cameras[record.pid].add(record.camid)
    if any(cameras[r.pid] - {r.camid} for r in dataset.query):
        return None
    used = {r.camid for r in (*dataset.query, *dataset.gallery)}
    seen = f"all test images are from one camera ({used.pop()})" if len(used) == 1 else "nobody is seen by two cameras"
    return (
        f"no query has a true match in another camera, since {seen}, and those of its own camera are left out. To "
        "evaluate within one camera, leave cameras out of the file names, the pattern or the manifest: unknown cameras "
        "leave nothing out"
    )


def find_warnings(
    dataset: ReidDataset,
    counts: Mapping[str, Counts],
    published: Mapping[str, Counts],
    duplicates: Sequence[Duplicate],
) -> list[str]:
    """What was probably not meant, or makes figures that do not compare."""
    warnings = list(dataset.warnings)
    splits = dataset.splits()
    for split, theirs in published.items():
        if not splits.get(split, dataset.gallery):  # junk is the gallery's
            continue
        own = as_tuple(counts.get(split, Counts(None, 0)))
        for what, found, expected in zip(("identities", "images", "cameras"), own, as_tuple(theirs), strict=True):
            if expected is not None and found != expected:
                warnings.append(f"{split} has {found or 0} {what}, {expected} were published: figures will not compare")
    harmful = [d for d in duplicates if d.harmful]
    if harmful:
        shown = name_some((" = ".join(d.paths) for d in harmful), 3)
        warnings.append(f"{len(harmful)} contents lie in train and test, or under two identities: {shown}")
    return warnings
