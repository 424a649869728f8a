"""When batches are taken, and that nothing that was accepted is left undone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

pytest.importorskip("fastapi")

from dgnet.serve.model_thread import ModelThread


class Model:
    """Features that tell crops apart; it notes its batches, and can be held up."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.threads: set[str] = set()
        self.go = threading.Event()
        self.go.set()

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        self.threads.add(threading.current_thread().name)
        self.batches.append(len(crops))
        assert self.go.wait(60)
        return crops.reshape(len(crops), -1)[:, :1].astype(np.float32)


def crops(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint8)[:, None, None, None].repeat(3, axis=3)


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def make(model: Model) -> Iterator[Callable[..., ModelThread]]:
    made = []

    def thread(batch: int = 8, batch_seconds: float = 60.0) -> ModelThread:
        made.append(ModelThread(model, batch=batch, batch_seconds=batch_seconds))
        return made[-1]

    yield thread
    model.go.set()
    for one in made:
        one.end()


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_single_picture_is_taken_at_once(make: Callable[..., ModelThread], model: Model) -> None:
    """Though a batch may wait a minute for others: none are on their way."""
    np.testing.assert_array_equal(make().embed(crops(7, 9)).result(30), [[7], [9]])
    assert model.batches == [2]


def test_what_comes_meanwhile_is_one_batch(make: Callable[..., ModelThread], model: Model) -> None:
    thread = make()
    model.go.clear()
    first = thread.embed(crops(0))
    wait_for(lambda: model.batches == [1])
    others = [thread.embed(crops(number, number + 100)) for number in range(1, 4)]
    model.go.set()
    np.testing.assert_array_equal(first.result(30), [[0]])
    for number, future in enumerate(others, start=1):
        np.testing.assert_array_equal(future.result(30), [[number], [number + 100]])
    assert model.batches == [1, 6]
    assert len(model.threads) == 1


def test_a_batch_is_no_larger_than_asked(make: Callable[..., ModelThread], model: Model) -> None:
    thread = make(batch=4)
    model.go.clear()
    thread.embed(crops(0))
    wait_for(lambda: model.batches == [1])
    futures = [thread.embed(crops(1, 2, 3)), thread.embed(crops(4, 5)), thread.embed(crops(*range(9)))]
    model.go.set()
    for future in futures:
        future.result(30)
    assert model.batches == [1, 3, 2, 9]  # one request is never cut


def test_it_waits_for_what_is_on_its_way_but_not_for_ever(make: Callable[..., ModelThread], model: Model) -> None:
    thread = make(batch_seconds=60)
    with thread.coming():
        first = thread.embed(crops(1))
        with thread.coming():
            time.sleep(0.05)
            assert not model.batches
            second = thread.embed(crops(2))
    first.result(30), second.result(30)
    assert model.batches == [2]
    impatient = make(batch_seconds=0.01)
    with impatient.coming():
        impatient.embed(crops(3)).result(30)


def test_a_full_batch_waits_for_nobody(make: Callable[..., ModelThread], model: Model) -> None:
    thread = make(batch=2)
    with thread.coming():
        thread.embed(crops(1, 2)).result(30)


def test_an_error_reaches_whoever_waits_and_nobody_else(make: Callable[..., ModelThread], model: Model) -> None:
    thread = make()
    with pytest.raises(ZeroDivisionError):
        thread.do(lambda: 1 / 0).result(30)
    assert thread.do(lambda: 5).result(30) == 5
    assert thread.alive


def test_what_was_accepted_is_finished_in_the_end(make: Callable[..., ModelThread], model: Model) -> None:
    thread = make()
    model.go.clear()
    futures = [thread.embed(crops(number)) for number in range(5)] + [thread.do(lambda: np.array([[9]]))]
    threading.Timer(0.05, model.go.set).start()
    thread.end()
    assert [int(future.result(0)[0, 0]) for future in futures] == [0, 1, 2, 3, 4, 9]
    assert not thread.alive
    with pytest.raises(RuntimeError):
        thread.embed(crops(1))
