"""Which folder of a user's own crops is which split."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dgnet.data.disk.listing import Contents, direct_folders, is_folder, is_image, list_tree, refuse_non_folders
from dgnet.data.records import DataError, LeftOut, name_some

ALL = "train_all"  # in a widely used preparation of Market-1501 it holds the images of train/ and val/ once more
TRAIN, VAL = ("train", "bounding_box_train"), "val"
QUERY, GALLERY = ("query",), ("gallery", "bounding_box_test")
MULTI_QUERY = ("multi-query", "multi_query", "gt_bbox")
KNOWN = (ALL, *TRAIN, VAL, *QUERY, *GALLERY, *MULTI_QUERY)


@dataclass(frozen=True)
class SplitFolders:
    """The contents of each split's folders; where there are no such folders, all of `root` is `train`.

    `tested`: there are a query and a gallery split. `unread` are images in `root` outside these folders.
    """

    contents: dict[str, list[Contents]]
    tested: bool
    notes: tuple[str, ...] = ()
    unread: tuple[LeftOut, ...] = ()


def holds_splits(root: Path) -> bool:
    """Whether `root` holds folders of splits: query and gallery, or training folders with no other folder beside."""
    tested = all(any(is_folder(root / name) for name in names) for names in (QUERY, GALLERY))
    training = {name for name in (ALL, *TRAIN, VAL) if is_folder(root / name)}
    return tested or (bool(training) and {folder.name for folder in direct_folders(root)} <= training)


def find_splits(root: Path) -> SplitFolders:
    """List the folders of splits in `root`.

    The training set is `train_all/` if it exists, else `train/` and `val/` together; it may be missing where query and
    gallery exist. Raises DataError naming what is missing, or two folders that stand for one split.
    """
    refuse_non_folders(root, KNOWN)
    query, gallery, multi_query = (_one(root, names) for names in (QUERY, GALLERY, MULTI_QUERY))
    train = [name for name in (_one(root, TRAIN), VAL) if name and is_folder(root / name)]
    whole = [ALL] if is_folder(root / ALL) else []
    if not (train or whole or query or gallery):
        return SplitFolders({"train": [list_tree(root)]}, tested=False)
    if bool(query) != bool(gallery):
        here, missing = (query, "gallery") if query else (gallery, "query")
        raise DataError(
            f"{root}: has {name_some([*whole, *train, here])} but misses {missing}; a test needs both query and gallery"
        )
    chosen = {"train": whole or train}
    if query and gallery:
        chosen |= {"query": [query], "gallery": [gallery], "multi_query": [multi_query] if multi_query else []}
    contents = {split: [list_tree(root / name) for name in names] for split, names in chosen.items()}
    notes, unread = [], _beside(root)
    if whole and train:
        notes.append(f"{ALL}/ is the training set; {' and '.join(f'{n}/' for n in train)} beside it are parts of it")
        unread += _only_in_part(contents["train"][0], (list_tree(root / name) for name in train))
    return SplitFolders(contents, bool(query), tuple(notes), tuple(unread))


def _one(root: Path, names: tuple[str, ...]) -> str:
    """The one of `names` that is a folder in `root`; empty where none is. Raises DataError where several are."""
    present = [name for name in names if is_folder(root / name)]
    if len(present) > 1:
        raise DataError(f"{root}: {name_some(present)} are folders of one split; give a folder that holds one of them")
    return present[0] if present else ""


def _beside(root: Path) -> list[LeftOut]:
    """Images in `root` itself, or in folders of it that belong to no split."""
    reason = f"beside the folders of the splits ({', '.join(KNOWN)})"
    loose = [str(path) for path in sorted(root.iterdir()) if is_image(path.name) and not is_folder(path)]
    others = [list_tree(folder) for folder in direct_folders(root) if folder.name not in KNOWN]
    return [(path, reason) for path in (*loose, *(other.path(i) for other in others for i in other.images))]


def _only_in_part(whole: Contents, parts: Iterable[Contents]) -> list[LeftOut]:
    known = set(whole.images)
    reason = f"not in {ALL}/, which is the training set"
    return [(part.path(image), reason) for part in parts for image in part.images if image not in known]
