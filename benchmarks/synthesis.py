"""Synthesis against the decoder alone: python benchmarks/synthesis.py

Draws images from `--sources` pictures of bundled people with the bundled model, in one process, from plan to written
tree: sources read, encoded, pairs drawn, images compressed and written, manifest and hashes included. All pairs, or
`--images` of them (`--sources 250 --images 1000`: each source serves four). Before and after it the decoder alone is
timed on the same number of images, in the same batches, with codes at hand. The ratio is images per second of the first
over those of the second, both in CPU time of this process and in time on the clock (the same where nothing else runs).
`--run` times another model.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from dgnet.data.store.threads import one_thread
from dgnet.experiment.figures.frame import drawing_model
from dgnet.experiment.figures.inputs import read_data
from dgnet.experiment.synthesise import synthesise
from dgnet.generation.synthesis.plan import BATCH
from dgnet.generation.synthesis.recipe import Recipe


def decoder_alone(run: str, device: str, count: int) -> None:
    """G on `count` images, from codes of noise."""
    model, size = drawing_model(run, device)
    x = torch.randn(BATCH, 3, *size, generator=torch.Generator().manual_seed(0)).to(device)
    with one_thread(), torch.inference_mode():
        a, s = model.encode(x)
        for start in range(0, count, BATCH):
            part = min(BATCH, count - start)
            model.compose(a[:part], s[:part])
        if device != "cpu":
            torch.cuda.synchronize()


def timed(do: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and CPU seconds of this process."""
    clock, cpu = time.perf_counter(), time.process_time()
    do()
    return time.perf_counter() - clock, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="bundled")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--sources", type=int, default=32, help="pictures; up to 150, they are of as many people")
    parser.add_argument("--images", type=int, default=0, help="to draw; 0 means all pairs")
    options = parser.parse_args()
    count = options.images or options.sources * (options.sources - 1)

    def alone() -> None:
        decoder_alone(options.run, options.device, count)

    with tempfile.TemporaryDirectory() as folder:
        records = read_data("").train
        os.environ["DGNET_CACHE"] = folder
        tree, out = Path(folder) / "people" / "bounding_box_train", Path(folder) / "new"
        tree.mkdir(parents=True)
        for place in range(options.sources):
            shutil.copy(records[place * len(records) // options.sources].path, tree)
        decoder_alone(options.run, options.device, BATCH)  # warm-up

        def whole() -> None:
            synthesise(
                *(options.run, f"market1501={tree.parent}", out, Recipe(count, near=0)),
                workers=1,
                device=options.device,
            )

        first, ours, second = timed(alone), timed(whole), timed(alone)
        assert len(list((out / "bounding_box_train").iterdir())) == count
    for place, name in enumerate(("clock", "CPU")):
        decoder = (first[place] + second[place]) / 2
        print(
            f"{name}: decoder alone {count / decoder:.0f} images per second, "
            f"whole synthesis {count / ours[place]:.0f}; ratio {decoder / ours[place]:.2f}"
        )


if __name__ == "__main__":
    main()
