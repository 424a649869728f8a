"""The Inception network: its names, shapes and parameter counts, and the weights that it loads or refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from dgnet.quality import inception
from dgnet.quality.inception import Inception, load_inception
from dgnet.retrieval import EvaluationError


@pytest.fixture(scope="module")
def network() -> Inception:
    torch.manual_seed(0)
    return Inception().eval()


def test_inception_has_the_published_parameters(network: Inception) -> None:
    """21 785 568 without the classifier; names and shapes are those of torchvision's state dict."""
    assert sum(parameter.numel() for parameter in network.parameters()) == 21_785_568
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert shapes["Conv2d_1a_3x3.conv.weight"] == (32, 3, 3, 3)
    assert shapes["Mixed_5b.branch_pool.conv.weight"] == (32, 192, 1, 1)
    assert shapes["Mixed_6b.branch7x7dbl_5.conv.weight"] == (192, 128, 1, 7)
    assert shapes["Mixed_7a.branch7x7x3_2.conv.weight"] == (192, 192, 1, 7)
    assert shapes["Mixed_7c.branch3x3dbl_3b.conv.weight"] == (384, 384, 3, 1)
    assert shapes["Mixed_7c.branch_pool.bn.running_var"] == (192,)
    strips = {
        "Mixed_6e.branch7x7": ["_1 1x1", "_2 1x7", "_3 7x1"],
        "Mixed_6e.branch7x7dbl": ["_1 1x1", "_2 7x1", "_3 1x7", "_4 7x1", "_5 1x7"],
        "Mixed_7a.branch7x7x3": ["_1 1x1", "_2 1x7", "_3 7x1", "_4 3x3"],
        "Mixed_7b.branch3x3": ["_1 1x1", "_2a 1x3", "_2b 3x1"],
        "Mixed_7b.branch3x3dbl": ["_1 1x1", "_2 3x3", "_3a 1x3", "_3b 3x1"],
    }
    for branch, parts in strips.items():
        for part in parts:
            suffix, kernel = part.split()
            height, width = shapes[f"{branch}{suffix}.conv.weight"][2:]
            assert f"{height}x{width}" == kernel, branch + suffix


def test_inception_describes_images_of_any_size(network: Inception) -> None:
    shapes: dict[str, tuple[int, ...]] = {}
    handles = [
        module.register_forward_hook(lambda _, __, out, name=name: shapes.update({name: tuple(out.shape[1:])}))
        for name, module in network.named_children()
    ]
    with torch.inference_mode():
        described = network(torch.rand(1, 3, 64, 32))
    for handle in handles:
        handle.remove()
    assert described.shape == (1, 2048)
    assert shapes["Conv2d_4a_3x3"] == (192, 71, 71)
    assert shapes["Mixed_5d"] == (288, 35, 35)
    assert shapes["Mixed_6e"] == (768, 17, 17)
    assert shapes["Mixed_7c"] == (2048, 8, 8)
    assert network.Mixed_7c.pool_maximum
    assert not network.Mixed_7b.pool_maximum


def test_pooling_leaves_the_padding_out() -> None:
    pooled = inception._mean_around(torch.ones(1, 1, 4, 4))
    assert pooled.tolist() == torch.ones(1, 1, 4, 4).tolist()


def test_inception_loads_what_travels(network: Inception, tmp_path: Path) -> None:
    state = {**network.state_dict(), "fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}
    state = {name: value.half() for name, value in state.items() if not name.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "inception.pth")
    loaded = load_inception(tmp_path / "inception.pth")
    assert not loaded.training
    for name, value in loaded.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(value, state[name].float()), name


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"fc.weight": torch.zeros(1000, 2)}, "weights of 1000 classes; FID is defined on those of 1008"),
        ({"fc.weight": torch.zeros(1008, 2)}, r"not Inception-v3: \d+ parameters missing \(Conv2d_1a_3x3.conv.weight"),
        ({"layer1.weight": torch.zeros(1)}, r"1 unknown \(layer1.weight\)"),
        ({"Conv2d_1a_3x3.conv.weight": torch.zeros(3)}, r"(?s)not Inception-v3: .*size mismatch"),
    ],
)
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_inception_refuses_other_weights(
    state: dict[str, torch.Tensor], message: str, suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"weights.{suffix}"
    if suffix == "pth":
        torch.save(state, path)
    else:
        save_file(state, path)
    with pytest.raises(EvaluationError, match=message):
        load_inception(path)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_files_that_are_no_weights(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"weights.{suffix}"
    with pytest.raises(EvaluationError, match="no such file"):
        load_inception(path)
    path.write_bytes(b"\x80\x02 not weights at all")
    with pytest.raises(EvaluationError, match=f"weights.{suffix}: cannot be read as weights"):
        load_inception(path)
