"""One of two processes that train together, started by a test: python one_of_two.py RANK MEETING_FILE CONFIG RESULT."""

from __future__ import annotations

import json
import sys

import torch
import torch.distributed as dist
from safetensors.torch import save_file

from dgnet.config import RunConfig, from_dict
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.training.batch import Batch, Networks
from dgnet.training.checkpoint import seed_step
from dgnet.training.distributed import World
from dgnet.training.optim.optimizers import Optimizers, build_optimizers
from dgnet.training.optim.schedules import ramped_weights
from dgnet.training.step import joint_step

STEPS = 4
NUM_CLASSES = 4
AUTOCAST = torch.autocast("cpu", enabled=False)


def batch_of(step: int, rank: int) -> Batch:
    """A batch of noise, different for each rank and each step."""
    generator = torch.Generator().manual_seed(100 * step + rank)
    images = [torch.randn(4, 3, 64, 32, generator=generator) for _ in range(5)]
    return Batch(*images, label=torch.randperm(NUM_CLASSES, generator=generator))


def take(networks: Networks, optimizers: Optimizers, config: RunConfig, step: int, rank: int) -> None:
    """Take one step with this rank's batch and dropout; all terms are on from the second step."""
    seed_step(config.seed, step, rank)
    joint_step(
        networks,
        optimizers,
        batch_of(step, rank),
        ramped_weights(step * config.schedule.steps, config.schedule, config.loss),
        config.loss,
        penalise=step % 2 == 0,
        structure_alone=step % 2 == 1,
        autocast=AUTOCAST,
    )


def build(config: RunConfig, seed: int) -> Networks:
    """Untrained networks in training mode."""
    torch.manual_seed(seed)
    teacher = Teacher(config.teacher.backbone, config.network.feature_dim, NUM_CLASSES).freeze()
    return Networks(DGNet(config.network, NUM_CLASSES).train(), Discriminator(config.network).train(), teacher)


def state_of(networks: Networks) -> dict[str, torch.Tensor]:
    """Every tensor of E_a, E_s, G and D."""
    named = {"model": networks.model, "discriminator": networks.discriminator}
    return {f"{name}.{k}": v.clone() for name, module in named.items() for k, v in module.state_dict().items()}


def main(rank: int, meeting: str, config: RunConfig, result: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    world = World(rank, 2)
    networks = build(config, seed=rank)  # other parameters in each, until the first process's are everyone's
    modules = [networks.model, networks.discriminator, networks.teacher]
    world.broadcast(modules)
    optimizers = build_optimizers(networks.model, networks.discriminator, config.optim)
    world.average_before_step(optimizers.named().values())
    for step in range(STEPS):
        take(networks, optimizers, config, step, rank)
    world.average_statistics(modules)
    assert world.mean({"a": 1.0 + rank, "b": 5.0}) == {"a": 1.5, "b": 5.0}
    assert world.gather(torch.full((2, 1), float(rank))).tolist() == [[0.0], [0.0], [1.0], [1.0]]
    assert world.from_first(lambda: {"rank": rank}) == {"rank": 0}
    assert world.any(rank == 1)
    assert not world.any(False)
    save_file(state_of(networks), result)
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], from_dict(json.loads(sys.argv[3])), sys.argv[4])
