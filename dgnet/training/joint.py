"""The joint training loop: steps, log lines, sample sheets, checkpoints."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from dgnet.config import RunConfig
from dgnet.data.batches.streams import coin
from dgnet.models.dgnet import DGNet
from dgnet.training.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint, seed_step
from dgnet.training.distributed import World
from dgnet.training.execution.choice import steps_of
from dgnet.training.feed import Feed
from dgnet.training.log import Averages, JsonLines, Watch
from dgnet.training.optim.optimizers import average_into, build_optimizers
from dgnet.training.optim.schedules import lr_factor, ramped_weights
from dgnet.training.step import Networks
from dgnet.training.stop import Interrupted, StopRequest


def averaged(model: DGNet) -> DGNet:
    """A DGNet whose E_s and G are copies to average into, and whose E_a is the model's own."""
    twin = copy.deepcopy(model)
    twin.appearance_encoder = model.appearance_encoder
    return twin.requires_grad_(True)


def drawing_parts(model: DGNet) -> nn.ModuleDict:
    """E_s and G, by name."""
    return nn.ModuleDict({"structure_encoder": model.structure_encoder, "decoder": model.decoder})


def train_joint(
    networks: Networks,
    feed: Feed,
    config: RunConfig,
    directory: Path,
    autocast: torch.autocast,
    sample: Callable[[DGNet, int], None],
    measure: Callable[[DGNet, int], float],
    world: World,
) -> DGNet:
    """Joint training from where the newest checkpoint left it, or from the start.

    Args:
        networks: on their device; `model` is changed in place.
        feed: batches of `2 * config.batch_size` anchors.
        directory: the run's; checkpoints go to `checkpoints/`, lines to `log.jsonl`.
        sample: called with the averaged model in eval mode and the number of steps, to draw what it can do by now.
        measure: called so every `config.evaluate_every` steps; returns the mAP.
        world: the processes that train together; the feed gives each its own batches.

    Returns:
        The model that is kept: E_a, and the averages of E_s and G.

    Raises:
        DivergenceError: naming the term; the last checkpoint is from before.
        Interrupted: after SIGINT or SIGTERM, once the state is saved.
    """
    model, schedule = networks.model, config.schedule
    optimizers = build_optimizers(model, networks.discriminator, config.optim, config.precision)
    kept = averaged(model)
    modules = {"model": model, "discriminator": networks.discriminator, "average": drawing_parts(kept)}
    average, current = (list(drawing_parts(one).parameters()) for one in (kept, model))
    folder = directory / "checkpoints"
    found = latest_checkpoint(folder)
    start = load_checkpoint(found, config, modules, optimizers.named(), world.size) if found else 0
    world.require_same_start(start, folder)
    world.broadcast(modules.values())
    world.average_before_step(optimizers.named().values())

    log, averages = JsonLines(directory / "log.jsonl", "joint", start, active=world.leads), Averages()
    watch, stop, began = Watch(), StopRequest(), time.monotonic()
    model.train()
    networks.discriminator.train()
    take = steps_of(config, networks, optimizers, autocast, world.size)
    steps = range(start, schedule.steps)
    bar = tqdm(steps, "joint", schedule.steps, initial=start, dynamic_ncols=True, disable=not world.leads)
    with stop.listening():
        for step in bar:
            seed_step(config.seed, step, world.rank)
            optimizers.set_lr_factor(lr_factor(step, schedule))
            terms = take(
                feed.batch(step),
                ramped_weights(step, schedule, config.loss),
                penalise=step % config.loss.r1_every == 0,
                structure_alone=coin(config.seed, step),
            )
            # The average forgets its random start quickly: a young one follows more closely.
            average_into(average, current, min(config.optim.ema, (step + 1) / (step + 10)))
            averages.add(terms.items())

            done, last = step + 1, step + 1 == schedule.steps
            stopping = world.any(stop.came)
            saving = done % config.checkpoint_every == 0 or last or stopping
            if done % config.log_every == 0 or saving:
                means = world.mean(averages.take())
                watch.check(done, means)
                log.write(done, {**means, "seconds": time.monotonic() - began})
                shown = {"image": "image", "id": "id_real", "swap id": "id_generated", "prim": "prim"}
                postfix = {label: f"{means[name]:.2f}" for label, name in shown.items() if name in means}
                bar.set_postfix(postfix, refresh=False)
            measuring = config.evaluate_every > 0 and (done % config.evaluate_every == 0 or last)
            drawing = done % config.sample_every == 0 or last
            if saving or measuring:
                world.average_statistics(modules.values())
            if saving and world.leads:
                save_checkpoint(folder, done, config, modules, optimizers.named(), world.size)
            if (measuring or drawing) and world.leads:
                kept.eval()
                if measuring:
                    log.write(done, {"map": measure(kept, done), "seconds": time.monotonic() - began})
                if drawing:
                    sample(kept, done)
                kept.train()
            if stopping and not last:
                raise Interrupted(f"stopped after {done} of {schedule.steps} steps; --resume continues")
    return kept.eval()
