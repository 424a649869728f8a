"""Model files that are altered, cut short, of another kind or version: each is refused, or read as it is meant."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from dgnet.config import preset
from dgnet.files.tensors import WeightsError, read_tensors, write_tensors
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import load_discriminator, load_model, load_teacher, save_model

CONFIG = preset("mannequin")
CARD = {"command": "dgnet train mannequin", "figures": "mAP 61 %, unter Vorbehalt ✓"}


def altered(folder: Path, model: DGNet, alter: Callable[[dict[str, Tensor], dict[str, str]], None]) -> Path:
    """A model file with changed contents and a checksum that fits them."""
    path = folder / "altered.safetensors"
    save_model(path, model, CONFIG, CARD)
    tensors, metadata = read_tensors(path)
    alter(tensors, metadata)
    write_tensors(path, tensors, metadata)
    return path


def test_tensors_that_do_not_fit_are_named(tmp_path: Path, model: DGNet) -> None:
    def alter(tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
        del tensors["decoder.refine.0.conv.bias"]
        tensors["decoder.extra"] = torch.ones(1)
        tensors["structure_encoder.stem.0.conv.bias"] = torch.ones(3)

    with pytest.raises(WeightsError) as raised:
        load_model(altered(tmp_path, model, alter))
    message = str(raised.value)
    assert message.startswith(str(tmp_path / "altered.safetensors"))
    assert "1 missing: decoder.refine.0.conv.bias" in message
    assert "1 unknown: decoder.extra" in message
    assert "1 of another shape: structure_encoder.stem.0.conv.bias (found 3, must be 8)" in message


def test_another_class_count_than_the_tensors_is_refused(tmp_path: Path, model: DGNet) -> None:
    def alter(tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
        metadata["numbers"] = json.dumps({"num_classes": 12})

    with pytest.raises(WeightsError, match=r"prim\.classifier\.weight \(found 11x128, must be 12x128\)"):
        load_model(altered(tmp_path, model, alter))


def test_a_configuration_of_the_future_is_named(tmp_path: Path, model: DGNet) -> None:
    def alter(tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
        config = json.loads(metadata["config"])
        config["network"]["structure_widht"] = config["network"].pop("structure_width")
        metadata["config"] = json.dumps(config)

    with pytest.raises(WeightsError, match=r"altered\.safetensors: .*network\.structure_widht: no such setting"):
        load_model(altered(tmp_path, model, alter))

    def newer(tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
        metadata["format"] = "2"

    with pytest.raises(WeightsError, match="written in format 2, this dgnet reads 1: install a newer one"):
        load_model(altered(tmp_path, model, newer))


def test_a_file_older_than_a_setting_has_its_default(
    assert_same_state: Callable[..., None], tmp_path: Path, model: DGNet
) -> None:
    def alter(tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
        config = json.loads(metadata["config"])
        for backbone in (config["network"]["backbone"], config["teacher"]["backbone"]):
            del backbone["ibn"], backbone["timm"]
        del config["data"]["store"]
        metadata["config"] = json.dumps(config)

    loaded = load_model(altered(tmp_path, model, alter))
    assert loaded.config == CONFIG
    assert_same_state(loaded.model, model)


def test_a_file_of_another_kind(tmp_path: Path, model: DGNet) -> None:
    save_model(tmp_path / "model", model, CONFIG, CARD)
    with pytest.raises(WeightsError, match="model: found a model, must be a teacher of dgnet's"):
        load_teacher(tmp_path / "model")
    write_tensors(tmp_path / "other", {"x": torch.ones(1)}, {"step": "3"})
    with pytest.raises(WeightsError, match="other: found a file of something else, must be a model of dgnet's"):
        load_model(tmp_path / "other")


@pytest.mark.parametrize("load", [load_model, load_teacher, load_discriminator])
def test_missing_and_truncated(tmp_path: Path, model: DGNet, load: Callable[[Path], object]) -> None:
    with pytest.raises(WeightsError, match="nowhere: no such file"):
        load(tmp_path / "nowhere")
    path = tmp_path / "model"
    save_model(path, model, CONFIG, CARD)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="model: truncated or damaged"):
        load(path)
