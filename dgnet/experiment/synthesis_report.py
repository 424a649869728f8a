"""`dgnet generate report`: how good a synthetic data set is, on one page."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dgnet.data.normalise import bytes_to_01
from dgnet.data.readers.synthetic import MANIFEST
from dgnet.data.records import UNKNOWN_CAMERA, DataError, ReidDataset
from dgnet.data.store.crops import Crops, open_crops
from dgnet.data.store.given import read_given
from dgnet.experiment.evaluate import DOWNLOAD
from dgnet.experiment.evaluation.baselines import by_bare_backbone
from dgnet.experiment.evaluation.outputs import Evaluated, folder_for
from dgnet.experiment.evaluation.present import common_facts
from dgnet.experiment.evaluation.publish import Published, publish
from dgnet.experiment.figures.cases import chosen_cases
from dgnet.experiment.figures.frame import drawing_model
from dgnet.experiment.figures.inputs import read_data, records_of
from dgnet.experiment.models.find import RUN
from dgnet.experiment.models.judge import judge_of
from dgnet.files.cache import cache_root
from dgnet.files.download import sha256_of
from dgnet.files.images import ImagesU8
from dgnet.files.tensors import WeightsError
from dgnet.generation.synthesis.manifest import read_rows
from dgnet.generation.synthesis.recipe import SynthesisError
from dgnet.generation.synthesis.shards import thumbnails
from dgnet.quality.consistency import identity_consistency, identity_precision, structure_consistency
from dgnet.quality.generated import NUM_REALISM, diversity_beside_real, structure_distances
from dgnet.quality.inception import download_inception, load_inception
from dgnet.quality.memorisation import measure_memorisation
from dgnet.quality.realism import INCEPTION, MOBILENET, Realism, measure_realism
from dgnet.report.part import Part
from dgnet.report.parts.swaps.cases import BestAndWorst, Case
from dgnet.report.parts.swaps.consistency import Consistency
from dgnet.report.parts.swaps.memorisation import Repeats
from dgnet.report.parts.swaps.realism import RealismAndDiversity
from dgnet.report.report import Report
from dgnet.retrieval.features.extract import extract

NUM_SHOWN = 10
BATCH = 64

Row = dict[str, object]


@dataclass(frozen=True)
class SyntheticSet:
    """A synthetic data set on disk, its rows, and where each row's two sources are among the records of `dataset`."""

    folder: Path
    rows: list[Row]
    dataset: ReidDataset
    split: str
    i: np.ndarray
    j: np.ndarray

    def read(self, places: Sequence[int], size: tuple[int, int]) -> ImagesU8:
        """The images of the rows at `places`, uint8 N x H x W x 3. Raises DataError where one cannot be read."""
        return read_given([self._file(str(self.rows[place]["path"])) for place in places], size, "DIR")

    def _file(self, path: str) -> Path | bytes:
        tar, inside, member = path.partition(".tar/")
        if not inside:
            return self.folder / path
        try:
            with tarfile.open(self.folder / f"{tar}.tar") as archive:
                found = archive.extractfile(member)
                assert found is not None
                return found.read()
        except (OSError, KeyError, tarfile.TarError) as error:
            raise DataError(f"{self.folder / tar}.tar: {member} cannot be read: {error}") from error


def open_set(run: RUN, folder: Path, data: str, split: str, num: int, seed: int) -> SyntheticSet:
    """A synthetic data set and its sources; of more than `num` images a random sample, in their order.

    Raises:
        SynthesisError: there is no manifest, or the sources are not those that the images were drawn from.
        ConfigError, DataError: the sources cannot be read.
    """
    if not (folder / MANIFEST).is_file():
        raise SynthesisError(f"{folder}: no {MANIFEST} here; give a folder that `dgnet generate dataset` made")
    rows = read_rows(folder / MANIFEST)
    if len(rows) > num:
        chosen = np.sort(np.random.default_rng(seed).choice(len(rows), num, replace=False))
        rows = [rows[place] for place in chosen]
    dataset = read_data(data, run)
    records = records_of(dataset, split)
    place_of = {Path(record.path).relative_to(dataset.root).as_posix(): k for k, record in enumerate(records)}
    sides = []
    digest_of = cache(sha256_of)  # most images are a source of several others
    for side in ("appearance", "structure"):
        unknown = [str(row[side]) for row in rows if row[side] not in place_of]
        if unknown:
            raise SynthesisError(
                f"--data: {dataset.root} ({split}) has no {unknown[0]}, from which an image of {folder} was drawn; "
                "give the data set and the split that it was made from"
            )
        sides.append(np.array([place_of[str(row[side])] for row in rows], dtype=np.int64))
        for row, place in zip(rows, sides[-1].tolist(), strict=True):
            file = Path(records[place].path)
            if digest_of(file) != row[f"{side}_sha256"]:
                raise SynthesisError(
                    f"--data: {file} is not the file that {row['path']} was drawn from; it has changed"
                )
    return SyntheticSet(folder, rows, dataset, split, *sides)


def report_on(
    run: RUN,
    folder: Path,
    data: str,
    *,
    split: str = "train",
    judge: RUN | None = None,
    inception: Path | None = None,
    lpips: bool = False,
    num_images: int = 2000,
    seed: int = 0,
    out: Path | None = None,
    device: str = "auto",
) -> Published:
    """Measure a synthetic data set beside the images it was drawn from, and write the page.

    Args:
        run: the model, whose E_s compares structures, and whose features judge where `judge` is not given.
        folder: as `dgnet generate dataset` wrote it.
        data, split: what it was drawn from.
        inception: weights for FID and KID; the word `download` fetches them. None takes the same distances by the
            features of MobileNetV2, if the package with its weights is installed.
        num_images: at most so many of its images are measured, a random sample; FID and KID take up to NUM_REALISM.
        out: the folder of the report; None means `folder` with `-report` after its name.

    Raises:
        SynthesisError, EvaluationError: it is no synthetic data set, has other sources, or cannot be measured.
        WeightsError, ConfigError, DataError, OutputError: a model, data, image or folder cannot be used.
    """
    judge_name = str(judge or run)
    evaluated = Evaluated((str(folder),), (f"{data or 'bundled'}, {split}",), (f"by {judge_name}", f"{num_images}"))
    target = folder_for(evaluated, out, folder.with_name(f"{folder.absolute().name}-report"))
    if inception == DOWNLOAD:
        inception = download_inception(cache_root())
    model, size = drawing_model(run, device)
    judging = judge_of(run, judge, device, size)
    made = open_set(run, folder, data, split, num_images, seed)
    records = records_of(made.dataset, split)
    real = open_crops(records, size, cache_root())
    drawn = made.read(range(len(made.rows)), size)
    i_u8, j_u8, pairs = real[made.i], real[made.j], np.stack([made.i, made.j], axis=1)
    of_real = extract(judging.function, real, device=judging.device)[judging.feature]
    of_drawn = extract(judging.function, drawn, device=judging.device)[judging.feature]
    pids, camids, itself = (
        np.array([record.pid for record in records]),
        np.array([record.camid for record in records]),
        np.arange(len(records)),
    )
    cameras = None if (camids == UNKNOWN_CAMERA).any() else camids
    labels = (pids, pids, cameras, cameras, itself, itself)
    identity = identity_consistency(of_drawn, of_real, of_real, pairs, *labels)
    precision = identity_precision(of_drawn, of_real, pairs, *labels)
    structure = structure_consistency(drawn, i_u8, j_u8, *structure_distances(model, drawn, i_u8, j_u8))
    repeats, _ = measure_memorisation(thumbnails(drawn), _thumbnails(real), limit=2.0)
    clothes = np.array([int(str(row["clothes_id"])) for row in made.rows])
    best, worst = chosen_cases(precision, pairs, NUM_SHOWN)

    def cases(places: list[int]) -> list[Case]:
        return [Case(i_u8[k], j_u8[k], drawn[k], str(made.rows[k]["path"]), float(precision[k])) for k in places]

    realism, said = _realism(made, folder, real, inception, size, judging.device, seed)
    parts: list[Part] = [
        Consistency(identity, structure),
        RealismAndDiversity(
            realism,
            diversity_beside_real(drawn, clothes, real, pids, lpips, seed),
        ),
        Repeats(repeats),
        BestAndWorst("average precision of the person who gave the clothes", cases(best), cases(worst)),
    ]
    facts = [
        ("data set", f"{folder}, {len(drawn)} images measured"),
        ("drawn from", f"{made.dataset.name}, {split}: {len(records)} images of {len(set(pids.tolist()))} people"),
        ("judged by", f"{judging.name} of {judge_name}"),
        ("seed", str(seed)),
        *common_facts(),
    ]
    note = (
        "Searched among the images it was drawn from, each image's own x_i left out, and all of i by the same camera."
    )
    report = Report(f"Synthetic people: {folder.absolute().name}", facts, parts, [note, *said])
    return publish(report, target, evaluated)


def _thumbnails(real: Crops) -> np.ndarray:
    return np.concatenate([thumbnails(real[start : start + BATCH]) for start in range(0, len(real), BATCH)])


def _realism(
    made: SyntheticSet,
    folder: Path,
    real: Crops,
    inception: Path | None,
    size: tuple[int, int],
    device: torch.device,
    seed: int,
) -> tuple[Realism | None, list[str]]:
    """FID and KID of the images against their sources; without weights the same distances by MobileNetV2's features.

    Where there is neither, None; a sentence says what is missing.
    """
    notes = [] if inception else ["FID and KID need the weights of Inception-v3: --inception WEIGHTS, or download."]
    name = INCEPTION if inception else MOBILENET
    try:
        network = load_inception(inception).to(device) if inception else by_bare_backbone(device)
    except WeightsError as error:
        return None, [*notes, f"No distances by {name} either: {error}."]
    every = SyntheticSet(folder, read_rows(folder / MANIFEST), made.dataset, made.split, made.i, made.j)
    rng = np.random.default_rng(seed)
    drawn, taken = (rng.permutation(number)[:NUM_REALISM] for number in (len(every.rows), len(real)))

    def generated() -> Iterator[Tensor]:
        for start in range(0, len(drawn), BATCH):
            yield bytes_to_01(every.read(drawn[start : start + BATCH].tolist(), size)).to(device)

    def photographs(chosen: np.ndarray) -> Iterator[Tensor]:
        for start in range(0, len(chosen), BATCH):
            yield bytes_to_01(real[chosen[start : start + BATCH]]).to(device)

    found = measure_realism(photographs(taken), generated(), network, seed=seed)
    halves = None
    if len(taken) >= 4:
        one, other = np.array_split(taken, 2)
        halves = replace(measure_realism(photographs(one), photographs(other), network, seed=seed), network=name)
    return replace(found, network=name, halves=halves), notes
