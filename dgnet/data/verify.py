"""Proof that a data set was read right: counts beside the published ones, and every file opened."""

from __future__ import annotations

from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tqdm import tqdm

from dgnet.data.published_counts import PUBLISHED, Counts, as_tuple, published_name
from dgnet.data.readers.detect import read_dataset
from dgnet.data.records import UNKNOWN_CAMERA, Record, ReidDataset, name_some
from dgnet.data.store.crop_index import digest
from dgnet.data.store.decode import ImageError, decode_image

CHUNK = 256


@dataclass(frozen=True)
class Duplicate:
    """Files of one content; `harmful` when they lie in training and in the test, or show two identities."""

    paths: tuple[str, ...]
    harmful: bool


@dataclass(frozen=True)
class Verification:
    """What `verify` found. `errors` forbid training, `warnings` a user should read; `ok` says training may start."""

    dataset: ReidDataset
    counts: dict[str, Counts]
    published: dict[str, Counts]
    images_an_identity: tuple[int, float, int]
    lonely_identities: int
    sizes: Counter[tuple[int, int]] = field(repr=False)
    duplicates: tuple[Duplicate, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether training may start."""
        return not self.errors

    def table(self) -> str:
        """The findings as lines of text for a terminal."""
        lines = [f"{self.dataset.name} in {self.dataset.root}", "", *self._count_lines(), ""]
        low, middle, high = self.images_an_identity
        lines.append(f"images an identity (train): {low} to {high}, median {middle:g}; alone: {self.lonely_identities}")
        lines += self._camera_lines() + self._size_lines()
        same = f"{len(self.duplicates)} groups, {sum(d.harmful for d in self.duplicates)} of them harmful"
        lines.append(f"files of equal content: {same if self.duplicates else 'none'}")
        lines.append(f"unreadable files: {len(self.unreadable) or 'none'}")
        lines += [f"  {path} ({reason})" for path, reason in self.unreadable]
        lines += [f"note: {note}" for note in self.dataset.notes]
        lines += [f"warning: {warning}" for warning in self.warnings]
        lines += [f"error: {error}" for error in self.errors]
        lines.append("ready to train" if self.ok else "not ready to train")
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
        return ["images a camera: " + ", ".join(f"{names.get(camid, camid)}: {count}" for camid, count in cameras)]

    def _size_lines(self) -> list[str]:
        if not self.sizes:
            return []
        heights, widths = [h for h, _ in self.sizes], [w for _, w in self.sizes]
        (height, width), times = self.sizes.most_common(1)[0]
        spread = f"heights {min(heights)} to {max(heights)}, widths {min(widths)} to {max(widths)}"
        most = f"most often {height}x{width} ({times} images)"
        return [f"sizes (height x width): {len(self.sizes)} different, {spread}; {most}"]


def verify(
    root: Path, name: str = "auto", *, pattern: str | None = None, workers: int = 2, progress: bool = True
) -> Verification:
    """Read the data set in `root`, decode every file of it, and compare what is there with what was published.

    `pattern` is the folder reader's. Raises DataError where the data set cannot be read at all (a split is missing, a
    name does not parse).
    """
    dataset = read_dataset(name, root, pattern=pattern)
    digests, sizes, unreadable = _open_all(dataset, workers, progress)
    duplicates = _duplicates(dataset, digests)
    counts = _count(dataset)
    published = PUBLISHED.get(published_name(dataset), {})
    per_identity = Counter(r.pid for r in dataset.train).values() or [0]
    return Verification(
        dataset=dataset,
        counts=counts,
        published=published,
        images_an_identity=(min(per_identity), median(per_identity), max(per_identity)),
        lonely_identities=sum(n == 1 for n in per_identity),
        sizes=sizes,
        duplicates=duplicates,
        unreadable=unreadable,
        errors=tuple(_errors(dataset, unreadable)),
        warnings=tuple(_warnings(dataset, counts, published, duplicates)),
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


def _open_all(
    dataset: ReidDataset, workers: int, progress: bool
) -> tuple[dict[str, bytes], Counter[tuple[int, int]], tuple[tuple[str, str], ...]]:
    """Content hash of every file, how often each (height, width) occurs, and what cannot be read and why."""
    paths = sorted({r.path for records in dataset.splits().values() for r in records})
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    digests: dict[str, bytes] = {}
    sizes: Counter[tuple[int, int]] = Counter()
    unreadable = []
    with (
        ThreadPoolExecutor(workers) as pool,
        tqdm(total=len(paths), desc="verify", unit="image", dynamic_ncols=True, disable=not progress) as bar,
    ):
        for opened in pool.map(_open_chunk, chunks):
            for path, found_digest, size, reason in opened:
                if found_digest:
                    digests[path] = found_digest
                if size:
                    sizes[size] += 1
                else:
                    unreadable.append((path, reason))
            bar.update(len(opened))
    return digests, sizes, tuple(unreadable)


def _open_chunk(paths: list[str]) -> list[tuple[str, bytes, tuple[int, int] | None, str]]:
    opened: list[tuple[str, bytes, tuple[int, int] | None, str]] = []
    for path in paths:
        found, size, reason = b"", None, ""
        try:
            with open(path, "rb", buffering=0) as file:
                data = file.read()
            if data:  # empty files are all equal and mean nothing by it
                found = digest(data)
            size = decode_image(data).shape[:2]
        except ImageError as error:
            reason = str(error)
        except OSError as error:
            reason = error.strerror or str(error)
        opened.append((path, found, size, reason))
    return opened


def _duplicates(dataset: ReidDataset, digests: dict[str, bytes]) -> tuple[Duplicate, ...]:
    groups: dict[bytes, dict[str, tuple[bool, Record]]] = defaultdict(dict)
    for split, records in dataset.splits().items():
        for record in records:
            if record.path in digests:
                groups[digests[record.path]][record.path] = (split == "train", record)
    duplicates = []
    for group in groups.values():
        if len(group) > 1:
            sides = {in_train for in_train, _ in group.values()}
            harmful = len(sides) > 1 or len({record.pid for _, record in group.values()}) > 1
            duplicates.append(Duplicate(tuple(sorted(group)), harmful))
    return tuple(sorted(duplicates, key=lambda d: (not d.harmful, d.paths)))


def _errors(dataset: ReidDataset, unreadable: tuple[tuple[str, str], ...]) -> list[str]:
    errors = []
    if unreadable:
        errors.append(f"{len(unreadable)} files cannot be read (listed above): replace or remove them")
    num_identities = len(dataset.labels())
    if num_identities < 2:
        errors.append(f"training needs at least two identities; found {num_identities}")
    return errors


def _warnings(
    dataset: ReidDataset, counts: dict[str, Counts], published: dict[str, Counts], duplicates: tuple[Duplicate, ...]
) -> list[str]:
    warnings = []
    for split, theirs in published.items():
        own = counts.get(split, Counts(None, 0))
        for what, found, expected in zip(
            ("identities", "images", "cameras"), as_tuple(own), as_tuple(theirs), strict=True
        ):
            if expected is not None and found != expected:
                warnings.append(f"{split} has {found or 0} {what}, {expected} were published: figures will not compare")
    harmful = [d for d in duplicates if d.harmful]
    if harmful:
        shown = name_some((" = ".join(d.paths) for d in harmful), 3)
        warnings.append(f"{len(harmful)} contents lie in train and test, or under two identities: {shown}")
    if not dataset.query:
        warnings.append("there is no query and no gallery: training works, evaluating does not")
    return warnings
