"""Measures of swaps between test people: consistency with both images, diversity, and realism."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dgnet.data.normalise import bytes_to_01, normalise
from dgnet.data.store.packed import CropStore
from dgnet.files.images import ImagesU8
from dgnet.generation.swap import device_of, swap_pairs
from dgnet.models.dgnet import DGNet
from dgnet.quality.consistency import (
    IdentityConsistency,
    Pairs,
    StructureConsistency,
    code_distances,
    cross_pairs,
    identity_consistency,
    structure_consistency,
)
from dgnet.quality.diversity import Diversity, lpips_distance, measure_diversity, random_pairs
from dgnet.quality.inception import load_inception
from dgnet.quality.realism import Realism, measure_realism
from dgnet.quality.truth import ssim
from dgnet.retrieval.features.extract import FeatureFunction, extract
from dgnet.retrieval.labels import Labels, SplitLabels
from dgnet.retrieval.measure import SplitFeatures

NUM_SWAPS = 400
NUM_DIVERSITY_PAIRS = 500
NUM_REALISM = 10_000  # at most this many real and this many generated images for FID and KID
BATCH = 64


@dataclass(frozen=True)
class Generated:
    """What was measured on swaps. All is None or empty where the test set shows only one person."""

    identity: IdentityConsistency | None = None
    structure: StructureConsistency | None = None
    diversity: Mapping[str, Diversity] = field(default_factory=dict)
    realism: Realism | None = None


def measure_generated(
    model: DGNet,
    function: FeatureFunction,
    judge: str,
    real: SplitFeatures,
    labels: SplitLabels,
    crops: tuple[CropStore, CropStore],
    *,
    inception: Path | None = None,
    lpips: bool = False,
    seed: int = 0,
) -> Generated:
    """Swap up to NUM_SWAPS random pairs of query images of different people, and measure the swaps.

    Args:
        model: draws the swaps.
        function: computes the features with which x_ij is searched for in the gallery.
        judge: the name of the feature to use, best from a network that G was not trained against, such as the Baseline.
        real: the same feature of the real images.
        labels, crops: of the queries and the gallery.
        inception: file of the weights for FID and KID, which compare swaps of gallery images with the gallery; None
            leaves both out.
        lpips: measure diversity by LPIPS too.
    """
    query, gallery = crops
    if len(np.unique(labels.query_pids)) < 2:
        return Generated()
    pairs = cross_pairs(labels.query_pids, NUM_SWAPS, seed)
    i, j = query[pairs[:, 0]], query[pairs[:, 1]]
    swapped = swap_pairs(model, i, j, BATCH)
    features = extract(function, swapped, device=device_of(model), progress=False)[judge]
    identity = identity_consistency(features, real.query, real.gallery, pairs, *labels.columns())
    structure = structure_consistency(swapped, i, j, *structure_distances(model, swapped, i, j))
    diversity = _diversity(swapped, labels.query_pids[pairs[:, 0]], query, labels.query_pids, lpips, seed)
    realism = _realism(model, gallery, labels.gallery_pids, inception, seed) if inception else None
    return Generated(identity, structure, diversity, realism)


@torch.inference_mode()
def structure_distances(model: DGNet, swapped: ImagesU8, i: ImagesU8, j: ImagesU8) -> tuple[np.ndarray, np.ndarray]:
    """Mean |E_s(x_ij) - s_j| and mean |s_i - s_j| of each pair, P values each."""
    E_s, own, other = model.structure_encoder, [], []
    for start in range(0, len(j), BATCH):
        part = slice(start, start + BATCH)
        codes = [
            E_s.learnt(E_s(normalise(torch.from_numpy(images[part]).to(device_of(model)))))
            for images in (swapped, i, j)
        ]
        own.append(code_distances(codes[0], codes[2]))
        other.append(code_distances(codes[1], codes[2]))
    return np.concatenate(own), np.concatenate(other)


def _diversity(
    swapped: ImagesU8, givers: np.ndarray, real: CropStore, pids: np.ndarray, lpips: bool, seed: int
) -> dict[str, Diversity]:
    """Diversity by name: of generated images in the same person's clothes (as in the paper), and of real images.

    Pairs of real images show the same person.

    Args:
        givers: pids of the people whose clothes the `swapped` images show.
        pids: pids of the `real` images.
    """
    found: dict[str, Diversity] = {}
    distances = {"SSIM": ssim} | ({"LPIPS": lpips_distance()} if lpips else {})
    sets: tuple[tuple[str, ImagesU8 | CropStore, np.ndarray], ...] = (
        ("generated, one person's clothes", swapped, givers),
        ("real, one person", real, pids),
    )
    for what, images, marks in sets:
        if len(np.unique(marks)) == len(marks):
            continue  # no person has two images to pair
        pairs = random_pairs(len(images), NUM_DIVERSITY_PAIRS, seed=seed, labels=marks)
        found |= {f"{name}, {what}": measure_diversity(images, pairs, distance) for name, distance in distances.items()}
    return found


def _realism(model: DGNet, gallery: CropStore, pids: Labels, inception: Path, seed: int) -> Realism:
    """FID and KID of swaps x_ij between gallery images, against the x_j. Images are read and drawn batch by batch."""
    network = load_inception(inception).to(device_of(model))
    pairs = cross_pairs(pids, NUM_REALISM, seed)

    def real() -> Iterator[Tensor]:
        for part in _parts(pairs):
            yield bytes_to_01(gallery[part[:, 1]]).to(device_of(model))

    def generated() -> Iterator[Tensor]:
        for part in _parts(pairs):
            drawn = swap_pairs(model, gallery[part[:, 0]], gallery[part[:, 1]], BATCH)
            yield bytes_to_01(drawn).to(device_of(model))

    return measure_realism(real(), generated(), network, seed=seed)


def _parts(pairs: Pairs) -> Iterator[Pairs]:
    return (pairs[start : start + BATCH] for start in range(0, len(pairs), BATCH))
