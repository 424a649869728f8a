"""The loop that the teacher's training and the joint training share: resume, take the steps, log, watch, save, stop.

Each training builds its own networks and optimisers, and says what one step does, what the progress bar shows, and what
else happens at regular intervals.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from dgnet.config import RunConfig
from dgnet.data.people import People
from dgnet.training.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint, seed_step
from dgnet.training.distributed import World
from dgnet.training.log import Averages, JsonLines, Watch
from dgnet.training.stop import Interrupted, StopRequest

NamedTerms = Iterable[tuple[str, Tensor]]
RATES: Final = {  # of each training: the settings to lower where it diverges
    "teacher": "teacher.backbone_lr, teacher.head_lr",
    "joint": "optim.generator_lr, optim.muon_lr, optim.backbone_lr, optim.head_lr; loss.* of that term",
    "adapt": "adapt.backbone_lr, adapt.head_lr; with the generator adapt.drawing.*",
}


@dataclass(frozen=True)
class Context:
    """What a training gets from the run that it belongs to.

    Args:
        config: of the run.
        people: the identities that the labels stand for.
        checkpoints: the folder of this training's checkpoints.
        log: the run's `log.jsonl`.
        autocast: the precision of the networks' arithmetic.
        world: the processes that train together; the first alone writes files.
    """

    config: RunConfig
    people: People
    checkpoints: Path
    log: Path
    autocast: torch.autocast
    world: World


@dataclass(frozen=True)
class Regular:
    """Something that happens every `every` steps and after the last one. The first process does it, the others wait.

    Args:
        every: the interval in steps; 0 means never.
        act: called with the number of steps taken so far; the numbers that it returns, if any, go to the log.
        measures: whether the running statistics of batch norm must be averaged over the processes first, as they are
            before a checkpoint.
    """

    every: int
    act: Callable[[int], Mapping[str, float] | None]
    measures: bool = False

    def due(self, done: int, last: bool) -> bool:
        """Whether it happens after `done` steps, the last of which is the training's last if `last`."""
        return self.every > 0 and (last or done % self.every == 0)


class Session:
    """A training, restored from its newest checkpoint if it has one. `start` is the number of steps already taken.

    Args:
        phase: the training's name in the log, on the progress bar and in messages.
        num_steps: how many steps it has in all.
        modules, optimizers: its whole state, by the names used in checkpoints. It is restored in place and made equal
            in all processes; it stays equal, because every optimiser steps with the mean of their gradients.
        context: of the run.

    Raises:
        CheckpointError, DataError: the newest checkpoint is damaged, or belongs to other settings, people or images.
        WorldError: the processes found different checkpoints.
    """

    def __init__(
        self,
        phase: str,
        num_steps: int,
        modules: Mapping[str, nn.Module],
        optimizers: Mapping[str, Optimizer],
        context: Context,
    ) -> None:
        self.phase, self.num_steps, self.modules, self.optimizers = phase, num_steps, modules, optimizers
        self.context, world = context, context.world
        found = latest_checkpoint(context.checkpoints)
        state = (context.config, context.people, modules, optimizers, world.size)
        self.start = load_checkpoint(found, *state) if found else 0
        world.require_same_start(self.start, context.checkpoints)
        world.broadcast(modules.values())
        world.average_before_step(optimizers.values())
        self._log = JsonLines(context.log, phase, self.start, active=world.leads)
        self._began = time.monotonic()

    def run(
        self,
        take: Callable[[int], NamedTerms],
        show: Callable[[Mapping[str, float]], Mapping[str, str]],
        regulars: Sequence[Regular] = (),
        until: int | None = None,
    ) -> None:
        """Take every step that is left, or those before step `until`; then it may be called again for the rest.

        Args:
            take: takes one step, given its number from 0, and returns its terms, detached. torch's generator is seeded
                anew before each call (`seed_step`).
            show: turns the means of the terms into what the progress bar shows.
            regulars: what else happens, in this order, after a step has been logged and saved.
            until: the step before which to end; the state is saved there, and what is regular happens.

        Raises:
            DivergenceError: a term diverges; the last checkpoint was written before that.
            Interrupted: after SIGINT or SIGTERM, once the state is saved.
        """
        config, world = self.context.config, self.context.world
        averages, watch, stop = Averages(), Watch(RATES.get(self.phase, RATES["joint"])), StopRequest()
        end = self.num_steps if until is None else until
        steps = range(self.start, end)
        bar = tqdm(steps, self.phase, self.num_steps, initial=self.start, dynamic_ncols=True, disable=not world.leads)
        with stop.listening():
            for step in bar:
                seed_step(config.seed, step, world.rank)
                averages.add(take(step))

                done, last = step + 1, step + 1 == end
                stopping = world.any(stop.came)
                saving = done % config.checkpoint_every == 0 or last or stopping
                if done % config.log_every == 0 or saving:
                    means = world.mean(averages.take())
                    watch.check(done, means)
                    self._write(done, means)
                    bar.set_postfix(show(means), refresh=False)
                due = [one for one in regulars if one.due(done, last)]
                if saving or any(one.measures for one in due):
                    world.average_statistics(self.modules.values())
                if world.leads:
                    if saving:
                        self._save(done)
                    for one in due:
                        self._write(done, one.act(done))
                if stopping and done < self.num_steps:
                    raise Interrupted(
                        f"stopped after {done} of {self.num_steps} {self.phase} steps; --resume continues"
                    )
        self.start = max(self.start, end)

    def _write(self, done: int, values: Mapping[str, float] | None) -> None:
        if values:
            self._log.write(done, {**values, "seconds": time.monotonic() - self._began})

    def _save(self, done: int) -> None:
        context = self.context
        state = (context.config, context.people, self.modules, self.optimizers, context.world.size)
        save_checkpoint(context.checkpoints, done, *state)
