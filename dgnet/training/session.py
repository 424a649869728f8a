"""The session of a training: it goes on where it was left, takes the steps, and logs, watches, saves and stops.

Written once for every kind of training. A training itself builds its networks and optimisers, and says what one step
does, what is shown of it, and what else happens every so often.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class Context:
    """What a training is given by the run that it belongs to.

    Args:
        config: of the run.
        people: whom the labels stand for.
        checkpoints: the folder of this training's states.
        log: the file of its lines.
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
    """What else happens every so many steps, and after the last: the first process does it, the others wait.

    Args:
        every: in steps; 0 is never.
        act: takes the number of steps taken so far; the numbers that it returns, if any, go to the log.
        measures: the processes agree on the running statistics of batch norm first, as they do before a checkpoint.
    """

    every: int
    act: Callable[[int], Mapping[str, float] | None]
    measures: bool = False

    def due(self, done: int, last: bool) -> bool:
        """Whether it happens after so many steps."""
        return self.every > 0 and (last or done % self.every == 0)


class Session:
    """A training from where its newest checkpoint left it, or from the start; `start` is the number of steps taken.

    Args:
        phase: the training's name, in the log, on the bar and in messages.
        num_steps: how many steps it has in all.
        modules, optimizers: its whole state, by the names that it has in checkpoints; restored in place, and from then
            on the same in all processes, which step with the mean of their gradients.
        context: of the run.

    Raises:
        CheckpointError, DataError: the newest checkpoint is damaged, or is of other settings, people or images.
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
    ) -> None:
        """Take every step that is left.

        Args:
            take: takes one step, given its number from 0, and returns its terms, detached. All that it draws from
                torch's own generator is a function of the step.
            show: what the bar shows of the terms' means.
            regulars: what else happens, in this order, once a step is logged and saved.

        Raises:
            DivergenceError: naming the term; the last checkpoint is from before.
            Interrupted: after SIGINT or SIGTERM, once the state is saved.
        """
        config, world = self.context.config, self.context.world
        averages, watch, stop = Averages(), Watch(), StopRequest()
        steps = range(self.start, self.num_steps)
        bar = tqdm(steps, self.phase, self.num_steps, initial=self.start, dynamic_ncols=True, disable=not world.leads)
        with stop.listening():
            for step in bar:
                seed_step(config.seed, step, world.rank)
                averages.add(take(step))

                done, last = step + 1, step + 1 == self.num_steps
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
                if stopping and not last:
                    raise Interrupted(
                        f"stopped after {done} of {self.num_steps} {self.phase} steps; --resume continues"
                    )

    def _write(self, done: int, values: Mapping[str, float] | None) -> None:
        if values:
            self._log.write(done, {**values, "seconds": time.monotonic() - self._began})

    def _save(self, done: int) -> None:
        context = self.context
        state = (context.config, context.people, self.modules, self.optimizers, context.world.size)
        save_checkpoint(context.checkpoints, done, *state)
