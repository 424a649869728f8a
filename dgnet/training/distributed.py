"""Training one model in several processes. torchrun starts them; each has its own batches, and all take the same steps.

Gradients are averaged right before each optimiser's step, so the code of a step is the same for one process and many.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.optim import Optimizer

from dgnet.errors import DgnetError

Value = TypeVar("Value")


class WorldError(DgnetError, RuntimeError):
    """The processes of a job cannot work together; the message says why, and what to do."""


@dataclass(frozen=True)
class World:
    """How many processes this job has, and which of them this one is.

    Args:
        rank: the number of this process among all, from 0. Process 0 leads: it alone logs, draws and writes files.
        size: the number of processes.
        local_rank: the number of this process among those of its machine, from 0; also the number of its GPU.
        restarted: whether torchrun has restarted the job after a process died.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    restarted: bool = False

    @property
    def leads(self) -> bool:
        """Whether this is process 0, which writes the log and all files."""
        return self.rank == 0

    def own(self, device: torch.device) -> torch.device:
        """The device of this process: its own GPU if several processes train on GPUs, else `device`.

        Raises:
            WorldError: this machine has fewer GPUs than processes.
        """
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
        """Make every later step of these optimisers use the mean of all processes' gradients."""
        if self.size == 1:
            return

        def average(optimizer: Optimizer, _args: Any, _kwargs: Any) -> None:
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            # A head that no loss reaches yet has no gradient in any process, because all follow one schedule. So every
            # process sends the same tensors.
            self.average([p.grad for p in parameters if p.grad is not None])

        for optimizer in optimizers:
            optimizer.register_step_pre_hook(average)

    @torch.no_grad()
    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace every tensor by its mean over the processes, in place; one message carries them all."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with together():
            dist.all_reduce(flat)
        flat /= self.size
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view(tensor.shape))

    def gather(self, tensor: Tensor) -> Tensor:
        """The tensors of all processes, joined along their first dimension in the ranks' order; all have one shape."""
        if self.size == 1:
            return tensor
        everyone = tensor.new_zeros(self.size, *tensor.shape)
        everyone[self.rank] = tensor * self.size
        self.average([everyone])
        return everyone.flatten(0, 1)

    def from_first(self, make: Callable[[], Value]) -> Value:
        """What `make` returns in process 0, given to every process; the others do not call it."""
        if self.size == 1:
            return make()
        box: list[Any] = [make() if self.leads else None]
        with together():
            dist.broadcast_object_list(box, src=0)
        return box[0]

    def average_statistics(self, modules: Iterable[nn.Module]) -> None:
        """Average the running statistics of every batch norm over the processes.

        Batch statistics are not shared: each process normalises its batch by its own.
        """
        norms = [m for one in modules for m in one.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
        buffers = [buffer for norm in norms for buffer in (norm.running_mean, norm.running_var) if buffer is not None]
        self.average(list({id(buffer): buffer for buffer in buffers}.values()))

    def mean(self, values: Mapping[str, float]) -> dict[str, float]:
        """The mean over the processes of each named number; every process must give the same names."""
        if self.size == 1:
            return dict(values)
        numbers = torch.tensor(list(values.values()), dtype=torch.float64)
        self.average([numbers])
        return dict(zip(values, numbers.tolist(), strict=True))

    @torch.no_grad()
    def broadcast(self, modules: Iterable[nn.Module]) -> None:
        """Copy the parameters and buffers of process 0 to every process, in place."""
        if self.size == 1:
            return
        for module in modules:
            for value in module.state_dict().values():
                dense = value.contiguous()
                with together():
                    dist.broadcast(dense, src=0)
                value.copy_(dense)

    def any(self, flag: bool) -> bool:
        """Whether `flag` is true in any process; every process waits for the others and gets the same answer."""
        return bool(self._largest(int(flag)))

    def wait(self) -> None:
        """Wait until every process has called this."""
        self._largest(0)

    def require_same_start(self, step: int, folder: os.PathLike[str]) -> None:
        """Raise WorldError if the processes found different checkpoints to continue from."""
        newest, oldest = self._largest(step), -self._largest(-step)
        if newest != oldest:
            raise WorldError(
                f"{folder}: some processes continue from step {newest}, others from step {oldest}. The run's folder "
                "(--out) must be one that all machines share"
            )

    def _largest(self, number: int) -> int:
        if self.size == 1:
            return number
        value = torch.tensor(number)  # on the CPU, even if training is on a GPU, so that the GPU is not waited for
        with together():
            dist.all_reduce(value, op=dist.ReduceOp.MAX)
        return int(value)

    @contextmanager
    def one_first(self) -> Iterator[None]:
        """Run the body in one process of each machine first; the others run it after and find the files it made."""
        if self.local_rank:
            self.wait()
        yield
        if not self.local_rank:
            self.wait()


@contextmanager
def together() -> Iterator[None]:
    """Turn torch's error about a failed message into a WorldError: most likely another process is gone."""
    try:
        yield
    except RuntimeError as error:
        raise WorldError(
            f"another process of this job is gone or cannot be reached ({reason_of(error)}). What it said is above. "
            "The job ends here; the same command with --resume continues from the last checkpoint"
        ) from error


def reason_of(error: Exception) -> str:
    """The first line of torch's message."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
