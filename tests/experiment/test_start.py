"""Starting a run from the model of another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import torch

from dgnet.config import ConfigError, RunConfig
from dgnet.data.people import Group, Identity, People
from dgnet.experiment.models.find import find_model
from dgnet.experiment.train import train
from dgnet.experiment.training.start import find_start, train_on_from
from dgnet.experiment.training.start_teacher import find_teacher_start
from dgnet.files.tensors import WeightsError
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import LoadedModel, load_model, load_teacher, save_model


def people_called(*names: str) -> People:
    return People((Group("folder", tuple(Identity(name, 1, name) for name in names)),), "")


def test_everything_but_classifiers_of_other_people_is_taken_over(config: RunConfig) -> None:
    now, renamed = (people_called(*names) for names in (("ann", "bob", "cid", "dan"), ("bob", "cid", "dan", "zed")))
    same, older, fewer, others = ({"people": now.marks()}, {}, {}, {"people": renamed.marks()})
    for num, card, kept in ((4, same, True), (4, older, True), (7, fewer, False), (4, others, False)):
        model, start = DGNet(config.network, 4), DGNet(config.network, num)
        before = {name: value.clone() for name, value in model.state_dict().items()}
        train_on_from(LoadedModel(start, config, card), model, now)
        for name, value in model.state_dict().items():
            theirs = kept or ".classifier." not in name
            assert torch.equal(value, start.state_dict()[name] if theirs else before[name]), name


def test_a_model_of_other_sizes_is_refused_with_the_settings_that_would_fit(config: RunConfig, tmp_path: Path) -> None:
    save_model(tmp_path / "m.safetensors", DGNet(config.network, 4), config, {})
    wider = replace(config, start=str(tmp_path / "m.safetensors"), network=replace(config.network, structure_width=6))
    with pytest.raises(ConfigError, match=r"start: .*m\.safetensors .* add --network\.structure_width 2$"):
        find_start(wider)
    dropout = replace(wider, network=replace(config.network, prim_dropout=0.4))
    assert find_start(dropout) is not None
    assert find_start(config) is None


def test_a_model_of_grey_detail_starts_one_of_detail_in_colour_and_not_the_other_way(
    config: RunConfig, tmp_path: Path
) -> None:
    """On a grey image both draw the same; on others the new one keeps the hues where it keeps the image."""
    grey, people = DGNet(config.network, 4).eval(), people_called("ann", "bob", "cid", "dan")
    save_model(tmp_path / "m.safetensors", grey, config, {})
    coloured = replace(
        config, start=str(tmp_path / "m.safetensors"), network=replace(config.network, detail_colour=True)
    )
    start = find_start(coloured)
    assert start is not None
    model = DGNet(coloured.network, 4).eval()
    train_on_from(start, model, people)
    x_i, x_j = torch.randn(2, 2, 3, *config.data.size, generator=torch.Generator().manual_seed(0))
    x_j = x_j.mean(dim=1, keepdim=True).expand_as(x_j)
    with torch.no_grad():
        torch.testing.assert_close(model.swap(x_i, x_j), grey.swap(x_i, x_j), rtol=1e-4, atol=1e-4)
    save_model(tmp_path / "c.safetensors", model, coloured, {})
    with pytest.raises(ConfigError, match=r"add --network\.detail_colour True$"):
        find_start(replace(config, start=str(tmp_path / "c.safetensors")))


def test_a_model_with_another_appearance_encoder_gives_structure_encoder_and_decoder_alone(
    config: RunConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its images may be smaller; E_a begins as the settings say, and G reads the new codes."""
    old = DGNet(config.network, 4)
    save_model(tmp_path / "m.safetensors", old, config, {})
    backbone = replace(config.network.backbone, width=16)
    larger = replace(config.data, size=(128, 64))
    still = {"generator_lr": 1e-12, "muon_lr": 1e-12, "backbone_lr": 0.0, "head_lr": 0.0}
    other = replace(
        config,
        start=str(tmp_path / "m.safetensors"),
        data=larger,
        network=replace(
            config.network, backbone=replace(backbone, weights="teacher"), dilations=(2, 4, 6), pool="mean"
        ),
        teacher=replace(config.teacher, backbone=backbone),
        optim=replace(config.optim, **still),
    )
    with caplog.at_level("INFO"):
        train(other, tmp_path / "run")
    assert "the first layers of G's MLPs were fitted to this E_a" in caplog.text
    model, teacher = (
        load_model(tmp_path / "run/model.safetensors").model,
        load_teacher(tmp_path / "run/teacher.safetensors"),
    )
    for name, value in model.state_dict().items():
        if name.startswith("appearance_encoder.backbone.") and "running" not in name and "num_batches" not in name:
            assert torch.equal(value, teacher.model.state_dict()[name.removeprefix("appearance_encoder.")]), name
        elif name.startswith(("structure_encoder.", "decoder.")):
            first = "_mlps." in name and ".layers.0." in name
            if not first:
                torch.testing.assert_close(value, old.state_dict()[name], atol=1e-5, rtol=1e-5)
    (tmp_path / "run/model.safetensors").unlink()
    caplog.clear()
    with caplog.at_level("INFO"):
        train(other, tmp_path / "run", resume=True)
    assert "start: " not in caplog.text, "all of it is in the checkpoint"
    assert load_model(tmp_path / "run/model.safetensors").model.state_dict().keys() == model.state_dict().keys()
    unfitted = replace(other, network=replace(other.network, mlp_width=16))
    with pytest.raises(ConfigError, match=r"add --network\.mlp_width 8$"):
        find_start(unfitted)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no model\.safetensors here"):
        find_model(str(tmp_path))


def test_a_run_goes_on_from_another(config: RunConfig, tmp_path: Path) -> None:
    """With learning rates near 0 the model stays as it was at the start; the saved settings do not name its path."""
    train(config, tmp_path / "first")
    still = dict.fromkeys(("generator_lr", "discriminator_lr", "muon_lr", "backbone_lr", "head_lr"), 1e-12)
    second = replace(config, start=str(tmp_path / "first"), optim=replace(config.optim, **still))
    train(second, tmp_path / "second")
    first, second_ = (load_model(tmp_path / name / "model.safetensors") for name in ("first", "second"))
    for name, value in first.model.named_parameters():
        torch.testing.assert_close(second_.model.get_parameter(name), value, atol=1e-5, rtol=1e-5)
    assert second_.config.start == ""
    assert second_.card["begun as"] == f"first, which was trained on {first.card['trained on']}"


def test_rates_of_nothing_leave_a_trained_appearance_encoder_as_it_is(config: RunConfig, tmp_path: Path) -> None:
    """With rates of 0 for E_a, only E_s and G are trained."""
    train(config, tmp_path / "first")
    alone = replace(config.optim, backbone_lr=0.0, head_lr=0.0)
    train(replace(config, start=str(tmp_path / "first"), optim=alone), tmp_path / "second")
    first, second = (load_model(tmp_path / name / "model.safetensors").model for name in ("first", "second"))
    for name, value in first.named_parameters():
        same = torch.equal(second.get_parameter(name), value)
        assert same == name.startswith("appearance_encoder."), name


def of_the_teachers_kind(config: RunConfig) -> RunConfig:
    """E_a is the network that the teacher is; their learning rates are next to nothing."""
    network = replace(config.network, backbone=config.teacher.backbone, pool="mean")
    return replace(
        config, joint=False, network=network, teacher=replace(config.teacher, backbone_lr=1e-12, head_lr=1e-12)
    )


@pytest.mark.parametrize("last_stride", [1, 2])
def test_the_teacher_begins_as_the_appearance_encoder_of_the_same_network(
    config: RunConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture, last_stride: Literal[1, 2]
) -> None:
    """Its classifier is new, since there are other people; nothing is whitened, since its feature is to change.

    The last stride, which has no weights, may be another.
    """
    alike = of_the_teachers_kind(config)
    backbone = replace(alike.network.backbone, last_stride=last_stride)
    old_config = replace(alike, network=replace(alike.network, backbone=backbone))
    old = DGNet(old_config.network, 0)
    for head in (old.appearance_encoder.prim, old.appearance_encoder.fine):
        head.whitening = torch.eye(alike.network.feature_dim)
    save_model(tmp_path / "m.safetensors", old, old_config, {"trained on": "msmt17", "licence": "research only"})
    with caplog.at_level("INFO"):
        train(replace(alike, start=str(tmp_path / "m.safetensors")), tmp_path / "run")
    assert f"start: T begins as that of {tmp_path / 'm.safetensors'}, new classifier" in caplog.text
    loaded = load_teacher(tmp_path / "run/teacher.safetensors")
    assert loaded.card["begun as"] == "m.safetensors, which was trained on msmt17; licence: research only"
    teacher = loaded.model
    assert teacher.head.whitening is None
    for name, value in teacher.named_parameters():
        if "classifier" not in name:
            theirs = old.appearance_encoder.get_parameter(name.replace("head.", "prim."))
            torch.testing.assert_close(value, theirs, atol=1e-6, rtol=1e-6)


def test_an_appearance_encoder_that_begins_as_the_teacher_takes_only_the_generator_of_a_model(
    config: RunConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """T learns further from the model's E_a, and E_a begins as T; G is fitted to its codes."""
    alike = of_the_teachers_kind(config)
    old = DGNet(alike.network, 4)
    save_model(tmp_path / "m.safetensors", old, alike, {"trained on": "msmt17"})
    still = {"generator_lr": 1e-12, "muon_lr": 1e-12, "backbone_lr": 0.0, "head_lr": 0.0}
    both = replace(
        alike,
        joint=True,
        evaluate_every=config.schedule.steps,
        start=str(tmp_path / "m.safetensors"),
        network=replace(alike.network, backbone=replace(alike.network.backbone, weights="teacher")),
        teacher=replace(config.teacher, backbone_lr=0.05, head_lr=0.05),
        optim=replace(config.optim, **still),
    )
    with caplog.at_level("INFO"):
        train(both, tmp_path / "run")
    assert "the first layers of G's MLPs were fitted to this E_a" in caplog.text
    for name in ("model.safetensors", "best.safetensors"):
        card = load_model(tmp_path / "run" / name).card
        assert card["begun as"] == "m.safetensors, which was trained on msmt17", name
        taught = f"teacher.safetensors, which was trained on {card['trained on']}"
        assert card["E_a begun as"] == f"{taught}; begun as: {card['begun as']}", name
    model = load_model(tmp_path / "run/model.safetensors").model
    teacher = load_teacher(tmp_path / "run/teacher.safetensors").model
    for name, value in teacher.named_parameters():
        if not name.startswith("head.classifier"):
            own = model.appearance_encoder.get_parameter(name.replace("head.", "prim."))
            assert torch.equal(own, value), name
    moved = teacher.head.embed.weight - old.appearance_encoder.prim.embed.weight
    assert moved.abs().max() > 1e-3, "T has learnt"
    for name, value in model.structure_encoder.named_parameters():
        torch.testing.assert_close(value, old.structure_encoder.get_parameter(name), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("backbone", r"add --teacher\.backbone\.width 16$"),
        ("width", r"add --network\.feature_dim 12$"),
        ("pool", r"are maxima of its map \(network\.pool\), and the Baseline's are means"),
    ],
)
def test_a_baseline_of_another_network_cannot_begin_with_a_model(
    config: RunConfig, tmp_path: Path, what: str, told: str
) -> None:
    alike = of_the_teachers_kind(config)
    network = {
        "backbone": replace(alike.network, backbone=replace(alike.network.backbone, width=16)),
        "width": replace(alike.network, feature_dim=12),
        "pool": replace(alike.network, pool="max"),
    }[what]
    save_model(tmp_path / "m.safetensors", DGNet(network, 4), replace(alike, network=network), {})
    start = replace(alike, start=str(tmp_path / "m.safetensors"))
    with pytest.raises(ConfigError, match=rf"start: .*m\.safetensors.* {told}"):
        find_teacher_start(start)
    assert find_start(replace(start, joint=True)) is not None, "E_s and G begin with it"


def test_a_baseline_that_is_given_cannot_begin_with_a_model(config: RunConfig) -> None:
    given = replace(config, joint=False, start="bundled", teacher=replace(config.teacher, weights="runs/other"))
    with pytest.raises(ConfigError, match=r"start: teacher\.weights names the Baseline itself, runs/other"):
        find_teacher_start(given)


def test_a_baseline_begins_with_a_model_whose_generator_has_other_sizes(config: RunConfig, tmp_path: Path) -> None:
    alike = of_the_teachers_kind(config)
    wider = replace(alike, network=replace(alike.network, structure_width=6))
    save_model(tmp_path / "m.safetensors", DGNet(wider.network, 4), wider, {})
    assert find_teacher_start(replace(alike, start=str(tmp_path / "m.safetensors"))) is not None


def test_a_baseline_begins_as_another_and_keeps_its_classifier_where_people_are_the_same(
    config: RunConfig, tmp_path: Path
) -> None:
    alike = of_the_teachers_kind(config)
    for name, start, rate in (("first", "", 0.05), ("second", str(tmp_path / "first"), 1e-12)):
        settings = replace(alike.teacher, backbone_lr=rate, head_lr=rate)
        train(replace(alike, start=start, teacher=settings), tmp_path / name)
    first, second = (load_teacher(tmp_path / name / "teacher.safetensors").model for name in ("first", "second"))
    for name, value in first.named_parameters():
        torch.testing.assert_close(second.get_parameter(name), value, atol=1e-6, rtol=1e-6)
