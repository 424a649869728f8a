"""Errors that prevent training on a data set, and warnings that a user should read before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dgnet.data.published_counts import Counts, as_tuple
from dgnet.data.records import LeftOut, ReidDataset, name_some
from dgnet.data.testable import why_untestable
from dgnet.data.verify_files import Duplicate


def find_errors(dataset: ReidDataset, unreadable: Sequence[LeftOut]) -> list[str]:
    """The reasons for which training would not start; empty where it would."""
    errors = []
    if unreadable:
        what = "file cannot be read (named above): replace or remove it"
        if len(unreadable) > 1:
            what = "files cannot be read (listed above): replace or remove them"
        errors.append(f"{len(unreadable)} {what}")
    if not dataset.train:
        errors.append("no train images; training needs a train split")
    num_identities = len(dataset.labels())
    if dataset.train and num_identities < 2:
        errors.append(f"training needs at least two identities; found {num_identities}")
    untestable = why_untestable(dataset)
    if untestable:
        errors.append(untestable)
    return errors


def find_warnings(
    dataset: ReidDataset,
    counts: Mapping[str, Counts],
    published: Mapping[str, Counts],
    duplicates: Sequence[Duplicate],
) -> list[str]:
    """What was probably not meant, or makes figures that cannot be compared with published ones."""
    warnings = list(dataset.warnings)
    splits = dataset.splits()
    for split, theirs in published.items():
        if not splits.get(split, dataset.gallery):  # the split is not there; junk counts as a part of the gallery
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
