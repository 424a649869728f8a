"""dgnet's joint step against a straightforward twin: python benchmarks/joint_step.py [--size small] [--steps 3]
       other ways to run the step:             ... --only fp32 fp32+recompute --anchors 2
       on a GPU, as `dgnet train` runs there:  ... --device cuda --only twin fp32+cuda_graphs bf16+cuda_graphs

Both take the same steps with the same networks, batch and losses, with all published terms on: the twin
(`published_schedule.py`) in float32, dgnet's `joint_step` in float32 and in bfloat16. They run one after another, each
in a process of its own, which reports seconds per step (the median, after steps to warm up) and its peak memory
(ru_maxrss on a CPU, the allocator's peak on a GPU). `full` is the published size: 256x128, 8 + 8 anchors and their 16
partners. At that size the twin takes most of a minute per step on two cores.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from published_schedule import double_before_convolving, published_step

from dgnet.bench.machine import peak_memory, wait_for
from dgnet.bench.step import NUM_CLASSES, noise
from dgnet.config import LossConfig, preset
from dgnet.data.store.memory import keep_freed_memory
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.models.layers.units import place
from dgnet.training.batch import Batch, Networks
from dgnet.training.execution.choice import steps_of
from dgnet.training.optim.optimizers import build_optimizers
from dgnet.training.optim.schedules import ramped_weights

PASSED_ON = ("size", "steps", "threads", "device", "anchors")
WAYS = [
    "twin",
    *(precision + how for precision in ("fp32", "bf16") for how in ("", "+recompute", "+compile", "+cuda_graphs")),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=["full", "small"], default="full")
    parser.add_argument("--steps", type=int, default=3, help="measured steps, after one to warm up")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--processor_time", action="store_true", help="seconds of this process alone: for a busy CPU, with --threads 1"
    )
    parser.add_argument("--anchors", type=int, default=0, help="a side; the size's own if not given")
    parser.add_argument("--only", nargs="+", choices=WAYS, default=["twin", "fp32", "bf16"])
    parser.add_argument("--measure", choices=WAYS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments)))
        return
    found = {}
    for name in arguments.only:
        words = [f"--{key}={value}" for key, value in vars(arguments).items() if key in PASSED_ON]
        words += ["--processor_time"] if arguments.processor_time else []
        command = [sys.executable, __file__, *words, f"--measure={name}"]
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True)
        found[name] = json.loads(done.stdout)
        print(
            f"{name:<16} {found[name]['seconds']:8.2f} s a step {found[name]['peak'] / 2**30:8.2f} GiB at the peak"
            + (f", {found[name]['setup']:.0f} s to compile" if name.endswith("compile") else ""),
            flush=True,
        )
    twin = found.pop("twin", None)
    for name, ours in found.items() if twin else ():
        print(
            f"{name}: {twin['seconds'] / ours['seconds']:.2f} x as fast as the twin (target with bf16: 2.5), "
            f"{ours['peak'] / twin['peak']:.2f} x its memory (target: 0.45)"
        )


def measure(arguments: argparse.Namespace) -> dict[str, float]:
    """Seconds per step and peak memory in bytes, of one way to take the step."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(arguments.threads)
    twin, device = arguments.measure == "twin", torch.device(arguments.device)
    precision, _, how = arguments.measure.partition("+")
    config = preset("market1501+small" if arguments.size == "small" else "market1501")
    # Both take the published optimiser and the published terms.
    optim = replace(config.optim, muon_lr=0.0)
    loss = replace(config.loss, cycle=LossConfig().cycle, redressed=0.0, running_codes=False)
    config = replace(config, batch_size=arguments.anchors or config.batch_size, optim=optim, loss=loss)
    config = replace(config, execution=how or "plain")  # type: ignore[arg-type]
    torch.manual_seed(0)
    teacher = Teacher(config.teacher.backbone, config.network.feature_dim, NUM_CLASSES).freeze()
    modules = [DGNet(config.network, NUM_CLASSES).train(), Discriminator(config.network).train(), teacher]
    model, discriminator, teacher = (module.to(device) if twin else place(module, device) for module in modules)
    networks = Networks(model, discriminator, teacher)  # type: ignore[arg-type]
    if twin:
        double_before_convolving(networks.model.decoder)
    else:
        keep_freed_memory()  # as `dgnet train` does
    optimizers = build_optimizers(networks.model, networks.discriminator, config.optim)
    batch = noise(config, device)
    if twin:
        batch = Batch(**{name: tensor.contiguous() for name, tensor in batch.tensors().items()})
    autocast = torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")
    clock = time.process_time if arguments.processor_time else time.perf_counter
    take: Callable[..., object] = (
        partial(published_step, networks, optimizers, loss=config.loss, autocast=autocast)
        if twin
        else steps_of(config, networks, optimizers, autocast)
    )
    warm_up = 4 if config.execution == "cuda_graphs" else 1  # steps of both kinds, each run once and then recorded
    ramped = ramped_weights(config.schedule.steps, config.schedule, config.loss)
    seconds = []
    for step in range(arguments.steps + warm_up):
        began = clock()
        take(batch, ramped, penalise=True, structure_alone=step % 2 == 0)
        wait_for(device)
        seconds.append(clock() - began)
    return {"seconds": statistics.median(seconds[warm_up:]), "peak": peak_memory(device), "setup": seconds[0]}


if __name__ == "__main__":
    main()
