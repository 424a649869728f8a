"""`python -m tools.bundle RUN... --made-by COMMANDS`: make a run's model the one that the package brings."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from dgnet.config import DataConfig, RunConfig
from dgnet.experiment.data import open_held_out
from dgnet.experiment.evaluation.features import features_by, held_out_features, held_out_labels
from dgnet.experiment.evaluation.present import machine
from dgnet.experiment.run_folder import RunFolder
from dgnet.files.cache import cache_root
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.bundled import BUNDLED
from dgnet.models.weights.ours import load_model, save_model
from dgnet.quality.true_swaps import measure_swaps
from dgnet.retrieval.measure import measure_retrieval
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.rows import BOTH, Row


def bundle(runs: Sequence[Path], commands: str) -> Path:
    """Write a run's model in float16 to its place in the package; its card holds `commands` and the model's figures.

    Of several runs, each of which started from the one before, the model is the mean of their weights, with the
    settings of the last. The figures are measured on the test people of mannequin's bundled edition, whichever rendered
    people the run was trained on. They are measured in float32; `tests/e2e/test_bundled.py` checks that the bundled
    model reaches them too.
    """
    folders = [RunFolder(run) for run in runs]
    model, config = mean_model([load_model(one.model).model for one in folders]), folders[-1].load_config()
    data = open_held_out(replace(config, data=DataConfig("mannequin", size=config.data.size)))
    swaps = measure_swaps(model, data.dataset.root, config.data.size, cache_root())
    assert swaps is not None, "the bundled edition lists true swaps"
    features = held_out_features(features_by(None, model), data, config.alpha, torch.device("cpu"))
    both = measure_retrieval(features, held_out_labels(data), Protocol(), detailed=False).figures[Row(BOTH)]
    error, pasted = swaps.error, swaps.pasted
    card = {
        "made by": commands,
        "measured on": machine(),
        "trained on": "mannequin: rendered people, none of them real, and none of them in the bundled edition's test",
        "seed": str(config.seed),
        "swap error": f"L1 {error.l1:.4f}, {error.ratio:.3f} of copying x_j; pasted on x_j {pasted.l1:.4f}, "
        f"{pasted.ratio:.3f}; {error.num_pairs} test pairs",
        "re-id": f"mAP {both.map_step:.3f} (step), Rank@1 {both.rank1:.3f}, on the bundled edition's test identities",
        "licence": "Apache-2.0",
    }
    save_model(BUNDLED, without_classifiers(model, config), config, card, dtype=torch.float16)
    return BUNDLED


def mean_model(models: Sequence[DGNet]) -> DGNet:
    """The last of the models, its weights replaced by the mean of all models' (integer counters stay its own)."""
    *others, last = models
    states = [model.state_dict() for model in others]
    mean = {
        name: torch.stack([tensor, *(state[name] for state in states)]).mean(0)
        if tensor.is_floating_point()
        else tensor
        for name, tensor in last.state_dict().items()
    }
    last.load_state_dict(mean)
    return last


def without_classifiers(model: DGNet, config: RunConfig) -> DGNet:
    """The same model for 0 classes: with thousands of training people, classifiers are a quarter of the file."""
    with torch.device("meta"):
        slim = DGNet(config.network, 0)
    empty = slim.state_dict()
    kept = {
        name: torch.zeros_like(empty[name], device="cpu") if ".classifier." in name else tensor
        for name, tensor in model.state_dict().items()
    }
    slim.load_state_dict(kept, assign=True)
    return slim.eval()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.bundle", description=bundle.__doc__)
    parser.add_argument("RUN", type=Path, nargs="+", help="folders of finished runs on rendered people")
    parser.add_argument("--made-by", required=True, help="the commands that made them, for the card")
    found = parser.parse_args()
    print(bundle(found.RUN, found.made_by))
