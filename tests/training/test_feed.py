"""Batches are the same however the images are kept, in whichever order work is done, on one process or several."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dgnet.config import AugmentConfig
from dgnet.data.batches.streams import Stream, generator_for
from dgnet.data.normalise import normalise
from dgnet.data.records import Record
from dgnet.data.store.crops import open_crops
from dgnet.data.store.packed import CropStore, open_packed
from dgnet.training import views as views_module
from dgnet.training.feed import Feed
from dgnet.training.views import resident

SIZE = (64, 32)
AUGMENT = AugmentConfig(pad=5, relight=0.8)
LABELS, CAMIDS = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3], [1, 2, 2, 1, 1, 2, 1, 2, 3, 1]


@pytest.fixture(scope="module", params=["pixels", "packed"])
def crops(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CropStore:
    root: Path = tmp_path_factory.mktemp("feed")
    rng = np.random.default_rng(0)
    for number in range(len(LABELS)):
        Image.fromarray(rng.integers(0, 256, (40, 20, 3), dtype=np.uint8)).save(root / f"{number}.jpg")
    records = [Record(str(root / f"{k}.jpg"), LABELS[k], CAMIDS[k]) for k in range(len(LABELS))]
    opener = open_crops if request.param == "pixels" else open_packed
    return opener(records, SIZE, root / "cache", progress=False)


def feed_of(crops: CropStore, batch_size: int = 6, rank: int = 0, world_size: int = 1) -> Feed:
    return Feed(crops, LABELS, CAMIDS, batch_size, AUGMENT, 7, torch.device("cpu"), rank, world_size)


def augmented_as_floats(crops: CropStore, indices: np.ndarray, step: int) -> torch.Tensor:
    """The expected result of augmenting bytes: normalise first, then mirror, pad and crop one image at a time."""
    x = normalise(torch.from_numpy(crops[indices]))
    draws = torch.rand(len(x), 3, generator=generator_for(7, step, 0, Stream.SHIFT))
    pad, (height, width) = AUGMENT.pad, SIZE
    out = []
    for image, (mirror, down, right) in zip(x, draws, strict=True):
        padded = torch.nn.functional.pad(image.flip(2) if mirror < AUGMENT.mirror else image, [pad] * 4, "replicate")
        top, left = int(down * (2 * pad + 1)), int(right * (2 * pad + 1))
        out.append(padded[:, top : top + height, left : left + width])
    return torch.stack(out)


def test_augmenting_bytes_is_augmenting_floats(crops: CropStore) -> None:
    feed = feed_of(crops)
    for step in (0, 5):
        pairs, batch = feed.sampler.batch(step), feed.batch(step)
        expected = augmented_as_floats(crops, np.concatenate([pairs.anchor, pairs.partner]), step)
        assert torch.equal(torch.cat([batch.x, batch.x_partner]), expected)
        erased = torch.cat([batch.x_erased, batch.x_partner_erased])
        assert ((erased == 0) | (erased == expected)).all()
        assert not torch.equal(erased, expected)
        assert (batch.x_relit != batch.x).any()
        assert batch.label.tolist() == [LABELS[k] for k in pairs.anchor]
        assert all(x.is_contiguous(memory_format=torch.channels_last) for x in (batch.x, batch.x_erased))


def test_without_relighting_the_structure_encoder_sees_the_anchors(crops: CropStore) -> None:
    plain = Feed(crops, LABELS, CAMIDS, 6, replace(AUGMENT, relight=0.0), 7, torch.device("cpu")).batch(0)
    assert plain.x_relit is plain.x
    assert torch.equal(plain.x, feed_of(crops).batch(0).x)


def test_ranks_together_see_what_one_process_sees(crops: CropStore) -> None:
    for step in (0, 3):
        whole = feed_of(crops).batch(step).tensors()
        ranks = [feed_of(crops, 2, rank, 3) for rank in range(3)]
        parts = [feed.batch(step).tensors() for feed in ranks]
        for name, expected in whole.items():
            assert torch.equal(torch.cat([part[name] for part in parts]), expected), name
        images, labels = zip(*(feed.anchors(step) for feed in ranks), strict=True)
        assert torch.equal(torch.cat(images), feed_of(crops).anchors(step)[0])
        assert torch.equal(torch.cat(labels), feed_of(crops).anchors(step)[1])


VARIED = replace(AUGMENT, colour=0.7, framing=0.6, sensor=0.8)


def test_other_cameras_change_what_the_identity_terms_see_alone(crops: CropStore) -> None:
    plain = feed_of(crops).batch(2).tensors()
    varied = Feed(crops, LABELS, CAMIDS, 6, VARIED, 7, torch.device("cpu")).batch(2).tensors()
    for name in ("x", "x_partner", "x_relit", "label"):
        assert torch.equal(varied[name], plain[name]), name
    for name in ("x_erased", "x_partner_erased"):
        assert not torch.allclose(varied[name], plain[name], atol=0.1), name
        assert torch.equal(varied[name] == 0, plain[name] == 0), "erasing comes last, where it came without"


@pytest.mark.parametrize("name", ["colour", "framing", "sensor"])
def test_each_kind_of_variation_has_draws_of_its_own(crops: CropStore, name: str) -> None:
    def erased(**strengths: float) -> torch.Tensor:
        config = replace(AUGMENT, erase=0.0, **strengths)
        return Feed(crops, LABELS, CAMIDS, 6, config, 7, torch.device("cpu")).batch(1).x_erased

    plain, varied = erased(), erased(**{name: 1.0})
    assert not torch.allclose(varied, plain, atol=0.1)
    assert torch.equal(varied, erased(**{name: 1.0}))


def test_ranks_together_see_the_variation_that_one_process_sees(crops: CropStore) -> None:
    def feed(batch_size: int, rank: int = 0, world_size: int = 1) -> Feed:
        return Feed(crops, LABELS, CAMIDS, batch_size, VARIED, 7, torch.device("cpu"), rank, world_size)

    whole = feed(6).batch(3).tensors()
    parts = [feed(2, rank, 3).batch(3).tensors() for rank in range(3)]
    for name, expected in whole.items():
        torch.testing.assert_close(torch.cat([part[name] for part in parts]), expected, atol=1e-5, rtol=0)


def test_a_set_that_fits_moves_to_the_device_whole(crops: CropStore, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = feed_of(crops)
    expected, plain = feed.batch(1).tensors(), feed.images_u8(np.array([3, 0]))
    monkeypatch.setattr(views_module, "RESIDENT_CHUNK", 4)
    feed.whole = resident(crops, torch.device("cpu"))
    assert torch.equal(feed.whole, torch.from_numpy(crops[:]))
    assert torch.equal(feed.images_u8(np.array([3, 0])), plain)
    assert all(torch.equal(value, expected[name]) for name, value in feed.batch(1).tensors().items())


def test_pixels_and_packed_give_the_same_batch_bit_for_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for number in range(len(LABELS)):
        Image.fromarray(rng.integers(0, 256, (48, 20, 3), dtype=np.uint8)).save(tmp_path / f"{number}.png")
    records = [Record(str(tmp_path / f"{k}.png"), LABELS[k], CAMIDS[k]) for k in range(len(LABELS))]
    pixels, packed = (opener(records, SIZE, tmp_path, progress=False) for opener in (open_crops, open_packed))
    for step in range(3):
        one, other = (feed_of(crops).batch(step).tensors() for crops in (pixels, packed))
        assert all(torch.equal(one[name], other[name]) for name in one)
