"""Untrained networks, as they are initialised or as after some training, and a batch of noise."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import SGD

from dgnet.config import RunConfig
from dgnet.data.store.crops import Crops
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.training.batch import Batch, Networks
from dgnet.training.feed import Feed
from dgnet.training.optim.optimizers import Optimizers

NUM_CLASSES = 4


@pytest.fixture
def networks(config: RunConfig) -> Networks:
    torch.manual_seed(0)
    teacher = Teacher(config.teacher.backbone, config.network.feature_dim, NUM_CLASSES).freeze()
    return Networks(DGNet(config.network, NUM_CLASSES), Discriminator(config.network), teacher)


@pytest.fixture
def batch() -> Batch:
    generator = torch.Generator().manual_seed(1)
    images = [torch.randn(4, 3, 64, 32, generator=generator) for _ in range(5)]
    return Batch(*images, label=torch.tensor([0, 1, 2, 3]))


@pytest.fixture
def sure(networks: Networks) -> Networks:
    """Networks without dropout, whose class scores differ from one image to the next."""
    generator = torch.Generator().manual_seed(3)
    for module in (*networks.model.modules(), *networks.teacher.modules()):
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    encoder, teacher = networks.model.appearance_encoder, networks.teacher
    for head in (encoder.prim, encoder.fine, teacher.head):
        head.classifier.weight.data.normal_(generator=generator)
    for module in (*encoder.modules(), *teacher.modules()):
        if isinstance(module, _BatchNorm):  # as after some training: the running statistics are no batch's
            module.running_mean.add_(0.1)  # type: ignore[union-attr]
            module.running_var.mul_(1.5)  # type: ignore[union-attr]
    for module in networks.discriminator.modules():
        if isinstance(module, nn.Conv2d):  # as initialised its scores and their gradients are nothing yet
            nn.init.kaiming_normal_(module.weight, generator=generator)
    networks.model.train()
    return networks


@pytest.fixture
def still(sure: Networks) -> tuple[Optimizers, dict[str, Tensor]]:
    """Optimisers that move nothing in `sure`; the dictionary holds the gradients that E_a was last given, by name."""
    model, learnt = sure.model, dict[str, Tensor]()

    class Kept(SGD):
        def step(self, closure: object = None) -> None:  # type: ignore[override]
            for name, parameter in model.appearance_encoder.named_parameters():
                if parameter.grad is not None:
                    learnt[name] = parameter.grad.clone()

    drawing = [*model.structure_encoder.parameters(), *model.decoder.parameters()]
    kept = Kept(model.appearance_encoder.parameters(), lr=0.0)
    return Optimizers(SGD(drawing, lr=0.0), SGD(sure.discriminator.parameters(), lr=0.0), kept), learnt


@pytest.fixture
def require_average() -> Callable[..., None]:
    """Compare a network with the running average of its states, from `began` on, at a decay that grows to .3."""

    def require(kept: nn.Module, began: dict[str, Tensor], states: list[dict[str, Tensor]], prefix: str) -> None:
        for name, tensor in kept.state_dict().items():
            if not tensor.is_floating_point():
                continue
            average = began[name].double()
            for step, state in enumerate(states):
                decay = min(0.3, (step + 1) / (step + 10))
                average = decay * average + (1 - decay) * state[f"{prefix}.{name}"].double()
            torch.testing.assert_close(tensor.double(), average, rtol=1e-4, atol=1e-6)

    return require


@pytest.fixture
def feed(config: RunConfig, tmp_path: Path) -> Callable[[int], Feed]:
    """Twelve images of noise, of four people."""
    path = tmp_path / "noise.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (12, 64, 32, 3), dtype=np.uint8))
    crops = Crops(np.load(path, mmap_mode="r"), path, np.zeros((12, 16), np.uint8))

    def make(batch_size: int) -> Feed:
        labels, camids = [index % 4 for index in range(12)], [index % 3 for index in range(12)]
        return Feed(crops, labels, camids, batch_size, config.augment, config.seed, torch.device("cpu"))

    return make
