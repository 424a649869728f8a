"""The joint step: each term reaches exactly the networks in the table of docs/method.md; nothing else is changed."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch
from torch import nn
from torch.optim import SGD

from dgnet.config import LossConfig
from dgnet.training.batch import Batch, Networks
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.optim.schedules import RampedWeights
from dgnet.training.step import joint_step, teacher_probabilities

OFF = RampedWeights(id_generated=0, code_a=0, code_s=0, cycle=0, redressed=0, prim=0, fine=0)
SILENT = LossConfig(image=0, partner_image=0, adversarial=0, id_real=0, id_generated=0)
AUTOCAST = torch.autocast("cpu", enabled=False)


def parts(networks: Networks) -> dict[str, nn.Module]:
    model = networks.model
    return {
        "E_a": model.appearance_encoder,
        "E_s": model.structure_encoder,
        "G": model.decoder,
        "D": networks.discriminator,
        "T": networks.teacher,
    }


def reached(
    networks: Networks, batch: Batch, loss: LossConfig, ramped: RampedWeights = OFF, structure_alone: bool = True
) -> set[str]:
    """The networks that get a non-zero gradient in one step, not counting D's own loss."""
    groups = [list(module.parameters()) for module in parts(networks).values()]
    gradients: dict[str, float] = {}

    class Recorder(SGD):
        def step(self, closure=None):  # type: ignore[no-untyped-def]
            for name, module in parts(networks).items():
                gradients[name] = max(
                    gradients.get(name, 0.0),
                    max((float(p.grad.abs().max()) for p in module.parameters() if p.grad is not None), default=0.0),
                )

    generator = Recorder(groups[1] + groups[2], lr=0.0)
    discriminator = SGD(groups[3], lr=0.0)
    appearance = Recorder(groups[0], lr=0.0)
    networks.model.train()
    joint_step(
        networks,
        Optimizers(generator, discriminator, appearance),
        batch,
        ramped,
        loss,
        penalise=False,
        structure_alone=structure_alone,
        autocast=AUTOCAST,
    )
    return {name for name, value in gradients.items() if value > 0} - {"D"}


DRAWING = {"G", "E_s"}


@pytest.mark.parametrize("term", ["image", "partner_image", "adversarial"])
def test_terms_that_train_the_generator_alone(networks: Networks, batch: Batch, term: str) -> None:
    assert reached(networks, batch, replace(SILENT, **{term: 1.0})) == DRAWING


def test_generated_identity_trains_the_generator_alone(networks: Networks, batch: Batch) -> None:
    assert reached(networks, batch, SILENT, replace(OFF, id_generated=1.0)) == DRAWING


def test_image_terms_reach_the_appearance_encoder_only_when_the_code_is_not_detached(
    networks: Networks, batch: Batch
) -> None:
    loss = replace(SILENT, image=1.0, detach_appearance_code=False)
    assert reached(networks, batch, loss) == {*DRAWING, "E_a"}


def test_code1_reaches_the_generator_through_a_frozen_appearance_encoder(networks: Networks, batch: Batch) -> None:
    assert reached(networks, batch, SILENT, replace(OFF, code_a=1.0)) == DRAWING


def test_code1_reaches_nothing_in_the_published_way(networks: Networks, batch: Batch) -> None:
    assert reached(networks, batch, replace(SILENT, code1_gradient=False), replace(OFF, code_a=1.0)) == set()


@pytest.mark.parametrize(("structure_alone", "expected"), [(True, {"E_s"}), (False, DRAWING)])
def test_code2_follows_the_coin(networks: Networks, batch: Batch, structure_alone: bool, expected: set[str]) -> None:
    assert reached(networks, batch, SILENT, replace(OFF, code_s=1.0), structure_alone) == expected


@pytest.mark.parametrize("structure_alone", [True, False])
def test_cycle_reaches_the_generator_however_the_coin_falls(
    networks: Networks, batch: Batch, structure_alone: bool
) -> None:
    assert reached(networks, batch, SILENT, replace(OFF, cycle=1.0), structure_alone) == DRAWING


def test_redrawing_reaches_the_generator_alone(networks: Networks, batch: Batch) -> None:
    for detached in (True, False):  # a_t is detached here, whether or not image terms train E_a
        loss = replace(SILENT, detach_appearance_code=detached)
        assert reached(networks, batch, loss, replace(OFF, redressed=1.0)) == DRAWING


def test_real_identity_reaches_the_appearance_encoder_alone(networks: Networks, batch: Batch) -> None:
    assert reached(networks, batch, replace(SILENT, id_real=1.0)) == {"E_a"}


def test_the_triplet_term_reaches_the_appearance_encoder_alone(networks: Networks, batch: Batch) -> None:
    assert reached(networks, batch, replace(SILENT, triplet=1.0)) == {"E_a"}


@pytest.mark.parametrize("ramped", [replace(OFF, prim=1.0), replace(OFF, prim=1e-9, fine=1.0)])
def test_feeding_reaches_the_appearance_encoder_alone(networks: Networks, batch: Batch, ramped: RampedWeights) -> None:
    assert reached(networks, batch, SILENT, ramped) == {"E_a"}


def test_every_loss_setting_with_a_weight_is_routed_above() -> None:
    weights = {item.name for item in fields(LossConfig) if isinstance(getattr(LossConfig(), item.name), float)}
    assert weights == {
        *("image", "partner_image", "code_a", "code_s", "cycle", "adversarial", "r1", "id_real", "id_generated"),
        *("redressed", "prim", "fine", "triplet"),
        *("true_swap", "true_swap_changed"),  # in test_true_swaps.py
        "smoothing",  # not a weight: a part of `id_real` and `fine`
    }


@pytest.mark.parametrize("teacher_dropout", [False, True])
def test_teacher_is_unmoved(networks: Networks, batch: Batch, teacher_dropout: bool) -> None:
    teacher = networks.teacher
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    for mode in (True, False):
        nn.ModuleList([networks.model, teacher]).train(mode)
        assert not any(module.training for module in teacher.modules())
    loss = LossConfig(teacher_dropout=teacher_dropout)
    reached(networks, batch, loss, RampedWeights(1, 1, 1, 1, 1, 1, 1))
    assert not any(module.training for module in teacher.modules())
    assert all(torch.equal(before[name], value) for name, value in teacher.state_dict().items())


def test_teacher_labels_with_dropout_only_when_asked_to(networks: Networks, batch: Batch) -> None:
    def twice(teacher_dropout: bool) -> tuple[torch.Tensor, torch.Tensor]:
        loss = LossConfig(teacher_dropout=teacher_dropout)
        return tuple(teacher_probabilities(networks.teacher, batch.x, loss, AUTOCAST) for _ in range(2))  # type: ignore[return-value]

    assert torch.equal(*twice(False))
    networks.teacher.head.classifier.weight.data.normal_()
    assert not torch.equal(*twice(True))


def test_teacher_averages_an_image_and_its_mirror(networks: Networks, batch: Batch) -> None:
    networks.teacher.head.classifier.weight.data.normal_()
    q = teacher_probabilities(networks.teacher, batch.x, LossConfig(), AUTOCAST)
    mirrored = teacher_probabilities(networks.teacher, batch.x.flip(3), LossConfig(), AUTOCAST)
    torch.testing.assert_close(q, mirrored)
    torch.testing.assert_close(q.sum(dim=1), torch.ones(4))


def test_generated_images_leave_running_statistics_alone(networks: Networks, batch: Batch) -> None:
    def statistics(ramped: RampedWeights) -> list[torch.Tensor]:
        copy = {k: v.clone() for k, v in networks.model.state_dict().items()}
        reached(networks, batch, LossConfig(), ramped)
        after = [v.clone() for k, v in networks.model.state_dict().items() if "running" in k or "tracked" in k]
        networks.model.load_state_dict(copy)
        return after

    without, with_generated = statistics(OFF), statistics(RampedWeights(1, 1, 1, 1, 1, 1, 1))
    assert all(torch.equal(a, b) for a, b in zip(without, with_generated, strict=True))


def test_the_batch_is_not_changed(networks: Networks, batch: Batch) -> None:
    before = {name: tensor.clone() for name, tensor in batch.tensors().items()}
    reached(networks, batch, LossConfig(r1_every=1), RampedWeights(1, 1, 1, 1, 1, 1, 1))
    for name, tensor in batch.tensors().items():
        assert torch.equal(tensor, before[name])
        assert not tensor.requires_grad
