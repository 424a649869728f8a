"""`dgnet generate dataset`: a whole data set of people who do not exist, by one process, several, or a cluster."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dgnet import __version__
from dgnet.data.records import Record, name_some
from dgnet.data.store.crops import Crops, open_crops
from dgnet.experiment.figures.inputs import read_data, records_of, warn_of_shapes
from dgnet.experiment.models.find import BUNDLED_NAME, RUN, find, find_model
from dgnet.experiment.models.judge import Judge, discriminator_of, judge_of
from dgnet.experiment.studio import Studio
from dgnet.experiment.synthesis_drivers import driver_for
from dgnet.experiment.synthesis_place import place_of
from dgnet.files.cache import cache_root
from dgnet.files.names import readable
from dgnet.files.tensors import CHECKSUM, read_metadata
from dgnet.files.unfinished import unfinished, unfinished_path
from dgnet.files.upload import check_upload, upload
from dgnet.generation.synthesis.formats import WORK, finish, write_images
from dgnet.generation.synthesis.local import Driver
from dgnet.generation.synthesis.manifest import Format, Origin, require_parquet, rows_of
from dgnet.generation.synthesis.people import nearest_others
from dgnet.generation.synthesis.plan import Planner, Shard
from dgnet.generation.synthesis.recipe import Recipe, Sources, SynthesisError
from dgnet.generation.synthesis.select import Selection, select
from dgnet.generation.synthesis.shards import Float32Array, Measured, WorkFolder, read_measured, write_array
from dgnet.models.device import pick_device
from dgnet.retrieval.features.extract import extract
from dgnet.training.distributed import World
from dgnet.training.joining import joined

logger = logging.getLogger(__name__)

MOST_PER_IMAGE = 20  # candidates that are drawn at most per image that is asked for
MORE = 1.1  # a further round is so much larger than the filters so far would need
BUNDLED_LICENCE = "CC0-1.0 (rendered by dgnet; no photograph was used)"
UNKNOWN_LICENCE = "not stated; the terms of the sources hold"


def synthesise(
    run: RUN,
    data: str,
    out: Path | str,
    recipe: Recipe,
    *,
    split: str = "train",
    layout: Format = "market1501",
    licence: str = "",
    judge: RUN | None = None,
    discriminator: RUN | None = None,
    workers: int = 0,
    cluster: str = "",
    device: str = "auto",
) -> Path | str | None:
    """Draw a data set into the new or empty `out`, and return its place; None in all but torchrun's first process.

    Everything is written to a hidden folder beside `out`, which takes its name only when complete. Stopped, killed or
    out of disk space, the same call goes on where it was. The files do not depend on `workers`, torchrun or `cluster`.

    Args:
        run: as `find` takes it; it must have a generator.
        data: as `--data` names it; empty or `bundled` is the bundled edition.
        out: a folder; or a URL such as `s3://bucket/name`, where the finished files are put: until then they are in the
            cache.
        split: whose images are swapped: train, query or gallery.
        layout: of the images: a Market-1501 tree, the Hugging Face hub's image folder, or WebDataset's tars.
        licence: of the sources, for the manifest.
        judge: whose features serve `hardest` and `keep_rank`; see `judge_of`.
        discriminator: where D is, for `min_realism`; None means in `run`.
        workers: processes; 0 means one on a GPU, and on a CPU as many as there are cores and work for; on a cluster,
            one per GPU, or per CPU where it has no GPU.
        cluster: a Ray cluster to draw on, as `dgnet.experiment.cluster.joined` takes it; empty means this machine.

    Raises:
        SynthesisError: the recipe cannot be followed with these images, no image passes the filters, `out` is not
            empty, or pyarrow is missing.
        OutputError: `out` cannot be written, or an unfinished data set of other settings is in the way.
        WeightsError, ConfigError, DataError: there is no such model, device or data set, or an image cannot be read.
        WorldError, ClusterError: torchrun's processes cannot work together, or there is no such cluster.
    """
    if workers < 0:
        raise SynthesisError(f"--workers: found {workers}, must be 0 or more")
    out, url = place_of(out)
    require_parquet()
    with joined() as world:
        if world.size > 1 and (workers > 1 or cluster):
            raise SynthesisError("--workers, --ray: torchrun starts the processes; leave them out")
        loaded, found = find_model(run), find(run)
        assert found.model is not None
        dataset = read_data(data, run)
        sources = Sources(records_of(dataset, split))
        sources.check(recipe)
        names = _names_of(sources.records, dataset.root)
        if world.leads:
            warn_of_shapes([Path(record.path) for record in sources.records])
        there = world.own(pick_device(device))
        size = loaded.config.data.size
        if recipe.min_realism is not None:  # looked for here, since a process of its own cannot say that there is none
            discriminator_of(discriminator or run, there)
        if recipe.needs_features:
            judge_of(run, judge, str(there), size)
        crops = open_crops(sources.records, size, cache_root())
        digest = read_metadata(found.model)[CHECKSUM]
        settings = {
            "dgnet": __version__,
            **asdict(recipe),
            "format": layout,
            "model": digest,
            "sources": _digest_of(names, crops),
            "judge": str(judge or ""),
            "discriminator": str(discriminator or ""),
        }
        if url and world.leads:
            check_upload(url, settings)
        with unfinished(out, settings) if world.leads else nullcontext(unfinished_path(out)) as folder:
            world.wait()
            work = WorkFolder(folder / WORK)
            work.prepare()
            features = _features(work, crops, sources, recipe, world, partial(judge_of, run, judge, str(there), size))
            where = device if cluster else str(there)  # on a cluster, each worker finds its own
            studio = Studio(
                *(run, where, recipe, sources, names, crops.path, work.features, digest, judge, discriminator)
            )
            nearest = nearest_others(sources, features) if features is not None and recipe.pairs == "hardest" else None
            planner = Planner(sources, recipe, nearest)
            with driver_for(studio, loaded, work, world, workers, cluster) as driver:
                shards, measured, selection = _draw(planner, driver, work, recipe, world)
            if world.leads:
                _say(selection, recipe, planner.exhausted)
                told = licence or (BUNDLED_LICENCE if data in ("", BUNDLED_NAME) else UNKNOWN_LICENCE)
                rows = rows_of(
                    selection, shards, measured, sources, names, recipe, Origin(digest, __version__, told), layout
                )
                write_images(folder, rows, selection, shards)
                about = {
                    "name": out.name,
                    "dgnet": __version__,
                    "model": {"name": str(run), "sha256": digest, "size": list(size)},
                    "sources": f"{dataset.name}, {split}",
                    "licence": told,
                    "recipe": asdict(recipe),
                    "format": layout,
                    "images": len(rows),
                    "candidates": selection.num_candidates,
                    "dropped by filters": selection.num_filtered,
                    "dropped as near-duplicates of others": selection.num_near,
                }
                finish(folder, rows, layout, about)
                if url:
                    upload(folder, url, settings, leave_out=WORK)
                shutil.rmtree(work.path)
            world.wait()
        if url and world.leads:
            shutil.rmtree(out)
        return (url or out) if world.leads else None


def _draw(
    planner: Planner, driver: Driver, work: WorkFolder, recipe: Recipe, world: World
) -> tuple[list[Shard], list[Measured], Selection]:
    """Rounds of candidates until enough are chosen, there are no more pairs, or too many were drawn in vain."""
    shards: list[Shard] = []
    measured: list[Measured] = []
    count = recipe.count
    with tqdm(total=recipe.count, desc="drawing", unit="image", dynamic_ncols=True, disable=not world.leads) as bar:
        while True:
            planned = planner.round(count)
            for tasks in (planned.codes, planned.shards):
                for done in driver(tasks[world.rank :: world.size]):
                    bar.update(done * world.size)
                world.wait()
            shards += planned.shards
            measured += [read_measured(work.shard(shard.name)) for shard in planned.shards]
            if not shards:
                raise SynthesisError("--pairs: no pair of images of two people is allowed by this rule; use random")
            selection = select(shards, measured, recipe)
            missing = recipe.count - len(selection)
            drawn = planner.num_drawn
            if not missing or planner.exhausted or drawn >= MOST_PER_IMAGE * recipe.count:
                return shards, measured, selection
            rate = max(len(selection), 1) / drawn
            count = min(round(MORE * missing / rate) + 16, MOST_PER_IMAGE * recipe.count - drawn)
            bar.total = drawn + count
            bar.refresh()


def _say(selection: Selection, recipe: Recipe, exhausted: bool) -> None:
    """Warn where fewer images were chosen than asked for. Raises SynthesisError where there is none."""
    drawn = f"{selection.num_candidates} drawn, {selection.num_filtered} dropped by the filters, {selection.num_near} "
    drawn += "as near-duplicates of others"
    if not len(selection):
        raise SynthesisError(
            f"no image is left ({drawn}): loosen --keep_rank, --min_realism or --near. Remove the unfinished folder "
            "that is named above, or name another --out"
        )
    if len(selection) < recipe.count:
        why = "there are no more pairs" if exhausted else f"{MOST_PER_IMAGE} per image were drawn"
        logger.warning("%d images instead of %d: %s (%s)", len(selection), recipe.count, why, drawn)


def _features(
    work: WorkFolder, crops: Crops, sources: Sources, recipe: Recipe, world: World, judging: Callable[[], Judge]
) -> Float32Array | None:
    """The unit features of all sources, where the recipe needs them; the first process computes them once."""
    if not recipe.needs_features:
        return None
    if world.leads and not work.features.exists():
        judge, paths = judging(), [record.path for record in sources.records]
        write_array(work.features, extract(judge.function, crops, device=judge.device, paths=paths)[judge.feature])
    world.wait()
    features: Float32Array = np.load(work.features)
    return features


def _names_of(records: Sequence[Record], root: Path) -> tuple[str, ...]:
    """The sources' paths below the data set's folder, with `/` between their parts. Raises SynthesisError."""
    names = tuple(Path(os.path.relpath(record.path, root)).as_posix() for record in records)
    strange = [readable(name) for name in names if readable(name) != name]
    if strange:
        raise SynthesisError(
            f"--data: {len(strange)} paths are no UTF-8, so the manifest cannot name them: {name_some(strange)}; "
            "rename these files or folders"
        )
    return names


def _digest_of(names: Sequence[str], crops: Crops) -> str:
    digest = hashlib.sha256(crops.digests.tobytes())
    digest.update("\n".join(names).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
