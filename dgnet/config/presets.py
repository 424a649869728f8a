"""The named experiments: data sets, sizes, backbones and ablations, each a plain function.

A preset is named `DATA[+MODIFIER...]`: `market1501+small+no_feed` is the small network on Market-1501 without online
feeding. Whatever the order of the words, they are applied in this one: first the data and its schedule, then the size,
then the backbone, then the ablations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Final, get_args

from dgnet.config.data import DataConfig
from dgnet.config.errors import ConfigError, nearest, require
from dgnet.config.loss import LabelStrategy, LossConfig
from dgnet.config.network import FROM_TEACHER
from dgnet.config.run import RunConfig
from dgnet.config.sizes import SIZES

Modifier = Callable[[RunConfig], RunConfig]


def market1501() -> RunConfig:
    """Market-1501 as published: 100 000 steps of 16 anchors and 16 partners at 256 x 128."""
    return RunConfig(preset="market1501", data=DataConfig(name="market1501"))


def dukemtmc() -> RunConfig:
    """DukeMTMC-reID, as Market-1501 (withdrawn by its authors: for those who hold a copy)."""
    return replace(market1501(), preset="dukemtmc", data=DataConfig(name="dukemtmc"))


def msmt17() -> RunConfig:
    """MSMT17, as Market-1501 with one and a half times as many steps."""
    return replace(market1501(), preset="msmt17", data=DataConfig(name="msmt17")).scaled(150_000)


def cuhk03np() -> RunConfig:
    """CUHK03-NP, as Market-1501."""
    return replace(market1501(), preset="cuhk03np", data=DataConfig(name="cuhk03np"))


def mannequin() -> RunConfig:
    """The bundled synthetic people at 64 x 32 with the small network: minutes on two CPU cores."""
    return replace(market1501(), preset="mannequin", data=DataConfig(name="mannequin"))


def folder() -> RunConfig:
    """Your own crops, one folder per identity; some identities are held out for testing."""
    return replace(market1501(), preset="folder", data=DataConfig(name="folder"))


def manifest() -> RunConfig:
    """Your own crops, listed in a CSV or Parquet file with the columns path, pid, camid, split."""
    return replace(market1501(), preset="manifest", data=DataConfig(name="manifest"))


def baseline(config: RunConfig) -> RunConfig:
    """Ablation: only the Baseline (the teacher T) is trained, without a generator."""
    return replace(config, joint=False)


def no_feed(config: RunConfig) -> RunConfig:
    """Ablation: generated images are not fed back to the re-id model (no L_prim, no L_fine)."""
    return replace(config, loss=replace(config.loss, prim=0.0, fine=0.0))


def no_id(config: RunConfig) -> RunConfig:
    """Ablation: no online feeding, and no identity supervision of generated images either."""
    return replace(config, loss=replace(config.loss, prim=0.0, fine=0.0, id_generated=0.0))


def draw(config: RunConfig) -> RunConfig:
    """Only E_s, G and D learn, by the codes of an E_a that stays as the T it begins as: to draw people whom T knows.

    All terms weigh from the first step, L_id^c 0.2 at least: unlike an E_a that learns beside G, this one can judge.
    """
    loss, network = config.loss, config.network
    return replace(
        config,
        loss=replace(
            loss, id_real=0.0, prim=0.0, fine=0.0, id_generated=max(loss.id_generated, 0.2), running_codes=True
        ),
        optim=replace(config.optim, backbone_lr=0.0, head_lr=0.0),
        schedule=replace(config.schedule, ramp_start=0, id_generated_start=0),
        network=replace(network, pool="mean", backbone=replace(network.backbone, weights=FROM_TEACHER)),
    )


def feed(config: RunConfig) -> RunConfig:
    """Only E_a learns, fed from the first step with what E_s and G of `start` draw, which stay as they begin."""
    of_pairs = replace(config.loss, image=0.0, partner_image=0.0, adversarial=0.0, code_a=0.0, code_s=0.0)
    return replace(
        config,
        loss=replace(of_pairs, cycle=0.0, redressed=0.0, id_generated=0.0),
        schedule=replace(config.schedule, ramp_start=0),
    )


def ibn(config: RunConfig) -> RunConfig:
    """E_a's ResNet becomes ResNet-IBN-a; the teacher's stays as it is."""
    backbone = replace(config.network.backbone, ibn=True)
    return replace(config, network=replace(config.network, backbone=backbone))


def _with_labels(labels: LabelStrategy) -> Modifier:
    def modify(config: RunConfig) -> RunConfig:
        return replace(config, loss=replace(config.loss, labels=labels))

    modify.__doc__ = f"Ablation: generated images are labelled by {labels!r}."
    return modify


DATA_PRESETS: dict[str, Callable[[], RunConfig]] = {
    maker.__name__: maker for maker in (mannequin, market1501, dukemtmc, msmt17, cuhk03np, folder, manifest)
}
OWN_SIZE: Final = {"mannequin": "small"}  # the size of a data preset where none is named; of all others it is `full`
BACKBONES: Final[dict[str, Modifier]] = {"ibn": ibn}
LABELS: Final[dict[str, Modifier]] = {
    labels: _with_labels(labels) for labels in get_args(LabelStrategy) if labels != LossConfig().labels
}
# No two that may be combined set one setting to different values, so their order does not matter.
ABLATIONS: Final[dict[str, Modifier]] = {
    "baseline": baseline,
    "no_feed": no_feed,
    "no_id": no_id,
    "draw": draw,
    "feed": feed,
    **LABELS,
}
JUDGED: Final = ("no_id", "draw", "feed")  # each sets how much E_a's judgement of x_ij weighs, so one alone is named
FED: Final = ("no_feed", "feed")
MODIFIERS: Final[dict[str, Modifier]] = {**SIZES, **BACKBONES, **ABLATIONS}


def preset(name: str) -> RunConfig:
    """The configuration named `DATA[+MODIFIER...]`, its words in any order; without DATA it is `mannequin`'s.

    Raises:
        ConfigError: naming the word that does not exist and the nearest that does, or two words that answer the same
            question differently, such as two sizes.
    """
    require(isinstance(name, str), "preset", name, "a name, DATA[+MODIFIER...]")
    words = name.split("+")
    for place, word in enumerate(words):
        if word not in DATA_PRESETS and word not in MODIFIERS:
            what = "modifier" if place else "data preset"
            raise ConfigError(f"preset {name!r}: no {what} {word!r}{nearest(word, [*DATA_PRESETS, *MODIFIERS])}")
    data = _one_of(name, words, DATA_PRESETS, "data sets; --also trains on several") or "mannequin"
    size = _one_of(name, words, SIZES, "sizes") or OWN_SIZE.get(data, "full")
    _one_of(name, words, LABELS, "label strategies")
    _one_of(name, words, JUDGED, "weights of L_id^c")
    _one_of(name, words, FED, "answers to whether E_a is fed")
    config = _sized(data, size)
    if "ibn" in words and config.network.backbone.kind != "resnet":
        raise ConfigError(
            f"preset {name!r}: ibn is for ResNets, and {size} has {config.network.backbone.kind}; name one"
        )
    for modifiers in (BACKBONES, ABLATIONS):
        for word, modify in modifiers.items():
            config = modify(config) if word in words else config
    return replace(config, preset=name)


@cache
def _sized(data: str, size: str) -> RunConfig:
    return SIZES[size](DATA_PRESETS[data]())


def _one_of(name: str, words: list[str], known: Iterable[str], what: str) -> str:
    """The word of a preset's name that is in `known`, or "". Raises ConfigError where there are two."""
    found = [word for word in known if word in words]
    if len(found) > 1:
        raise ConfigError(f"preset {name!r}: {' and '.join(found)} are two {what}; name one")
    return found[0] if found else ""
