"""Writing a finished synthetic data set: its images in one of three layouts, and what describes them."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dgnet.data.readers.synthetic import MANIFEST, RECIPE
from dgnet.files.whole_file import write_text_whole, written_whole
from dgnet.generation.synthesis.croissant import croissant
from dgnet.generation.synthesis.manifest import Format, Row, write_manifest
from dgnet.generation.synthesis.plan import Shard
from dgnet.generation.synthesis.select import Selection
from dgnet.generation.synthesis.shards import WorkFolder, read_jpegs

WORK = ".work"  # the folder of finished work, within that of the data set until it is complete


def write_images(folder: Path, rows: Sequence[Row], selection: Selection, shards: Sequence[Shard]) -> None:
    """Write every chosen image from its shard to its place below WORK; the name of a tar is that of a folder there."""
    work = WorkFolder(folder / WORK)
    images = os.path.join(folder, WORK, "images")  # text, since a Path takes as long to make as a file to write
    paths = [os.path.join(images, str(row["path"])) for row in rows]
    for parent in {os.path.dirname(path) for path in paths}:
        os.makedirs(parent, exist_ok=True)
    with tqdm(total=len(rows), desc="writing", unit="image", dynamic_ncols=True) as bar:
        for k, shard in enumerate(shards):
            places = np.flatnonzero(selection.shard == k).tolist()
            if not places:
                continue
            jpegs = read_jpegs(work.shard(shard.name))
            for place in places:
                with open(paths[place], "wb", buffering=0) as file:
                    file.write(jpegs[int(selection.row[place])])
            bar.update(len(places))


def finish(folder: Path, rows: Sequence[Row], layout: Format, about: dict[str, object]) -> None:
    """Give the images their layout, and write the manifest, the descriptions and the card.

    Args:
        about: of the whole set: its `name`, `recipe`, `sources`, `licence` and numbers, for `synthesis.json`.
    """
    images = folder / WORK / "images"
    if layout == "webdataset":
        for name, members in _by_folder(rows):
            _write_tar(folder / name, [(images / str(row["path"]), row) for row in members])
    else:
        for name, _ in _by_folder(rows):
            shutil.rmtree(folder / name, ignore_errors=True)  # of an earlier try that was stopped here
            (images / name).replace(folder / name)
    if layout == "imagefolder":
        lines = (json.dumps({"file_name": Path(str(row["path"])).name, **row}, ensure_ascii=False) for row in rows)
        write_text_whole(folder / "train" / "metadata.jsonl", "".join(f"{line}\n" for line in lines))
    write_manifest(folder / MANIFEST, rows)
    write_text_whole(folder / RECIPE, json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    write_text_whole(folder / "croissant.json", json.dumps(croissant(folder, rows, layout, about), indent=1) + "\n")
    write_text_whole(folder / "README.md", card(rows, layout, about))


def _by_folder(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """The rows by the first part of their paths."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row["path"]).partition("/")[0], []).append(row)
    yield from found.items()


def _write_tar(path: Path, members: Sequence[tuple[Path, Row]]) -> None:
    """A WebDataset shard: KEY.jpg and KEY.json of each image, with dates and owners left out."""
    with written_whole(path) as partial, tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as tar:
        for file, row in members:
            said = json.dumps(row, ensure_ascii=False).encode()
            for name, data in ((file.name, file.read_bytes()), (f"{file.stem}.json", said)):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))


def card(rows: Sequence[Row], layout: Format, about: dict[str, object]) -> str:
    """The data set's README: its head is what the Hugging Face hub reads."""
    people = len({row["pid"] for row in rows})
    pattern = {"market1501": "bounding_box_train/*.jpg", "imagefolder": "train/*", "webdataset": "train-*.tar"}[layout]
    return f"""---
license: other
task_categories: [image-feature-extraction]
tags: [person re-identification, synthetic]
size_categories: [{size_category(len(rows))}]
configs:
- config_name: default
  data_files: [{{split: train, path: "{pattern}"}}]
---

# {about["name"]}

{len(rows)} images of {people} identities, **synthetic**: drawn by a generator of dgnet from images of
{about["sources"]}. Each wears the clothes of one person on the body, pose and background of another.
No image is a photograph, but its parts come from photographs where the sources are: the terms of the sources hold.

Licence of the sources: {about["licence"]}

`{MANIFEST}` has one row per image: who gave the clothes (`appearance`) and who the rest (`structure`), with the
SHA-256 of both files, the identity (`pid`, `soft_label`), scores, the seed and the model's hash. `{RECIPE}` has
the recipe, `croissant.json` a description for programs. Each JPEG says the same of itself in its comment.
"""


def size_category(count: int) -> str:
    """The hub's word for the number of images."""
    words = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")]
    return next((word for limit, word in words if count < limit), "1M<n<10M")
