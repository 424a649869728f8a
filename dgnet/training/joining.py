"""How the processes that torchrun started find each other: its environment variables, read and checked."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from dgnet.training.distributed import World, WorldError, reason_of, together

MEETING = timedelta(minutes=5)  # for all processes to connect at the start: torchrun starts them at once
PATIENCE = timedelta(minutes=30)  # for a message: the others wait while the first process draws or measures
TORCHRUN = (
    "torchrun sets these variables for every process that it starts: start with it (torchrun --nproc-per-node=2 -m -- "
    "dgnet train ...), or unset WORLD_SIZE, RANK and LOCAL_RANK to train in one process"
)

logger = logging.getLogger(__name__)


@contextmanager
def joined() -> Iterator[World]:
    """Connect the processes that torchrun started, inside the context; without torchrun, a `World` of this one alone.

    Raises:
        WorldError: the environment lacks a variable that torchrun sets or has an impossible one, a process is gone, or
            the processes cannot reach each other.
    """
    world = world_of(os.environ)
    if world.size == 1:
        yield world
        return
    place = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    if world.leads:
        logger.info("%d processes work together; they meet at %s", world.size, place)
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    try:
        store, _, _ = next(rendezvous("env://", world.rank, world.size, timeout=MEETING))
    except (RuntimeError, OSError) as error:
        raise WorldError(
            f"WORLD_SIZE: {world.size} processes should meet at {place} (MASTER_ADDR, MASTER_PORT), but in "
            f"{MEETING.total_seconds():g} s not all came or could reach it ({reason_of(error)}). {TORCHRUN}"
        ) from error
    with together():
        dist.init_process_group(backend, store=store, rank=world.rank, world_size=world.size, timeout=PATIENCE)
    try:
        yield world
    finally:
        dist.destroy_process_group()


def world_of(environment: Mapping[str, str]) -> World:
    """The `World` that torchrun's environment variables describe.

    Raises:
        WorldError: a variable is missing or has an impossible value; the message names it.
    """
    size = _whole(environment, "WORLD_SIZE", 1)
    if size is None or size == 1:
        # Some schedulers set these for a single process too; it then has number 0.
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
    """The variable `name` as a whole number, at least `least` and less than `below`; None if it is not set.

    Raises:
        WorldError: it is something else; `why` is the reason for its limits, for the message.
    """
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
