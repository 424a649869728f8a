"""Settings: every value is checked, settings survive being saved, and every setting has its roles."""

import math
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest

from dgnet.config import (
    AugmentConfig,
    BackboneConfig,
    ConfigError,
    DataConfig,
    LossConfig,
    NetworkConfig,
    RunConfig,
    ScheduleConfig,
    TeacherConfig,
    differing,
    flatten,
    from_dict,
    to_dict,
    without_local,
)
from dgnet.config.differences import roles
from dgnet.config.setting import ANY, types_of
from dgnet.errors import DgnetError


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
        (lambda: RunConfig(execution="compile", joint=False), "execution"),
        (lambda: RunConfig(augment=AugmentConfig(pad=128)), "augment.pad"),
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


def every_setting(kind: type = RunConfig, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(Dotted name, type, range) of every setting."""
    for item in fields(kind):
        inner = types_of(kind)[item.name]
        if is_dataclass(inner):
            yield from every_setting(inner, f"{prefix}{item.name}.")
        else:
            assert item.default is not MISSING
            yield f"{prefix}{item.name}", inner, item.metadata["limits"]


SETTINGS = list(every_setting())
NAMES = [name for name, *_ in SETTINGS]


def with_value(name: str, value: object) -> dict[str, Any]:
    """The published settings as a file holds them, with one value changed."""
    values = to_dict(RunConfig())
    *path, last = name.split(".")
    inner = values
    for word in path:
        inner = inner[word]
    assert last in inner
    inner[last] = value
    return values


def wrong_values(kind: Any, limits: Any) -> list[object]:
    """Values that a setting of this type and range must refuse."""
    some: list[object] = [None, {"a": 1}, b"x", object()]
    if get_origin(kind) is Literal:
        return [*some, "guess", True, 3, 1.0, ["plain"], ""]
    if get_origin(kind) is tuple:
        inner, *others = get_args(kind)
        wrong = [one for one in wrong_values(inner, limits) if not isinstance(one, list)]
        fixed = 1 + len(others)
        if others == [...]:
            return [*some, "abc", 3, *([one] for one in wrong)]
        right = list(range(1, fixed + 1))
        return [*some, "abc", 3, [], right[:-1], [*right, fixed + 1], *([*right[:-1], one] for one in wrong)]
    if kind is bool:
        return [*some, "true", 1, 0, 1.0, [True]]
    if kind is str:
        return [*some, 3, True, ["x"], 1.5]
    wrong = [*some, "x", "1", True, False, math.nan, math.inf, -math.inf, 10**400, 1 + 2j, [1], np.bool_(True), np.nan]
    if kind is int:
        wrong += [1.5, 3.0, np.float32(2)]
        wrong.remove(10**400)
    outside = (limits.least - 1, limits.most + 1, limits.above, limits.below)
    if limits is not ANY:
        wrong += [int(one) if kind is int else one for one in outside if math.isfinite(one)]
    return wrong


@pytest.mark.parametrize(("name", "kind", "limits"), SETTINGS, ids=NAMES)
def test_every_setting_refuses_what_it_cannot_hold(name: str, kind: Any, limits: Any) -> None:
    """The message gives the setting's full name, whether it comes from code or from a file."""
    for value in wrong_values(kind, limits):
        with pytest.raises(ConfigError) as told:
            from_dict(with_value(name, value))
        assert str(told.value).startswith(f"{name}: found "), (name, value, told.value)
        assert ", must be " in str(told.value)
        assert isinstance(told.value, DgnetError)


def test_every_number_has_a_range() -> None:
    numbers = [(name, limits) for name, kind, limits in SETTINGS if {int, float} & {kind, *get_args(kind)}]
    assert [name for name, limits in numbers if limits is ANY] == ["data.size"]  # which has rules of its own


def test_what_went_wrong_once() -> None:
    for make, message in (
        (lambda: LossConfig(cycle="a"), r"loss.cycle: found 'a', must be a finite number, 0 or more"),
        (lambda: LossConfig(cycle=-1), r"loss.cycle: found -1, must be 0 or more"),
        (lambda: RunConfig(seed="x"), r"^seed: found 'x', must be a whole number, from 0 to 2\^63 - 1"),
        (lambda: RunConfig(seed=2**63), r"^seed: found 9223372036854775808"),
        (lambda: RunConfig(loss={"cycle": 1}), r"^loss: found {'cycle': 1}, must be settings of the class LossConfig"),
        (lambda: AugmentConfig(erase_area=(0.4, 0.02)), r"augment.erase_area: found \(0.4, 0.02\), must be ascending"),
    ):
        with pytest.raises(ConfigError, match=message):
            make()
    for values in ([], "x", None, 3):
        with pytest.raises(ConfigError, match="must be a mapping of settings"):
            from_dict(values)
    with pytest.raises(ConfigError, match=r"^loss: found 3, must be a mapping"):
        from_dict({"loss": 3})
    with pytest.raises(ConfigError, match=r"^5: no such setting"):
        from_dict({5: 3})
    with pytest.raises(
        ConfigError, match=r"^teacher.backbone.layers: found \[1\], must be 4 whole numbers, at least 1 each"
    ):
        from_dict({"teacher": {"backbone": {"layers": [1]}}})


def test_numbers_of_other_kinds_become_plain_ones() -> None:
    config = RunConfig(
        seed=np.int64(3), alpha=1, loss=LossConfig(cycle=np.float32(0.5)), data=DataConfig(root=Path("a/b"))
    )
    assert [type(one) for one in (config.seed, config.alpha, config.loss.cycle, config.data.root)] == [
        int,
        float,
        float,
        str,
    ]
    assert (config.seed, config.alpha, config.loss.cycle, config.data.root) == (3, 1.0, 0.5, "a/b")
    assert ScheduleConfig(milestones=[3, 5]).milestones == (3, 5)
    assert type(NetworkConfig(prim_dropout=0).prim_dropout) is float


def forbidding(question: str) -> set[str]:
    return {name for name, role in roles() if not getattr(role, question)}


def test_roles_cover_every_setting_and_say_what_four_lists_said() -> None:
    assert [name for name, _ in roles()] == NAMES
    every = {"log_every", "sample_every", "checkpoint_every", "evaluate_every", "keep_checkpoints"}
    running = {*every, "preset", "device", "execution", "data.store", "teacher.min_accuracy"}
    places = {"data.root", "data.cache", "teacher.weights"}
    weights = {"network.backbone.weights", "teacher.backbone.weights"}
    sources = {"start", "data.also", "adapt.source"}
    assert set(NAMES) - forbidding("resume") == {*running, *places, *weights, *sources}
    assert set(NAMES) - forbidding("repeat") == {*running, *places, "seed"}
    dropouts = {"network.prim_dropout", "network.fine_dropout"}
    networks = {name for name in NAMES if name.startswith("network.")}
    assert networks - forbidding("fit") == {*dropouts, "network.backbone.weights", "network.backbone.mixstyle"}
    assert {name for name, role in roles() if role.local} == {*places, *weights, *sources}


def test_differing_names_what_forbids_it() -> None:
    one = RunConfig()
    other = replace(one, seed=1, device="cpu", loss=LossConfig(cycle=1.0), data=DataConfig(root="elsewhere"))
    assert differing(one, other, "resume") == {"seed": (0, 1), "loss.cycle": (2.0, 1.0)}
    assert differing(one, other, "repeat") == {"loss.cycle": (2.0, 1.0)}
    assert differing(one, one, "resume") == {}


def test_settings_that_travel_have_no_place_of_this_machine_in_them() -> None:
    secret = "/home/someone"
    backbone = BackboneConfig(weights=secret)
    config = RunConfig(
        start=secret,
        seed=5,
        data=DataConfig(root=secret, cache=secret, also=(f"dukemtmc={secret}",)),
        network=NetworkConfig(backbone=backbone),
        teacher=TeacherConfig(weights=secret, backbone=backbone),
    )
    travelling = without_local(config)
    assert secret not in str(travelling)
    assert travelling == RunConfig(seed=5)
