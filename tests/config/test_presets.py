"""Presets have the published numbers; modifiers may come in any order, and none is lost, for every data set."""

from dataclasses import replace
from functools import cache
from itertools import combinations, permutations

import pytest

from dgnet.config import (
    DATA_PRESETS,
    MODIFIERS,
    ConfigError,
    LossConfig,
    RunConfig,
    ScheduleConfig,
    flatten,
    from_dict,
    preset,
    to_dict,
)
from dgnet.config.presets import LABELS
from dgnet.config.sizes import SIZES

EVERY_PRESET = [*DATA_PRESETS, *(f"{data}+{modifier}" for data in DATA_PRESETS for modifier in MODIFIERS)]


def exclude_each_other(words: tuple[str, ...]) -> bool:
    return any(
        sum(word in kind for word in words) > 1
        for kind in (SIZES, LABELS, ("medium", "ibn"), ("no_id", "draw", "feed"), ("no_feed", "feed"))
    )


COMPATIBLE = [
    words
    for count in range(len(MODIFIERS) + 1)
    for words in combinations(MODIFIERS, count)
    if not exclude_each_other(words)
]


@cache
def settings(*words: str) -> RunConfig:
    """A preset without its name."""
    return replace(preset("+".join(words)), preset="")


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


def orders_of(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """All orders of up to three words; of more words, all rotations, forwards and backwards."""
    if len(words) <= 3:
        return list(permutations(words))
    turned = [words[place:] + words[:place] for place in range(len(words))]
    return [*turned, *(one[::-1] for one in turned)]


@pytest.mark.parametrize("data", DATA_PRESETS)
def test_the_order_of_words_means_nothing(data: str) -> None:
    """The data set's name may stand anywhere among the words too."""
    for words in COMPATIBLE:
        wanted = settings(data, *words)
        for order in orders_of((data, *words)):
            name = "+".join(order)
            found = preset(name)
            assert found == replace(wanted, preset=name), name


@pytest.mark.parametrize("words", COMPATIBLE, ids="+".join)
def test_every_modifier_changes_what_it_is_for_whatever_stands_beside_it(words: tuple[str, ...]) -> None:
    for data in DATA_PRESETS:
        found = settings(data, *words)
        size = next((word for word in words if word in SIZES), "small" if data == "mannequin" else "full")
        loss = found.loss
        assert found.data.name == data
        assert found.data.size == {"small": (64, 32), "medium": (128, 64), "full": (256, 128)}[size]
        assert found.network.structure_width == {"small": 8, "medium": 8, "full": 16}[size]
        steps = {"small": 1_000, "medium": 4_000, "full": 150_000 if data == "msmt17" else 100_000}
        assert found.schedule.steps == steps[size]
        assert found.joint == ("baseline" not in words)
        assert found.network.backbone.ibn == ("ibn" in words)
        assert not found.teacher.backbone.ibn
        fed = not {"no_feed", "no_id", "draw"} & set(words)
        assert (loss.prim, loss.fine) == ((2.0, 0.2) if fed else (0.0, 0.0))
        least = 0.2 if "draw" in words else 0.0
        assert loss.id_generated == (
            0.0 if {"no_id", "feed"} & set(words) else max(0.5 if size == "full" else 0.05, least)
        )
        assert (found.optim.backbone_lr == found.optim.head_lr == loss.id_real == 0.0) == ("draw" in words)
        assert (loss.image == loss.adversarial == loss.code_a == loss.code_s == 0.0) == ("feed" in words)
        assert loss.labels == next((word for word in words if word in LABELS), "dynamic_soft")
        if not SIZES.keys() & set(words):  # an ablation touches nothing but what it is for
            before = flatten(to_dict(settings(data)))
            changed = {key for key, value in flatten(to_dict(found)).items() if before[key] != value}
            own = {"joint", "network.backbone.ibn", "loss.prim", "loss.fine", "loss.id_generated", "loss.labels"}
            still = {
                "loss.id_real",
                "loss.running_codes",
                "schedule.ramp_start",
                "schedule.id_generated_start",
                "optim.backbone_lr",
                "optim.head_lr",
                "network.pool",
                "network.backbone.weights",
            }
            of_pairs = {
                f"loss.{name}" for name in ("image", "partner_image", "adversarial", "code_a", "code_s", "cycle")
            }
            of_pairs |= {"loss.redressed", "schedule.ramp_start"}
            assert changed <= (own | still if "draw" in words else own | of_pairs if "feed" in words else own)


def test_names_that_trained_as_others() -> None:
    """In an earlier version each of these names lost one of its words."""
    assert preset("market1501+no_feed+full").loss.prim == 0.0
    assert preset("market1501+ibn+small").network.backbone.ibn
    assert preset("market1501+no_id+small").loss.id_generated == 0.0
    assert not preset("market1501+baseline+full").joint
    assert preset("msmt17+full").schedule.steps == 150_000


def test_a_light_network_has_no_ibn_and_the_message_says_so() -> None:
    with pytest.raises(
        ConfigError, match=r"preset 'folder\+ibn\+medium': ibn is for ResNets, and medium has mobilenet"
    ):
        preset("folder+ibn+medium")


def test_full_is_the_published_size_of_all_data_but_mannequin() -> None:
    for data in DATA_PRESETS:
        assert settings(data) == settings(data, "small" if data == "mannequin" else "full")
    assert settings("mannequin", "full") != settings("mannequin")
    assert settings("no_feed") == settings("mannequin", "no_feed")


@pytest.mark.parametrize("data", DATA_PRESETS)
def test_ramps_begin_within_every_small_run(data: str) -> None:
    once = settings(data, "small")
    assert settings(data, "small", "small") == once
    assert (once.schedule.steps, once.schedule.warmup, once.schedule.ramp_start) == (1_000, 50, 100)


@pytest.mark.parametrize("name", EVERY_PRESET)
def test_the_baseline_sees_as_many_real_images_as_the_joint_training(name: str) -> None:
    config = preset(name)
    joint = config.schedule.steps * config.real_per_step
    assert config.teacher.steps * config.teacher.batch_size == joint


def test_an_ablation_changes_what_it_says_and_nothing_else() -> None:
    assert preset("market1501+no_feed").loss == replace(LossConfig(), prim=0.0, fine=0.0)
    assert preset("market1501+lsro").loss == LossConfig(labels="lsro")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("market1510", r"no data preset 'market1510'; did you mean 'market1501'\?"),
        ("market1501+no_fed", r"no modifier 'no_fed'; did you mean 'no_feed'\?"),
        ("market1501+", "no modifier ''"),
        ("", "no data preset ''"),
        ("market1501+small+full", "small and full are two sizes"),
        ("mannequin+full+ibn+small", "small and full are two sizes"),
        ("small+full", "small and full are two sizes"),
        ("pseudo+market1501+lsro", "pseudo and lsro are two label strategies"),
        ("market1501+draw+no_id", "no_id and draw are two weights of L_id"),
        ("market1501+no_feed+feed", "no_feed and feed are two answers to whether E_a is fed"),
        ("market1501+dukemtmc", "market1501 and dukemtmc are two data sets; --also"),
        (3, "preset: found 3, must be a name"),
    ],
)
def test_a_name_that_cannot_be_is_refused(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        preset(name)
