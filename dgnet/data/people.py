"""Which people the training labels stand for: saved with a run, and compared before training continues."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dgnet.data.records import DataError, ReidDataset, name_some

DIGEST_BYTES = 8


@dataclass(frozen=True, order=True)
class Identity:
    """A training identity: its name in its data set, how many images show it, and the digest of those images."""

    name: str
    num_images: int
    digest: str


@dataclass(frozen=True, order=True)
class Group:
    """The training identities of one data set, in the order of their labels."""

    dataset: str
    identities: tuple[Identity, ...]

    def __str__(self) -> str:
        return f"{self.dataset} with {name_some([one.name for one in self.identities], 3)}"


@dataclass(frozen=True)
class People:
    """Everyone a run is trained on: the identities of all groups, one after another, have the labels 0..C-1.

    `order` is the digest of all training images in the order that epochs are shuffled from; `synthetic` that of the
    synthetic images with their soft labels, empty where there are none.
    """

    groups: tuple[Group, ...]
    order: str
    synthetic: str = ""

    def to_json(self) -> str:
        """As text, for a checkpoint or a file."""
        groups = [
            {"dataset": one.dataset, "identities": [[i.name, i.num_images, i.digest] for i in one.identities]}
            for one in self.groups
        ]
        return json.dumps({"order": self.order, "synthetic": self.synthetic, "groups": groups})

    @staticmethod
    def from_json(text: str) -> People:
        """Read what `to_json` wrote. Raises ValueError, KeyError or TypeError for any other text."""
        found = json.loads(text)
        groups = tuple(
            Group(str(one["dataset"]), tuple(Identity(str(n), int(count), str(d)) for n, count, d in one["identities"]))
            for one in found["groups"]
        )
        return People(groups, str(found["order"]), str(found.get("synthetic", "")))

    def marks(self) -> str:
        """A short hash of each identity's name, in the order of the labels: for files passed on, without the names."""
        return " ".join(mark for mark, _ in self._marked())

    def _marked(self) -> list[tuple[str, str]]:
        named = [(one.dataset, identity.name) for one in self.groups for identity in one.identities]
        return [(_digest(f"{dataset}\0{name}".encode("utf-8", "surrogateescape")), name) for dataset, name in named]

    def changes_since(self, then: People) -> list[str]:
        """What has changed since `then`, as parts of a sentence; empty where nothing has."""
        if sorted(then.groups) == sorted(self.groups) and then.groups != self.groups:
            listed = (" and ".join(map(str, one.groups)) for one in (then, self))
            return ["the data sets come in another order, then {}, now {}".format(*listed)]
        if len(then.groups) != len(self.groups):
            listed = (" and ".join(one.dataset for one in people.groups) for people in (then, self))
            return ["then it was trained on {}, now on {}".format(*listed)]
        changes = [part for pair in zip(then.groups, self.groups, strict=True) for part in _changes(*pair)]
        if not changes and then.order != self.order:
            changes.append("the same images come in another order, since files or folders have other names")
        if then.synthetic != self.synthetic:
            changes.append("the synthetic images (--also synthetic=DIR) are others, or have other soft labels")
        return changes

    def strangers_to(self, marks: str) -> list[str]:
        """How these identities differ from those that `marks` (see above) was made from, as parts of a sentence."""
        then, now = marks.split(), self._marked()
        new = [name for mark, name in now if mark not in set(then)]
        num_gone = len(set(then) - {mark for mark, _ in now})
        parts = [f"it does not know {name_some(new)}"] if new else []
        if num_gone:
            parts.append(f"{num_gone} of those that it knows are not in the training set")
        if not parts and then != [mark for mark, _ in now]:
            parts.append("the same identities stand under other labels")
        return parts


def people_of(
    datasets: Sequence[ReidDataset], together: ReidDataset, contents: Sequence[bytes], synthetic: bytes = b""
) -> People:
    """Everyone in the training images of one data set, or of several that are trained on together.

    Args:
        datasets: the single data sets, in order.
        together: all of them combined (`datasets[0]` itself where it is the only one), pids in the data sets' order.
        contents: the content hash of each training image of `together`, in its order.
        synthetic: the contents of the synthetic images and their soft labels; empty where there are none.
    """
    content_of = {record.path: content for record, content in zip(together.train, contents, strict=True)}
    groups = []
    for dataset in datasets:
        images: dict[int, list[bytes]] = defaultdict(list)
        for record in dataset.train:
            images[record.pid].append(content_of[record.path] + _camera(record.camid))
        identities = (
            Identity(dataset.names.get(pid, str(pid)), len(found), _digest(b"".join(sorted(found))))
            for pid, found in sorted(images.items())
        )
        groups.append(Group(dataset.name, tuple(identities)))
    label_of = together.labels()
    order = (
        content + _camera(record.camid) + b"%d;" % label_of[record.pid]
        for record, content in zip(together.train, contents, strict=True)
    )
    return People(tuple(groups), _digest(b"".join(order)), _digest(synthetic) if synthetic else "")


def require_same_people(saved: str, now: People, where: Path) -> None:
    """Raise DataError, naming who and what changed, unless `now` is the same people with the same images as `saved`.

    Args:
        saved: what `People.to_json` wrote.
        where: the file that it was saved in.
    """
    changes = now.changes_since(_parsed(saved, where))
    if changes:
        raise DataError(
            f"{where}: the training set is not the one that this run began with: {'; '.join(changes)}. Its labels, or "
            "the order of its images, would now mean something else: put the data back as they were, or start a new "
            "run in another folder (--out)"
        )


def read_people(path: Path) -> People:
    """What `People.to_json` wrote into a file. Raises DataError where it cannot be read."""
    try:
        return _parsed(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); restore the file") from error


def _parsed(saved: str, where: Path) -> People:
    try:
        return People.from_json(saved)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{where}: its list of people cannot be read ({error}); restore the file") from error


def _changes(then: Group, now: Group) -> list[str]:
    """What has changed in one data set, as parts of a sentence."""
    if then.dataset != now.dataset:
        return [f"then {then}, now {now}"]
    before, after = ({one.name: one for one in group.identities} for group in (then, now))
    gone = [one for name, one in before.items() if name not in after]
    new = [one for name, one in after.items() if name not in before]
    renamed = _renamed(gone, new)
    called = {old for old, _ in renamed} | {name for _, name in renamed}
    both = [(before[name], after[name]) for name in before if name in after]
    counted = [f"{a.name} ({a.num_images}, not {b.num_images})" for b, a in both if a.num_images != b.num_images]
    replaced = [a.name for b, a in both if a.num_images == b.num_images and a.digest != b.digest]
    said = [
        ("{} renamed: {}", [f"{old} is now called {name}" for old, name in renamed]),
        ("{} removed: {}", [one.name for one in gone if one.name not in called]),
        ("{} added: {}", [one.name for one in new if one.name not in called]),
        ("{} with another number of images: {}", counted),
        ("{} with other images, or images by other cameras: {}", replaced),
    ]
    parts = [text.format(_count(len(names)), name_some(names)) for text, names in said if names]
    if not parts and [*before] != [*after]:
        parts.append(f"the same identities stand under other labels, then {then}, now {now}")
    return parts


def _renamed(gone: Sequence[Identity], new: Sequence[Identity]) -> list[tuple[str, str]]:
    """(old name, new name) of each identity in `gone` whose images are exactly those of one in `new`."""
    alike = Counter(one.digest for one in gone)
    names = {one.digest: one.name for one in new if alike[one.digest] == 1}
    return [(one.name, names[one.digest]) for one in gone if one.digest in names]


def _count(number: int) -> str:
    return "1 identity" if number == 1 else f"{number} identities"


def _camera(camid: int) -> bytes:
    return b"%d;" % camid


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).hexdigest()
