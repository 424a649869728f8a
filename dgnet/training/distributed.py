"""Several processes that train one model. torchrun starts them; each has its own batches, all take the same steps.

Gradients are averaged right before each optimiser's step, so that the step itself reads as it does for one process.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous
from torch.optim import Optimizer

from dgnet.errors import DgnetError

MEETING = timedelta(minutes=5)  # torchrun starts all processes at once
PATIENCE = timedelta(minutes=30)  # the first process may draw, or judge a teacher, while the others wait
TORCHRUN = (
    "torchrun sets these variables for every process that it starts: start with it (torchrun --nproc-per-node=2 -m -- "
    "dgnet train ...), or unset WORLD_SIZE, RANK and LOCAL_RANK to train in one process"
)

logger = logging.getLogger(__name__)


class WorldError(DgnetError, RuntimeError):
    """The processes of a job cannot go on together; the message says which, and what to do."""


@dataclass(frozen=True)
class World:
    """The processes of this job, and which of them this is.

    Args:
        rank: this process among all, from 0. Process 0 leads: it alone logs, draws and writes files.
        size: how many there are.
        local_rank: this process among those of its machine, from 0; the number of its GPU.
        restarted: torchrun started the job anew after a process died.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    restarted: bool = False

    @property
    def leads(self) -> bool:
        """Whether this process writes what is written once."""
        return self.rank == 0

    def own(self, device: torch.device) -> torch.device:
        """The device of this process: its own GPU where each has one."""
        if self.size == 1 or device.type != "cuda":
            return device
        if self.local_rank >= torch.cuda.device_count():
            raise WorldError(
                f"--nproc-per-node: process {self.local_rank} of this machine has no GPU of its own, there are "
                f"{torch.cuda.device_count()}; start no more processes than GPUs"
            )
        mine = torch.device("cuda", self.local_rank)
        torch.cuda.set_device(mine)
        return mine

    def average_before_step(self, optimizers: Iterable[Optimizer]) -> None:
        """From now on every step of these optimisers is taken with the mean of all processes' gradients."""
        if self.size == 1:
            return

        def average(optimizer: Optimizer, _args: Any, _kwargs: Any) -> None:
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            # A head that no loss reaches yet has no gradient in any process: all follow one schedule.
            self.average([p.grad for p in parameters if p.grad is not None])

        for optimizer in optimizers:
            optimizer.register_step_pre_hook(average)

    @torch.no_grad()
    def average(self, tensors: Sequence[Tensor]) -> None:
        """Every tensor becomes its mean over the processes, in place; one message carries them all."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with _together():
            dist.all_reduce(flat)
        flat /= self.size
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view(tensor.shape))

    def average_statistics(self, modules: Iterable[nn.Module]) -> None:
        """Agree on the running statistics of every batch norm. The statistics of a batch stay each process's own."""
        norms = [m for one in modules for m in one.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
        buffers = [buffer for norm in norms for buffer in (norm.running_mean, norm.running_var) if buffer is not None]
        self.average(list({id(buffer): buffer for buffer in buffers}.values()))

    def mean(self, values: Mapping[str, float]) -> dict[str, float]:
        """Named numbers, the same names in every process, averaged over the processes."""
        if self.size == 1:
            return dict(values)
        numbers = torch.tensor(list(values.values()), dtype=torch.float64)
        self.average([numbers])
        return dict(zip(values, numbers.tolist(), strict=True))

    @torch.no_grad()
    def broadcast(self, modules: Iterable[nn.Module]) -> None:
        """Parameters and buffers of the first process, in every process."""
        if self.size == 1:
            return
        for module in modules:
            for value in module.state_dict().values():
                dense = value.contiguous()
                with _together():
                    dist.broadcast(dense, src=0)
                value.copy_(dense)

    def any(self, flag: bool) -> bool:
        """Whether `flag` is true in any process; all get the same answer, and get it together."""
        return bool(self._largest(int(flag)))

    def wait(self) -> None:
        """Until every process is here."""
        self._largest(0)

    def require_same_start(self, step: int, folder: os.PathLike[str]) -> None:
        """Raises WorldError if the processes found different checkpoints to continue from."""
        newest, oldest = self._largest(step), -self._largest(-step)
        if newest != oldest:
            raise WorldError(
                f"{folder}: some processes continue from step {newest}, others from step {oldest}. The run's folder "
                "(--out) must be one that all machines share"
            )

    def _largest(self, number: int) -> int:
        if self.size == 1:
            return number
        value = torch.tensor(number)  # on the CPU, whatever trains elsewhere: nothing has to wait for a GPU
        with _together():
            dist.all_reduce(value, op=dist.ReduceOp.MAX)
        return int(value)

    @contextmanager
    def one_first(self) -> Iterator[None]:
        """What runs inside runs in one process of each machine first; the others then find the files it made."""
        if self.local_rank:
            self.wait()
        yield
        if not self.local_rank:
            self.wait()


@contextmanager
def joined() -> Iterator[World]:
    """The processes that torchrun started, joined for as long as the context lasts; without torchrun, this one alone.

    Raises:
        WorldError: the environment does not say what torchrun says in it, a process is gone, or they cannot reach each
            other.
    """
    world = world_of(os.environ)
    if world.size == 1:
        yield world
        return
    place = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    if world.leads:
        logger.info("%d processes train together; they meet at %s", world.size, place)
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    try:
        store, _, _ = next(rendezvous("env://", world.rank, world.size, timeout=MEETING))
    except (RuntimeError, OSError) as error:
        raise WorldError(
            f"WORLD_SIZE: {world.size} processes should meet at {place} (MASTER_ADDR, MASTER_PORT), but in "
            f"{MEETING.total_seconds():g} s not all came or could reach it ({_reason(error)}). {TORCHRUN}"
        ) from error
    with _together():
        dist.init_process_group(backend, store=store, rank=world.rank, world_size=world.size, timeout=PATIENCE)
    try:
        yield world
    finally:
        dist.destroy_process_group()


def world_of(environment: Mapping[str, str]) -> World:
    """What the environment says of this process and the others.

    Raises:
        WorldError: naming the variable that is missing, or says what cannot be.
    """
    size = _whole(environment, "WORLD_SIZE", 1)
    if size is None or size == 1:
        # Some schedulers set these for a single process too, which then is number 0.
        for name in ("RANK", "LOCAL_RANK"):
            _whole(environment, name, 0, below=1, why="one process alone" if size else "WORLD_SIZE is not set")
        return World()
    needed = ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
    missing = [name for name in needed if not environment.get(name)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise WorldError(f"WORLD_SIZE says {size} processes, but {', '.join(missing)} {verb} not set. {TORCHRUN}")
    _whole(environment, "MASTER_PORT", 1, below=1 << 16, why="a port")
    rank = _whole(environment, "RANK", 0, below=size, why=f"WORLD_SIZE {size}")
    local_rank = _whole(environment, "LOCAL_RANK", 0, below=size, why=f"WORLD_SIZE {size}")
    assert rank is not None
    assert local_rank is not None
    restarts = _whole(environment, "TORCHELASTIC_RESTART_COUNT", 0)
    return World(rank, size, local_rank, restarted=bool(restarts))


def _whole(
    environment: Mapping[str, str], name: str, least: int, *, below: int | None = None, why: str = ""
) -> int | None:
    """A variable that is a whole number, `least` or more; None where it is not set. Raises WorldError."""
    text = environment.get(name, "").strip()
    if not text:
        return None
    digits = text.isascii() and text.isdigit()
    if digits and least <= int(text) and (below is None or int(text) < below):
        return int(text)
    wanted = f"{least} or more" if below is None else f"{least}" if below == least + 1 else f"{least} to {below - 1}"
    raise WorldError(
        f"{name}: found {environment[name]!r}, must be a whole number, {wanted}{f' ({why})' if why else ''}. {TORCHRUN}"
    )


@contextmanager
def _together() -> Iterator[None]:
    """A message between processes fails when one of them is gone: say so, and not how sockets close."""
    try:
        yield
    except RuntimeError as error:
        raise WorldError(
            f"another process of this job is gone or cannot be reached ({_reason(error)}). What it said is above. The "
            "job ends here; the same command with --resume continues from the last checkpoint"
        ) from error


def _reason(error: Exception) -> str:
    """The first line of what torch says."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
