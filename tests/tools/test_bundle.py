"""Making a run's model the bundled one."""

from __future__ import annotations

from pathlib import Path

import torch

from dgnet.config import RunConfig
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import load_model, save_model
from tools.bundle import mean_model, without_classifiers


def test_a_model_draws_and_describes_without_its_classifiers(config: RunConfig, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, x = DGNet(config.network, 500).eval(), torch.randn(3, 3, 64, 32)
    files = [tmp_path / name for name in ("whole.safetensors", "slim.safetensors")]
    for file, version in zip(files, (model, without_classifiers(model, config)), strict=True):
        save_model(file, version, config, {})
    assert files[0].stat().st_size - files[1].stat().st_size >= 2 * 4 * 500 * (config.network.feature_dim + 1)
    slim = load_model(files[1]).model
    assert slim.appearance_encoder.prim.classifier.out_features == 0
    with torch.no_grad():
        assert torch.equal(slim.swap(x, x.flip(0)), model.swap(x, x.flip(0)))
        assert torch.equal(slim.features(x).prim, model.features(x).prim)
        assert torch.equal(slim.features(x).fine, model.features(x).fine)


def test_the_mean_of_models_is_that_of_every_weight(config: RunConfig) -> None:
    models = [DGNet(config.network, 5) for _ in range(3)]
    for k, model in enumerate(models):
        for tensor in model.state_dict().values():
            tensor.fill_(float(k**2))
    mean = mean_model(models)
    for name, tensor in mean.state_dict().items():
        wanted = 5 / 3 if tensor.is_floating_point() else 4.0  # counters are the last one's
        torch.testing.assert_close(tensor.float(), torch.full_like(tensor.float(), wanted), msg=name)
