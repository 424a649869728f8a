"""The named experiments: data sets, sizes and ablations, each a plain function.

A preset is named `DATA[+MODIFIER...]`: `market1501+small+no_feed` is the small network on Market-1501 without online
feeding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dgnet.config.data import DataConfig
from dgnet.config.errors import ConfigError, nearest
from dgnet.config.loss import LabelStrategy
from dgnet.config.network import BackboneConfig, NetworkConfig
from dgnet.config.optim import OptimConfig
from dgnet.config.run import RunConfig


def market1501() -> RunConfig:
    """Market-1501 as published: 100 000 steps of 16 anchors and 16 partners at 256 x 128."""
    return RunConfig(preset="market1501", data=DataConfig(name="market1501"))


def dukemtmc() -> RunConfig:
    """DukeMTMC-reID, as Market-1501 (withdrawn by its authors: for those who hold a copy)."""
    return replace(market1501(), preset="dukemtmc", data=DataConfig(name="dukemtmc"))


def msmt17() -> RunConfig:
    """MSMT17: one and a half times as long."""
    return replace(market1501(), preset="msmt17", data=DataConfig(name="msmt17")).scaled(150_000)


def cuhk03np() -> RunConfig:
    """CUHK03-NP, as Market-1501."""
    return replace(market1501(), preset="cuhk03np", data=DataConfig(name="cuhk03np"))


def mannequin() -> RunConfig:
    """The bundled synthetic people at 64 x 32 with the small network: minutes on two CPU cores."""
    return small(replace(market1501(), preset="mannequin", data=DataConfig(name="mannequin")))


def folder() -> RunConfig:
    """Your own crops, a folder for each identity; some identities are held out for testing."""
    return replace(market1501(), preset="folder", data=DataConfig(name="folder"))


def manifest() -> RunConfig:
    """Your own crops, listed in a CSV or Parquet file with the columns path, pid, camid, split."""
    return replace(market1501(), preset="manifest", data=DataConfig(name="manifest"))


def small(config: RunConfig) -> RunConfig:
    """Fewer channels and 64 x 32 images, trained from scratch: for a CPU, and for the bundled model.

    An E_a that starts from nothing pulls ten times as hard on a drawn pixel through its cross-entropy as the image
    terms do, so that term weighs a tenth of the published weight here, and the code term twice; both ramps and it
    start early, since E_a knows somebody by then. E_s hands its grey image on, so that all but the clothes is sharp;
    it sees people relit and redressed, so that clothes come from the appearance code: redrawing takes the place of
    the cycle. Codes are taken as they will be in use. Muon draws as well after a third of the steps Adam needs
    (docs/log/).
    """
    backbone = BackboneConfig(bottleneck=False, layers=(1, 1, 1, 1), width=32, stem="small", last_stride=2)
    network = NetworkConfig(
        structure_width=8,
        detail=True,
        dilations=(1, 2, 3),
        mlp_width=128,
        discriminator_width=16,
        feature_dim=128,
        prim_dropout=0.2,
        fine_dropout=0.2,
        backbone=backbone,
    )
    resized = replace(
        config,
        batch_size=4,
        data=replace(config.data, size=(64, 32)),
        network=network,
        augment=replace(config.augment, pad=3, relight=1.0),
        optim=OptimConfig(
            generator_lr=1e-3,
            muon_lr=0.02,
            discriminator_lr=4e-4,
            betas=(0.5, 0.999),
            backbone_lr=0.0125,
            head_lr=0.0125,
            ema=0.99,
        ),
        loss=replace(
            config.loss, r1_every=8, id_generated=0.05, code_a=2.0, cycle=0.0, redrawn=10.0, running_codes=True
        ),
        teacher=replace(
            config.teacher, backbone=backbone, batch_size=16, backbone_lr=0.05, head_lr=0.05, min_accuracy=0.2
        ),
        sample_every=200,
        checkpoint_every=200,
    )
    steps = resized.schedule.steps  # of parts of it, so that a small configuration stays what it is
    from_scratch = replace(
        resized.schedule, warmup=steps // 20, decay="cosine", ramp_start=steps // 10, id_generated_start=steps // 10
    )
    return replace(resized, schedule=from_scratch).scaled(1_000)


def full(config: RunConfig) -> RunConfig:
    """The published network sizes at 256 x 128 and the published schedule, on the same data."""
    base = market1501()
    return replace(base, preset=config.preset, data=replace(base.data, name=config.data.name, root=config.data.root))


def baseline(config: RunConfig) -> RunConfig:
    """Ablation: the Baseline alone, no generator."""
    return replace(config, joint=False)


def no_feed(config: RunConfig) -> RunConfig:
    """Ablation: generated images are not fed back to the re-id model (no L_prim, no L_fine)."""
    return replace(config, loss=replace(config.loss, prim=0.0, fine=0.0))


def no_id(config: RunConfig) -> RunConfig:
    """Ablation: no online feeding, and no identity supervision of generated images either."""
    return replace(config, loss=replace(config.loss, prim=0.0, fine=0.0, id_generated=0.0))


def ibn(config: RunConfig) -> RunConfig:
    """E_a's ResNet becomes ResNet-IBN-a; the teacher's stays as it is."""
    backbone = replace(config.network.backbone, ibn=True)
    return replace(config, network=replace(config.network, backbone=backbone))


def _with_labels(labels: LabelStrategy) -> Callable[[RunConfig], RunConfig]:
    def modify(config: RunConfig) -> RunConfig:
        return replace(config, loss=replace(config.loss, labels=labels))

    modify.__doc__ = f"Ablation: generated images are labelled by {labels!r}."
    return modify


DATA_PRESETS: dict[str, Callable[[], RunConfig]] = {
    maker.__name__: maker for maker in (mannequin, market1501, dukemtmc, msmt17, cuhk03np, folder, manifest)
}
MODIFIERS: dict[str, Callable[[RunConfig], RunConfig]] = {
    "small": small,
    "full": full,
    "baseline": baseline,
    "no_feed": no_feed,
    "no_id": no_id,
    "ibn": ibn,
    "pseudo": _with_labels("pseudo"),
    "appearance": _with_labels("appearance"),
    "lsro": _with_labels("lsro"),
    "two_label": _with_labels("two_label"),
}


def preset(name: str) -> RunConfig:
    """The configuration named `DATA[+MODIFIER...]`; a modifier alone modifies `mannequin`.

    Raises:
        ConfigError: naming the part that does not exist, and the nearest that does.
    """
    first, *rest = name.split("+")
    if first in MODIFIERS:
        first, rest = "mannequin", [first, *rest]
    if first not in DATA_PRESETS:
        raise ConfigError(f"preset {name!r}: no data preset {first!r}{nearest(first, [*DATA_PRESETS, *MODIFIERS])}")
    config = DATA_PRESETS[first]()
    for modifier in rest:
        if modifier not in MODIFIERS:
            raise ConfigError(f"preset {name!r}: no modifier {modifier!r}{nearest(modifier, list(MODIFIERS))}")
        config = MODIFIERS[modifier](config)
    return replace(config, preset=name)
