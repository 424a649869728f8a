"""The weights that E_a starts from: random ones, or those of the trained teacher."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from dgnet.config import FROM_TEACHER, BackboneConfig, ConfigError
from dgnet.models.backbones.choice import build_backbone, check_start, start_from

TINY = BackboneConfig(layers=(1, 1, 1, 1), width=8)
FROM_T = replace(TINY, weights=FROM_TEACHER, last_stride=2)


def test_it_starts_from_the_teacher_whatever_its_last_stride() -> None:
    teacher, backbone = build_backbone(TINY), build_backbone(FROM_T)
    for tensor in teacher.state_dict().values():
        tensor.copy_(torch.rand(tensor.shape) * 9)
    start_from(backbone, FROM_T, teacher)
    found = teacher.state_dict()
    assert all(torch.equal(tensor, found[name]) for name, tensor in backbone.state_dict().items())
    check_start(FROM_T, TINY)


def test_another_architecture_is_told_before_and_after_the_teacher_is_there() -> None:
    other = replace(TINY, layers=(1, 2, 1, 1))
    with pytest.raises(ConfigError, match=r"network\.backbone\.weights: found 'teacher', but .* the same settings"):
        check_start(FROM_T, other)
    with pytest.raises(ConfigError, match=r"network\.backbone\.weights: found 'teacher'"):
        start_from(build_backbone(FROM_T), FROM_T, build_backbone(other))
    check_start(TINY, other)  # nothing asked, nothing told
