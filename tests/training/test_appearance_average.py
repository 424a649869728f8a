"""The running average of E_a in joint training: it is the average of its states, and influences nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from dgnet.config import RunConfig
from dgnet.data.people import Group, Identity, People
from dgnet.files.tensors import read_tensors
from dgnet.models.dgnet import DGNet
from dgnet.training.batch import Networks
from dgnet.training.distributed import World
from dgnet.training.feed import Feed
from dgnet.training.joint import train_joint
from dgnet.training.session import Context

PEOPLE = People((Group("noise", tuple(Identity(name, 4, name) for name in "abcd")),), "order")


def test_the_kept_appearance_encoder_is_the_average_of_its_states(
    config: RunConfig,
    feed: Callable[[int], Feed],
    networks: Networks,
    require_average: Callable[..., None],
    tmp_path: Path,
) -> None:
    config = replace(config, checkpoint_every=1, keep_checkpoints=100)
    mine, seen = feed(2 * config.batch_size), []

    def train(folder: Path, **settings: float) -> tuple[DGNet, DGNet, list[dict[str, Tensor]]]:
        changed = replace(config, optim=replace(config.optim, **settings))  # type: ignore[arg-type]
        autocast = torch.autocast("cpu", enabled=False)
        context = Context(changed, PEOPLE, folder, folder.with_suffix(".jsonl"), autocast, World())
        own = copy.deepcopy(networks)
        kept = train_joint(own, mine, context, lambda model, _step: seen.append(model), lambda _model, _step: 0.0)
        return kept, own.model, [read_tensors(path)[0] for path in sorted(folder.glob("*.safetensors"))]

    plain, last, _ = train(tmp_path / "plain")
    assert plain.appearance_encoder is last.appearance_encoder
    kept, trained, states = train(tmp_path / "kept", appearance_ema=0.3)
    assert len(states) == config.schedule.steps
    assert seen[-1] is kept  # samples are drawn with it
    same, began = trained.state_dict(), networks.model.appearance_encoder.state_dict()
    for name, tensor in last.state_dict().items():
        assert torch.equal(tensor, same[name])  # training is as without
    require_average(kept.appearance_encoder, began, states, "model.appearance_encoder")
    assert not any(module.training for module in kept.modules())
