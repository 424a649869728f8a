"""`dgnet bench step`: the time of each phase of a training step, and its speed next to a matrix product's."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from dgnet.bench.machine import machine_name, matmul_rate, peak_memory, table, wait_for
from dgnet.config import Precision, RunConfig
from dgnet.data.store.memory import keep_freed_memory
from dgnet.models.appearance import Teacher
from dgnet.models.device import autocast_for
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.models.layers.units import channels_last, place
from dgnet.training.batch import Batch, Networks
from dgnet.training.optim.optimizers import Optimizers, build_optimizers
from dgnet.training.optim.schedules import ramped_weights
from dgnet.training.step import joint_step

NUM_CLASSES = 751
PHASES = ("draw", "discriminator", "generator", "appearance", "feeding")


@dataclass(frozen=True)
class StepBench:
    """Seconds per phase (medians), floating-point operations per step, and peak memory in bytes."""

    seconds: dict[str, float]
    flops: int
    peak: int


def bench_step(config: RunConfig, device: torch.device, precision: Precision, steps: int) -> str:
    """A table of a step with all terms on: phases, images per second, memory, operations per second.

    The networks are untrained and the images are noise; neither changes the cost of a step.
    """
    keep_freed_memory()
    found = measure_step(replace(config, precision=precision), device, steps)
    whole = sum(found.seconds.values())
    images = 4 * config.batch_size
    rate = found.flops / whole
    best = {dtype: matmul_rate(device, dtype) for dtype in (torch.float32, torch.bfloat16)}
    own = best[torch.bfloat16 if precision == "bf16" else torch.float32]
    height, width = config.data.size
    rows = [
        ("machine", machine_name(device)),
        ("step", f"{config.preset}, {precision}, {height} x {width}, {images} images"),
        *((f"  {phase}", f"{seconds:.3f} s  {seconds / whole:4.0%}") for phase, seconds in found.seconds.items()),
        ("whole step", f"{whole:.3f} s"),
        ("images per second", f"{images / whole:.1f}"),
        ("peak memory", f"{found.peak / 2**30:.2f} GiB"),
        ("operations", f"{found.flops / 1e12:.3f} TFLOP (a multiply-add is two)"),
        ("achieved", f"{rate / 1e9:.0f} GFLOP/s, {rate / own:.0%} of the matrix product's in {precision}"),
        ("matrix product", f"fp32 {best[torch.float32] / 1e9:.0f}, bf16 {best[torch.bfloat16] / 1e9:.0f} GFLOP/s"),
    ]
    return table(rows)


def measure_step(config: RunConfig, device: torch.device, steps: int) -> StepBench:
    """Take `steps` + 2 steps: one to warm up, then the measured ones, then one to count operations."""
    torch.manual_seed(config.seed)
    teacher = Teacher(config.teacher.backbone, config.network.feature_dim, NUM_CLASSES).freeze()
    model, discriminator = DGNet(config.network, NUM_CLASSES), Discriminator(config.network)
    networks = Networks(place(model, device).train(), place(discriminator, device).train(), place(teacher, device))
    optimizers = build_optimizers(networks.model, networks.discriminator, config.optim, config.precision)
    batch = noise(config, device)
    autocast = autocast_for(device, config.precision)

    def take(step: int) -> None:
        joint_step(
            networks,
            optimizers,
            batch,
            ramped_weights(config.schedule.steps, config.schedule, config.loss),
            config.loss,
            penalise=step % config.loss.r1_every == 0,
            structure_alone=step % 2 == 0,
            autocast=autocast,
        )

    take(0)
    laps: dict[str, list[float]] = defaultdict(list)
    for step in range(steps):
        with phases(networks, optimizers, device) as seconds:
            take(step)
        for phase in PHASES:
            laps[phase].append(seconds[phase])
    peak = peak_memory(device)
    with Operations() as counter:
        take(0)
    return StepBench({phase: median(values) for phase, values in laps.items()}, counter.count, peak)


class Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the floating-point operations of products and convolutions, forward and backward; a multiply-add is two.

    torch's own FlopCounterMode also follows modules, which fails where a gradient is taken by `autograd.grad` (R1).
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count:
            self.count += count(*args, **(kwargs or {}), out_val=out)
        return out


@contextmanager
def phases(networks: Networks, optimizers: Optimizers, device: torch.device) -> Iterator[dict[str, float]]:
    """Measure the seconds of each phase of the one step taken inside the context, by hooks on the networks.

    `draw` ends at D's first forward pass, `discriminator` after D's update, `generator` at the first of the two forward
    passes that train E_a, and `appearance` at the second. `feeding` is the rest: it includes the teacher's labels and
    the updates of E_s, G and E_a.
    """
    E_a, D = networks.model.appearance_encoder, networks.discriminator
    seconds: dict[str, float] = dict.fromkeys(PHASES, 0.0)
    current, began = 0, time.perf_counter()

    def enter(phase: int) -> None:
        nonlocal current, began
        if phase != current + 1:
            return
        wait_for(device)
        now = time.perf_counter()
        seconds[PHASES[current]] += now - began
        current, began = phase, now

    def appearance_looks(module: nn.Module, _inputs: Any) -> None:
        if next(module.parameters()).requires_grad:
            enter(4 if current == 3 else 3)

    hooks = [
        D.register_forward_pre_hook(lambda *_: enter(1)),
        optimizers.discriminator.register_step_post_hook(lambda *_: enter(2)),
        E_a.register_forward_pre_hook(appearance_looks),
    ]
    try:
        yield seconds
    finally:
        for hook in hooks:
            hook.remove()
    wait_for(device)
    seconds[PHASES[current]] += time.perf_counter() - began


def noise(config: RunConfig, device: torch.device) -> Batch:
    """A batch of the right shapes, of random numbers."""
    generator = torch.Generator().manual_seed(config.seed)
    anchors = 2 * config.batch_size

    def images(number: int) -> Tensor:
        return channels_last(torch.randn((number, 3, *config.data.size), generator=generator).to(device))

    def labels(number: int) -> Tensor:
        return torch.randint(NUM_CLASSES, (number,), generator=generator).to(device)

    x, x_partner, x_erased, x_partner_erased = (images(anchors) for _ in range(4))
    batch = Batch(x, x_partner, x_erased, x_partner_erased, x, labels(anchors))
    if not config.more_real:
        return batch
    return replace(batch, x_more=images(config.more_real), label_more=labels(config.more_real))
