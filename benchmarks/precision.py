"""Loss curves in bfloat16 beside those in float32: python benchmarks/precision.py [--steps 500] [--seeds 3]

Trains the small network on mannequin with one teacher, in both precisions and from several seeds, and compares the gap
between the precisions with the noise between seeds. A curve is the mean of a term in each tenth of the run (a window).
The gap is the distance between the two precisions' mean curves, averaged over the windows. The noise is the gap to be
expected between two sets of as many seeds in one precision: the standard error of a difference of two means times
sqrt(2 / pi). So a ratio of gap to noise around 1 says that the precisions differ no more than two sets of seeds do.

Seed 0 in float32 runs a second time: every logged number and every parameter must be the same, bit for bit.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from dgnet.config import RunConfig, preset
from dgnet.data.store.memory import keep_freed_memory
from dgnet.experiment.data import open_data
from dgnet.experiment.run_folder import RunFolder
from dgnet.experiment.training.obtain_teacher import obtain_teacher
from dgnet.experiment.training.run import Run
from dgnet.experiment.training.train_model import train_model
from dgnet.training.distributed import World
from dgnet.training.log import read_log

WINDOWS = 10
CPU = torch.device("cpu")


def train(config: RunConfig, out: Path) -> tuple[dict[str, list[float]], dict[str, torch.Tensor]]:
    """Train, and return every term's logged values and the model's parameters."""
    data, folder = open_data(config), RunFolder(out)
    folder.prepare(config, data.people)
    run = Run(config, data, folder, CPU, World())
    model = train_model(run, obtain_teacher(run))
    rows = [row for row in read_log(folder.log) if row["phase"] == "joint"]
    names = [name for name in rows[-1] if name not in ("phase", "step", "seconds")]
    return {name: [row.get(name, math.nan) for row in rows] for name in names}, model.state_dict()


def windows(values: list[float]) -> npt.NDArray[np.float64]:
    """Means of a term over each tenth of the run; NaN where it was not computed, before its ramp begins."""
    parts = np.array_split(np.array(values), WINDOWS)
    return np.array([np.nanmean(part) if np.isfinite(part).any() else math.nan for part in parts])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=3, help="at least 2")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    if arguments.seeds < 2:
        parser.error("--seeds: at least 2, else there is no noise to compare with")
    torch.set_num_threads(arguments.threads)
    keep_freed_memory()
    base = preset("mannequin").scaled(arguments.steps)
    base = replace(base, teacher=preset("mannequin").teacher, sample_every=arguments.steps, checkpoint_every=10**6)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        first, parameters = train(base, root / "first")
        base = replace(base, teacher=replace(base.teacher, weights=str(RunFolder(root / "first").teacher)))
        curves: dict[str, list[dict[str, list[float]]]] = {"fp32": [], "bf16": []}
        for precision, found in curves.items():
            for seed in range(arguments.seeds):
                values, again = train(replace(base, precision=precision, seed=seed), root / f"{precision}-{seed}")
                found.append(values)
                if (precision, seed) == ("fp32", 0):
                    same = values == first and all(torch.equal(again[key], parameters[key]) for key in parameters)
                    print(f"seed 0 in fp32 twice: {'the same, bit for bit' if same else 'DIFFERENT'}", flush=True)
    print(f"{arguments.steps} steps, {arguments.seeds} seeds in each precision; means over the last tenth")
    print(f"{'term':<15} {'fp32':>10} {'bf16':>10} {'gap':>8} {'noise':>8} {'ratio':>6}")
    ratios = []
    for name in first:
        sets = {precision: np.array([windows(values[name]) for values in found]) for precision, found in curves.items()}
        means = {precision: values.mean(axis=0) for precision, values in sets.items()}
        variance = sum(values.var(axis=0, ddof=1) / len(values) for values in sets.values())
        gap = float(np.nanmean(np.abs(means["fp32"] - means["bf16"])))
        noise = float(np.nanmean(np.sqrt(variance))) * math.sqrt(2 / math.pi)
        ratios.append(gap / noise)
        print(
            f"{name:<15} {means['fp32'][-1]:10.4f} {means['bf16'][-1]:10.4f} {gap:8.4f} {noise:8.4f} {gap / noise:6.2f}"
        )
    print(f"{'all terms':<45} {float(np.exp(np.mean(np.log(ratios)))):14.2f}")


if __name__ == "__main__":
    main()
