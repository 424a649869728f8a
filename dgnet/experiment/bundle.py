"""`python -m dgnet.experiment.bundle RUN`: make a finished run's model the one that travels with the package."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from dgnet.experiment.present import machine
from dgnet.experiment.setup import load_config
from dgnet.models.bundled import BUNDLED
from dgnet.models.weights import load_model, save_model


def bundle(run: Path, command: str) -> Path:
    """Write `run`'s model in float16 to its place in the package, its figures and `command` on its card.

    The figures are those of the float32 model; `tests/e2e/test_bundled.py` holds that the bundled one has them too.
    """
    loaded = load_model(run / "model.safetensors")
    config = load_config(run)
    results = json.loads((run / "results.json").read_text(encoding="utf-8"))
    swap, both = results["swap_error"], results["retrieval"]["f_prim+f_fine"]
    card = {
        "made by": command,
        "machine": machine(),
        "trained on": "mannequin, the bundled edition: rendered people, none of them real",
        "seed": str(config.seed),
        "swap error": f"L1 {swap['l1']:.4f}, {swap['ratio']:.3f} of copying x_j, {swap['num_pairs']} test pairs",
        "re-id": f"mAP {both['map_step']:.3f} (step), Rank@1 {both['cmc']['1']:.3f}, on its test identities",
        "licence": "Apache-2.0",
    }
    save_model(BUNDLED, loaded.model, config, card, dtype=torch.float16)
    return BUNDLED


if __name__ == "__main__":
    print(bundle(Path(sys.argv[1]), " ".join(sys.argv[2:])))
