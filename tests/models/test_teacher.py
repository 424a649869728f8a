"""The teacher T: how it pools, and that once frozen nothing changes it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dgnet.config import preset
from dgnet.models.appearance import Teacher

SMALL = preset("mannequin")


def random_images(n: int, size: tuple[int, int], seed: int = 0) -> Tensor:
    return torch.randn(n, 3, *size, generator=torch.Generator().manual_seed(seed))


def small_teacher() -> Teacher:
    torch.manual_seed(0)
    config = SMALL
    return Teacher(config.teacher.backbone, config.network.feature_dim, 10)


def test_the_teacher_pools_by_the_mean() -> None:
    teacher = small_teacher().eval()
    x = random_images(2, (64, 32))
    with torch.no_grad():
        pooled = F.adaptive_avg_pool2d(teacher.backbone(x), 1).flatten(1)
        assert torch.allclose(teacher.features(x), teacher.head(pooled).feature)
        assert torch.equal(teacher(x), teacher.describe(x).logits)
    assert teacher.num_classes == 10


def test_a_frozen_teacher_is_unmoved_by_train() -> None:
    """train() on it or on a module that holds it changes neither outputs nor statistics, and gives it no gradient."""
    teacher = small_teacher()
    assert teacher.train().head.dropout.training  # it can be trained until it is frozen
    frozen = teacher.freeze()
    assert frozen is teacher
    x = random_images(4, (64, 32))
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    logits = teacher(x)
    house = nn.ModuleDict({"teacher": teacher, "other": nn.Dropout()})
    for call in (teacher.train, house.train):
        call()
        assert not any(module.training for module in teacher.modules())
        assert torch.equal(teacher(x), logits)
    assert house["other"].training
    assert not logits.requires_grad
    for name, tensor in teacher.state_dict().items():
        assert torch.equal(tensor, before[name]), name
