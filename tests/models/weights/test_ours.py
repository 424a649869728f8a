"""Model files: numbers and configuration come back unchanged, and a write that fails keeps the old file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from dgnet.config import RunConfig, preset
from dgnet.files.tensors import WeightsError
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.models.weights.ours import (
    load_discriminator,
    load_model,
    load_teacher,
    save_discriminator,
    save_model,
    save_teacher,
)

CONFIG = preset("mannequin")
CARD = {"command": "dgnet train mannequin", "figures": "mAP 61 %, unter Vorbehalt ✓"}


def images() -> Tensor:
    return torch.randn(2, 3, 64, 32, generator=torch.Generator().manual_seed(0))


def test_model_round_trip(assert_same_state: Callable[..., None], tmp_path: Path, model: DGNet) -> None:
    path = tmp_path / "model.safetensors"
    save_model(path, model, CONFIG, CARD)
    assert model.training  # saving changes nothing
    loaded = load_model(path)
    assert loaded.config == CONFIG
    assert loaded.card == CARD
    assert not any(module.training for module in loaded.model.modules())
    assert_same_state(loaded.model, model)
    with torch.no_grad():
        model.eval()
        swapped = model.swap(images(), images().flip(0))
        model.train()
        assert swapped.isfinite().all()
        assert torch.equal(loaded.model.swap(images(), images().flip(0)), swapped)


def test_a_loaded_model_can_be_trained(tmp_path: Path, model: DGNet) -> None:
    save_model(tmp_path / "a", model, CONFIG, {})
    loaded = load_model(tmp_path / "a").model.train()
    loaded.swap(images(), images()).mean().backward()
    assert all(parameter.is_leaf and parameter.requires_grad for parameter in loaded.parameters())
    assert loaded.decoder.blocks[0].first.conv.weight.grad is not None
    assert loaded.appearance_encoder.backbone.bn1.num_batches_tracked == 6


def test_half_the_size(assert_same_state: Callable[..., None], tmp_path: Path, model: DGNet) -> None:
    """Weights come back to 11 bits; norms, biases and running statistics exactly."""
    save_model(tmp_path / "whole", model, CONFIG, CARD)
    save_model(tmp_path / "half", model, CONFIG, CARD, dtype=torch.float16)
    assert os.path.getsize(tmp_path / "half") < 0.52 * os.path.getsize(tmp_path / "whole")
    loaded = load_model(tmp_path / "half").model
    assert_same_state(loaded, model, tolerance=2**-11)
    head = loaded.appearance_encoder.prim
    assert torch.equal(head.norm.running_var, model.appearance_encoder.prim.norm.running_var)


def test_weights_beyond_float16_are_refused(tmp_path: Path) -> None:
    model = DGNet(CONFIG.network, 3)
    with torch.no_grad():
        model.decoder.refine[2].conv.weight[0, 0] = 1e5
    with pytest.raises(WeightsError, match=r"a: decoder\.refine\.2\.conv\.weight has numbers too large for float16"):
        save_model(tmp_path / "a", model, CONFIG, CARD, dtype=torch.float16)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("last_stride", [1, 2])
def test_teacher_round_trip(
    shake: Callable[[nn.Module], nn.Module], assert_same_state: Callable[..., None], tmp_path: Path, last_stride: int
) -> None:
    """The teacher's backbone, width and dropout come back, and it is frozen."""
    backbone = replace(CONFIG.teacher.backbone, width=24, last_stride=last_stride)  # type: ignore[arg-type]
    config = replace(CONFIG, teacher=replace(CONFIG.teacher, backbone=backbone))
    teacher = Teacher(backbone, 40, 13, dropout=0.25)
    shake(teacher)
    save_teacher(tmp_path / "a", teacher, config, CARD)
    loaded = load_teacher(tmp_path / "a")
    assert (loaded.config, loaded.card) == (config, CARD)
    assert_same_state(loaded.model, teacher)
    assert loaded.model.num_classes == 13
    assert loaded.model.head.dropout.p == 0.25
    teacher.eval()
    assert torch.equal(loaded.model.train()(images()), teacher(images()))
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())


def test_discriminator_round_trip(
    shake: Callable[[nn.Module], nn.Module], assert_same_state: Callable[..., None], tmp_path: Path
) -> None:
    discriminator = Discriminator(CONFIG.network)
    shake(discriminator)
    save_discriminator(tmp_path / "a", discriminator, CONFIG, CARD)
    loaded = load_discriminator(tmp_path / "a")
    assert (loaded.config, loaded.card) == (CONFIG, CARD)
    assert_same_state(loaded.model, discriminator)


def test_no_path_travels_with_a_model(tmp_path: Path, model: DGNet) -> None:
    network = replace(CONFIG.network, backbone=replace(CONFIG.network.backbone, weights="/home/me/secret/r50.pth"))
    teacher = replace(
        CONFIG.teacher,
        weights="/home/me/secret/teacher.safetensors",
        backbone=replace(CONFIG.teacher.backbone, weights="/home/me/secret/r50.pth"),
    )
    data = replace(CONFIG.data, root="/home/me/secret/people", cache="/home/me/secret/cache")
    config = replace(CONFIG, data=data, network=network, teacher=teacher)
    save_model(tmp_path / "a", model, config, CARD)
    assert b"secret" not in (tmp_path / "a").read_bytes()
    assert load_model(tmp_path / "a").config == CONFIG


FULL_DISK = """
import resource, sys
from dgnet.config import preset
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import save_model
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
config = preset("mannequin")
try:
    save_model(sys.argv[1], DGNet(config.network, 11), config, {})
except ValueError as error:
    print(error)
    sys.exit(3)
"""


def test_a_full_disk_keeps_the_old_model(assert_same_state: Callable[..., None], tmp_path: Path, model: DGNet) -> None:
    path = tmp_path / "model"
    save_model(path, model, CONFIG, CARD)
    done = subprocess.run([sys.executable, "-c", FULL_DISK, path], capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert f"{path}: cannot be written" in done.stdout
    assert os.listdir(tmp_path) == ["model"]
    assert_same_state(load_model(path).model, model)


@pytest.mark.parametrize("name", ["market1501", "mannequin", "msmt17+small+no_feed"])
def test_every_configuration_fits_into_the_file(tmp_path: Path, name: str) -> None:
    """The configuration of every preset comes back; here all have one small network."""
    config: RunConfig = replace(preset(name), network=CONFIG.network)
    save_discriminator(tmp_path / "a", Discriminator(config.network), config, {})
    assert load_discriminator(tmp_path / "a").config == config
