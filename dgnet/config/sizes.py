"""The named sizes of networks and images, with the training settings that suit each: one function per size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from dgnet.config.network import FROM_TEACHER, IMAGENET, BackboneConfig, NetworkConfig
from dgnet.config.optim import OptimConfig
from dgnet.config.run import RunConfig


def full(config: RunConfig) -> RunConfig:
    """The published network at 256 x 128 and the published schedule; the size of all data but mannequin."""
    return config


def small(config: RunConfig) -> RunConfig:
    """Fewer channels and 64 x 32 images, trained from scratch: for a CPU, and for the model `bundled-small`.

    Trained from random weights, E_a pulls on generated pixels through L_id^c ten times as hard as the image terms do.
    So L_id^c has a tenth of its published weight here, and L_recon^code1 twice its own. L_id^c and the ramps start
    after a tenth of the steps, when E_a recognises some people. E_s passes its grey image on to G (`detail`), so that
    all but the clothes is sharp. It sees people relit and redressed, so that G takes clothes from the appearance code;
    this replaces the cycle term. E_a computes codes with its running statistics, as after training. With Muon, images
    are as good after a third of the steps that Adam needs (docs/log/).
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
            config.loss, r1_every=8, id_generated=0.05, code_a=2.0, cycle=0.0, redressed=10.0, running_codes=True
        ),
        teacher=replace(
            config.teacher, backbone=backbone, batch_size=16, backbone_lr=0.05, head_lr=0.05, min_accuracy=0.2
        ),
        sample_every=200,
        checkpoint_every=200,
    )
    steps = resized.schedule.steps
    from_scratch = replace(
        resized.schedule, warmup=steps // 20, decay="cosine", ramp_start=steps // 10, id_generated_start=steps // 10
    )
    return replace(resized, schedule=from_scratch).scaled(1_000)


def medium(config: RunConfig) -> RunConfig:
    """MobileNetV2 from ImageNet weights and 128 x 64 images: for two CPU cores and some hours.

    E_s, G and D learn as in `small`. E_a begins as T, with T's pooling and head, and goes on at a low rate, so that
    what ImageNet taught it is not forgotten for the people it is trained on. It sees as many real images per step as T
    does, twice those that E_s and G see, and the few generated ones by its running statistics: its norms and its SGD
    are too noisy in batches of eight people, and it forgets what T knew (docs/log/).
    """
    light = small(config)
    backbone = BackboneConfig(kind="mobilenet_v2", weights=IMAGENET)
    network = replace(
        light.network,
        dilations=(2, 4, 6),
        feature_dim=512,
        pool="mean",
        backbone=replace(backbone, weights=FROM_TEACHER),
    )
    resized = replace(
        light,
        data=replace(light.data, size=(128, 64)),
        network=network,
        augment=replace(light.augment, pad=5),
        more_real=16,
        loss=replace(light.loss, train_bn=False),
        optim=replace(light.optim, backbone_lr=0.0005, head_lr=0.0025),
        teacher=replace(
            light.teacher,
            backbone=backbone,
            batch_size=32,
            backbone_lr=0.004,
            head_lr=0.02,
        ),
    )
    return resized.scaled(4_000)


# To add a size, write a function that turns a data set's settings at the published size into its own; list it here.
SIZES: Final[dict[str, Callable[[RunConfig], RunConfig]]] = {"small": small, "medium": medium, "full": full}
