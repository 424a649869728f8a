"""Random streams: each use has a stream of its own; the coin is fair, and independent of the other streams."""

import itertools

import numpy as np
import torch

from dgnet.data.batches.pairs import PairSampler
from dgnet.data.batches.relight import NUM_RELIGHT_DRAWS
from dgnet.data.batches.streams import PairStream, Stream, coin, draw, generator_for, pair_generator

STEPS = 2_000


def first_numbers(stream: Stream) -> np.ndarray:
    """The first number drawn for the first image, for each step."""
    return np.array([draw(7, step, stream, (1, 1, NUM_RELIGHT_DRAWS))[0, 0].item() for step in range(STEPS)])


def test_no_two_streams_are_equal() -> None:
    for streams in (Stream, PairStream):
        assert len({int(one) for one in streams}) == len(streams.__members__)
    numbers = {stream: first_numbers(stream) for stream in Stream}
    for one, other in itertools.combinations(Stream, 2):
        assert abs(np.corrcoef(numbers[one], numbers[other])[0, 1]) < 0.1, (one, other)


def test_streams_in_use_keep_their_numbers() -> None:
    """A resumed run draws the numbers that it would have drawn without the stop."""
    numbers = {"SHIFT": 1, "ERASE": 2, "RELIGHT": 3, "COIN": 4, "FRAMING": 5, "COLOUR": 6, "SENSOR": 7, "NOISE": 8}
    assert {one.name: int(one) for one in Stream} == numbers
    assert {one.name: int(one) for one in PairStream} == {"EPOCH": 0, "PARTNER": 1, "CLUSTER": 2}
    assert torch.rand((), generator=generator_for(5, 6, 0, Stream.SHIFT)).item() == 0.7717845439910889


def test_the_coin_and_the_relighting_of_the_first_anchor_are_independent() -> None:
    """They once were one number, so an anchor was relit only in steps that trained E_s alone."""
    coins = np.array([coin(7, step) for step in range(STEPS)])
    relit = first_numbers(Stream.RELIGHT) < 0.5
    assert abs(coins.mean() - 0.5) < 0.05
    assert abs((coins & relit).mean() - 0.25) < 0.04
    assert abs((coins & ~relit).mean() - 0.25) < 0.04


def test_the_coin_is_a_function_of_seed_and_step() -> None:
    throws = [[coin(seed, step) for step in range(64)] for seed in (1, 1, 2)]
    assert throws[0] == throws[1] != throws[2]


def test_pairs_are_drawn_from_their_own_streams() -> None:
    sampler = PairSampler([0, 0, 0, 1, 1, 1], [1, 1, 1, 1, 1, 1], batch_size=6, seed=3)
    wanted = pair_generator(3, PairStream.EPOCH, 0).permutation(6)
    assert sampler.batch(0).anchor.tolist() == wanted.tolist()
    assert not np.array_equal(
        pair_generator(3, PairStream.EPOCH, 2).random(4), pair_generator(3, PairStream.PARTNER, 2).random(4)
    )
