"""Kill a run at random moments, again and again, and resume it: python benchmarks/kill_and_resume.py --kills 20

After every `kill -9`, each file that the run has left must be readable, and no more steps may be lost than lie between
two checkpoints. At the end the run must be equal, bit for bit, to one that was not killed. A kill may come at any
moment: during the teacher's training, a joint step, the writing of a checkpoint, or the report.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from children import ended, in_a_child

from dgnet.config import BackboneConfig, DataConfig, RunConfig, preset
from dgnet.experiment.run_folder import RunFolder
from dgnet.experiment.train import train
from dgnet.files.tensors import read_tensors
from dgnet.training.checkpoint import latest_checkpoint
from dgnet.training.log import read_log


def tiny(root: str, cache: str, steps: int) -> RunConfig:
    """The settings of a small run: the narrowest networks, a checkpoint every third step, every step logged."""
    backbone = BackboneConfig(bottleneck=False, layers=(1, 1, 1, 1), width=8, stem="small")
    base = preset("mannequin").scaled(steps)
    network = replace(base.network, structure_width=2, mlp_width=8, discriminator_width=4, feature_dim=8)
    teacher = replace(base.teacher, backbone=backbone, batch_size=4, steps=12, min_accuracy=0.0)
    return replace(
        base,
        data=DataConfig("market1501" if root else "mannequin", root, (64, 32), cache=cache),
        batch_size=2,
        network=replace(network, backbone=backbone),
        teacher=teacher,
        log_every=1,
        sample_every=5,
        checkpoint_every=3,
    )


def steps_lost(run: Path) -> int:
    """How many steps the log has after the newest checkpoint: the larger of the teacher's and of joint training's."""
    lost, folder = [], RunFolder(run)
    for phase, checkpoints in (("teacher", folder.teacher_checkpoints), ("joint", folder.checkpoints)):
        logged = max((row["step"] for row in read_log(folder.log) if row["phase"] == phase), default=0)
        found = latest_checkpoint(checkpoints)
        lost.append(logged - (int(found.stem.removeprefix("step_")) if found else 0))
    return max(lost)


def wait_for_steps(run: Path, steps: int) -> None:
    """Wait until the log has that many more lines, or the run writes nothing any more."""
    log = RunFolder(run).log
    size, seen, deadline = -1, 0, time.monotonic() + 30
    while seen < steps and time.monotonic() < deadline:
        now = log.stat().st_size if log.exists() else 0
        seen += now > size >= 0
        size = now
        time.sleep(0.001)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--root", default="", help="a Market-1501 tree (default: the bundled mannequin edition)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        config = tiny(arguments.root, str(folder / "cache"), arguments.steps)
        output = folder / "output.txt"
        assert ended(in_a_child(lambda: train(config, folder / "whole"), output)) == 0, output.read_text()

        run, kills, worst = folder / "killed", 0, 0
        while kills < arguments.kills:
            child = in_a_child(lambda: train(config, run, resume=True), output)
            if moments.random() < 0.8:  # else kill it at once, while it looks for its data or reads its checkpoint
                wait_for_steps(run, moments.randint(1, 8))
            time.sleep(moments.uniform(0, 0.1))
            os.kill(child, signal.SIGKILL)
            assert ended(child) in (0, -signal.SIGKILL), output.read_text()[-2000:]
            kills += 1
            for file in run.rglob("[!.]*.safetensors"):
                read_tensors(file)  # raises an error that names the file if it is not whole
            worst = max(worst, steps_lost(run))
        assert ended(in_a_child(lambda: train(config, run, resume=True), output)) == 0, output.read_text()[-2000:]

        whole, killed = (read_tensors(RunFolder(one).model)[0] for one in (folder / "whole", run))
        same = all(torch.equal(value, killed[name]) for name, value in whole.items())
        left = [file.name for file in run.rglob(".*")]
    print(
        f"{kills} kills: every file readable; at most {worst} steps lost, of {config.checkpoint_every} between "
        f"checkpoints; "
        f"left half written: {left or 'nothing'}; the model is {'the same' if same else 'ANOTHER'}, bit for bit"
    )
    raise SystemExit(not same or bool(left) or worst > config.checkpoint_every)


if __name__ == "__main__":
    main()
