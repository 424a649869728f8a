"""Verifying a data set: its counts beside the published ones, and every file decoded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from dgnet.data.published_counts import PUBLISHED, Counts, as_tuple, published_name
from dgnet.data.readers.detect import look_at_dataset
from dgnet.data.records import UNKNOWN_CAMERA, LeftOut, ReidDataset
from dgnet.data.testable import why_untestable
from dgnet.data.verify_checks import find_errors, find_warnings
from dgnet.data.verify_files import Duplicate, find_duplicates, open_all

NUM_UNREAD_NAMED = 100


@dataclass(frozen=True)
class Verification:
    """What `verify` found. With `errors` training cannot start; `warnings` are for the user to read.

    `images_per_identity` are the minimum, median and maximum in `train`; `lonely_identities` have one image there.
    `sizes` counts the images of each (height, width).
    """

    dataset: ReidDataset
    counts: dict[str, Counts]
    published: dict[str, Counts]
    images_per_identity: tuple[int, float, int]
    lonely_identities: int
    sizes: Counter[tuple[int, int]] = field(repr=False)
    duplicates: tuple[Duplicate, ...] = ()
    unreadable: tuple[LeftOut, ...] = ()
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether training may start."""
        return not self.errors

    @property
    def verdict(self) -> str:
        """What the data set is ready for."""
        if self.ok:
            return "ready to train"
        tested = self.dataset.query and self.dataset.gallery and not self.unreadable
        if tested and why_untestable(self.dataset) is None:
            return "ready to evaluate, not to train"
        return "not ready to train"

    def table(self) -> str:
        """The findings as lines of text for a terminal."""
        lines = [f"{self.dataset.name} in {self.dataset.root}", "", *self._count_lines(), ""]
        low, middle, high = self.images_per_identity
        per = f"images per identity (train): {low} to {high}, median {middle:g}; alone: {self.lonely_identities}"
        lines += [per, *self._camera_lines(), *self._size_lines()]
        same = f"{len(self.duplicates)} groups, {sum(d.harmful for d in self.duplicates)} of them harmful"
        lines.append(f"files of equal content: {same if self.duplicates else 'none'}")
        lines.append(f"unreadable files: {len(self.unreadable) or 'none'}")
        lines += [f"  {path} ({reason})" for path, reason in self.unreadable]
        lines += self._unread_lines()
        lines += [f"note: {note}" for note in self.dataset.notes if note not in self.dataset.warnings]
        lines += [f"warning: {warning}" for warning in self.warnings]
        lines += [f"error: {error}" for error in self.errors]
        lines.append(self.verdict)
        return "\n".join(lines).encode("utf-8", "backslashreplace").decode()

    def _count_lines(self) -> list[str]:
        header = ("split", "identities", "published", "images", "published", "cameras", "published")
        rows: list[tuple[str, ...]] = [header]
        for split, own in self.counts.items():
            theirs = self.published.get(split, Counts(None, None))
            pairs = zip((own.identities, own.images, own.cameras), as_tuple(theirs), strict=True)
            rows.append((split, *("-" if n is None else str(n) for pair in pairs for n in pair)))
        widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
        return [f"{row[0]:<{widths[0]}}  " + "  ".join(map(str.rjust, row[1:], widths[1:])) for row in rows]

    def _camera_lines(self) -> list[str]:
        used = {r.path: r.camid for records in self.dataset.splits().values() for r in records}
        cameras = sorted(Counter(used.values()).items())
        names = {UNKNOWN_CAMERA: "unknown"}
        return ["images per camera: " + ", ".join(f"{names.get(camid, camid)}: {count}" for camid, count in cameras)]

    def _size_lines(self) -> list[str]:
        if not self.sizes:
            return []
        heights, widths = [h for h, _ in self.sizes], [w for _, w in self.sizes]
        (height, width), times = self.sizes.most_common(1)[0]
        spread = f"heights {min(heights)} to {max(heights)}, widths {min(widths)} to {max(widths)}"
        most = f"most often {height}x{width} ({times} images)"
        return [f"sizes (height x width): {len(self.sizes)} different, {spread}; {most}"]

    def _unread_lines(self) -> list[str]:
        unread = self.dataset.unread
        if not unread:
            return []
        lines = [f"like pictures, but not read: {len(unread)}"]
        lines += [f"  {path} ({reason})" for path, reason in unread[:NUM_UNREAD_NAMED]]
        return lines if len(unread) <= NUM_UNREAD_NAMED else [*lines, f"  and {len(unread) - NUM_UNREAD_NAMED} more"]


def verify(
    root: Path, name: str = "auto", *, pattern: str | None = None, workers: int = 2, progress: bool = True
) -> Verification:
    """Read the data set in `root`, decode every file of it, and compare what is there with what was published.

    `pattern` is for the reader `folder`. Raises DataError where the data set cannot be read at all (a split is missing,
    a name does not parse).
    """
    dataset = look_at_dataset(name, root, pattern=pattern)
    opened = open_all(dataset, workers, progress)
    unreadable = (*dataset.unreadable, *opened.unreadable)
    duplicates = find_duplicates(dataset, opened.digests)
    counts = _count(dataset)
    published = PUBLISHED.get(published_name(dataset), {})
    per_identity = Counter(r.pid for r in dataset.train).values() or [0]
    return Verification(
        dataset=dataset,
        counts=counts,
        published=published,
        images_per_identity=(min(per_identity), median(per_identity), max(per_identity)),
        lonely_identities=sum(n == 1 for n in per_identity),
        sizes=opened.sizes,
        duplicates=duplicates,
        unreadable=unreadable,
        errors=tuple(find_errors(dataset, unreadable)),
        warnings=tuple(find_warnings(dataset, counts, published, duplicates)),
    )


def _count(dataset: ReidDataset) -> dict[str, Counts]:
    counts = {}
    for split, records in dataset.splits().items():
        if records or split != "multi_query":
            cameras = {r.camid for r in records} - {UNKNOWN_CAMERA}
            counts[split] = Counts(len({r.pid for r in records}), len(records), len(cameras) or None)
    if dataset.num_junk:
        counts["junk"] = Counts(None, dataset.num_junk)
    return counts
