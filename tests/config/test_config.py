"""Presets at the published numbers, modifiers, validation, and the way to a dictionary and back."""

from dataclasses import replace

import pytest

from dgnet.config import (
    DATA_PRESETS,
    MODIFIERS,
    BackboneConfig,
    ConfigError,
    DataConfig,
    LossConfig,
    NetworkConfig,
    RunConfig,
    ScheduleConfig,
    TeacherConfig,
    flatten,
    from_dict,
    preset,
    to_dict,
)

EVERY_PRESET = [*DATA_PRESETS, *(f"{data}+{modifier}" for data in DATA_PRESETS for modifier in MODIFIERS)]


def test_market1501_is_the_published_experiment() -> None:
    config = preset("market1501")
    assert config.schedule == ScheduleConfig(100_000, 30_000, 0.0005, (60_000, 90_000, 105_000), warmup=0)
    assert (config.batch_size, config.data.size, config.alpha) == (8, (256, 128), 0.5)
    assert (config.optim.generator_lr, config.optim.betas, config.optim.weight_decay) == (1e-4, (0.0, 0.999), 5e-4)
    assert (config.optim.backbone_lr, config.optim.head_lr, config.optim.momentum) == (0.002, 0.02, 0.9)
    assert (config.augment.mirror, config.augment.pad, config.augment.erase_area) == (0.5, 10, (0.02, 0.4))
    weights = config.loss
    assert (weights.image, weights.partner_image, weights.code_a, weights.code_s, weights.cycle) == (5, 5, 1, 1, 2)
    assert (weights.adversarial, weights.r1, weights.id_real, weights.id_generated) == (1, 0.01, 1, 0.5)
    assert (weights.prim, weights.fine, weights.labels) == (2, 0.2, "dynamic_soft")


@pytest.mark.parametrize("name", EVERY_PRESET)
def test_every_preset_survives_the_way_to_a_dictionary_and_back(name: str) -> None:
    config = preset(name)
    assert config.preset == name
    assert from_dict(to_dict(config)) == config


@pytest.mark.parametrize("name", EVERY_PRESET)
def test_the_baseline_sees_as_many_real_images_as_the_joint_training(name: str) -> None:
    config = preset(name)
    joint = config.schedule.steps * 4 * config.batch_size
    assert config.teacher.steps * config.teacher.batch_size == joint


@pytest.mark.parametrize("data", DATA_PRESETS)
def test_what_is_small_stays_as_it_is(data: str) -> None:
    """`dgnet train small` is the demo, and ramps begin within every small run."""
    once = preset(f"{data}+small")
    assert replace(preset(f"{data}+small+small"), preset=once.preset) == once
    assert (once.schedule.steps, once.schedule.warmup, once.schedule.ramp_start) == (1_000, 50, 100)
    assert replace(preset("small"), preset="mannequin") == preset("mannequin")


def test_ablations_change_what_they_say() -> None:
    assert preset("no_feed") == replace(preset("mannequin+no_feed"), preset="no_feed")
    assert (preset("no_feed").loss.prim, preset("no_feed").loss.id_generated) == (
        0.0,
        preset("mannequin").loss.id_generated,
    )
    assert preset("market1501+no_feed").loss == replace(LossConfig(), prim=0.0, fine=0.0)
    assert (preset("no_id").loss.prim, preset("no_id").loss.id_generated) == (0.0, 0.0)
    assert preset("market1501+lsro").loss == LossConfig(labels="lsro")
    assert not preset("baseline").joint
    backbones = [side.backbone for side in (preset("market1501+ibn").network, preset("market1501+ibn").teacher)]
    assert [backbone.ibn for backbone in backbones] == [True, False]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("market1510", r"no data preset 'market1510'; did you mean 'market1501'\?"),
        ("market1501+no_fed", r"no modifier 'no_fed'; did you mean 'no_feed'\?"),
    ],
)
def test_an_unknown_preset_names_the_nearest(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        preset(name)


def test_an_unknown_setting_is_refused_with_the_nearest_name() -> None:
    values = to_dict(RunConfig())
    values["optim"]["generator_lrr"] = 1.0
    with pytest.raises(ConfigError, match=r"optim.generator_lrr: no such setting; did you mean 'generator_lr'\?"):
        from_dict(values)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: LossConfig(cycle=-1.0), "loss.cycle"),
        (lambda: LossConfig(r1_every=0), "loss.r1_every"),
        (lambda: ScheduleConfig(milestones=(5, 3)), "schedule.milestones"),
        (lambda: NetworkConfig(prim_dropout=1.0), "network.prim_dropout"),
        (lambda: BackboneConfig(layers=(1, 0, 1, 1)), "backbone.layers"),
        (lambda: BackboneConfig(timm="resnet50", ibn=True), "backbone.ibn"),
        (lambda: BackboneConfig(timm="resnet50", weights="resnet50.pth"), "backbone.weights"),
        (lambda: RunConfig(batch_size=1), "batch_size"),
        (
            lambda: RunConfig(teacher=TeacherConfig(backbone=BackboneConfig(weights="teacher"))),
            "teacher.backbone.weights",
        ),
        (lambda: RunConfig(compile=True, recompute=True), "recompute"),
        (lambda: replace(RunConfig(), network=NetworkConfig(dilations=(3, 6, 32))), "network.dilations"),
        (lambda: replace(RunConfig().data, size=(100, 50)), "data.size"),
        (lambda: DataConfig(also=("dukmtmc=/d/duke",)), "data.also"),
        (lambda: DataConfig(also=("",)), "data.also"),
        (lambda: DataConfig(also="/d/duke"), "data.also"),
        (lambda: DataConfig(store="zip"), "data.store"),
    ],
)
def test_a_value_that_cannot_work_names_its_field(make, field: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match=rf"^{field}: found"):
        make()


def test_each_data_set_by_itself() -> None:
    also = ("dukemtmc=/d/duke", "/d/a=b", "mannequin=", "manifest=m.csv")
    first, *others = (data := DataConfig("market1501", "/d/market", (64, 32), also=also)).each()
    assert first == replace(data, also=())
    names_and_roots = [("dukemtmc", "/d/duke"), ("auto", "/d/a=b"), ("mannequin", ""), ("manifest", "m.csv")]
    assert [(other.name, other.root) for other in others] == names_and_roots
    assert all(other.size == (64, 32) and not other.also for other in others)


def test_flatten() -> None:
    assert flatten({"a": {"b": 1, "c": {"d": 2}}, "e": 3}) == {"a.b": 1, "a.c.d": 2, "e": 3}
