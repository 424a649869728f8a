"""Doing the tasks of a plan in this process, or in several processes of this machine."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeAlias

import torch

from dgnet.data.store.threads import one_thread
from dgnet.generation.synthesis.draw import Artist
from dgnet.generation.synthesis.plan import CodeBatch, Shard
from dgnet.generation.synthesis.recipe import SynthesisError
from dgnet.generation.synthesis.shards import WorkFolder

Task: TypeAlias = CodeBatch | Shard
OpenArtist: TypeAlias = Callable[[], Artist]
Driver: TypeAlias = Callable[[Sequence[Task]], Iterator[int]]  # yields how many images each finished task stands for

_artist: tuple[Artist, WorkFolder] | None = None  # of a worker process


@contextmanager
def in_process(open_artist: OpenArtist, work: WorkFolder) -> Iterator[Driver]:
    """Do tasks one after another, here. Torch uses one thread, as in a worker: its sums depend on their number."""
    with one_thread():
        artist = open_artist()
        yield lambda tasks: (do(task, artist, work) for task in tasks)


@contextmanager
def in_processes(open_artist: OpenArtist, work: WorkFolder, workers: int) -> Iterator[Driver]:
    """Do tasks in `workers` processes, each of which opens the model once."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_open, initargs=(open_artist, work))

    def drive(tasks: Sequence[Task]) -> Iterator[int]:
        try:
            yield from pool.map(_do, tasks)
        except BrokenProcessPool as error:
            raise SynthesisError(
                "--workers: one of the processes died, probably for want of memory; take fewer, with the same command"
            ) from error

    try:
        yield drive
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def do(task: Task, artist: Artist, work: WorkFolder) -> int:
    """Do one task, unless its file is there already; returns how many images it stands for."""
    if not work.done(task):
        work.keep(task, artist.encode(task) if isinstance(task, CodeBatch) else artist.draw(task, work.codes_of(task)))
    return num_images(task)


def num_images(task: Task) -> int:
    """How many images a task stands for."""
    return len(task.numbers) if isinstance(task, Shard) else 0


def _open(open_artist: OpenArtist, work: WorkFolder) -> None:
    global _artist
    torch.set_num_threads(1)
    _artist = open_artist(), work


def _do(task: Task) -> int:
    assert _artist is not None
    return do(task, *_artist)
