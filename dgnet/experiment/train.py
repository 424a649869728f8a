"""`dgnet train`: the teacher, joint training, evaluation and the report, in one go."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from pathlib import Path

import torch

from dgnet.config import BackboneConfig, RunConfig
from dgnet.data.store.memory import keep_freed_memory
from dgnet.experiment.best import keep_best
from dgnet.experiment.evaluate_run import MODEL, TEACHER, evaluate_run
from dgnet.experiment.present import showcase
from dgnet.experiment.setup import ExperimentData, check_backbones, open_data, pick_device, prepare_folder
from dgnet.experiment.start import find_start, train_on_from
from dgnet.files.outputs import check_output_folder
from dgnet.files.pictures import save_picture
from dgnet.generation.grid import swap_sheet
from dgnet.generation.swap import swap_matrix
from dgnet.models.appearance import Teacher
from dgnet.models.backbones.choice import start_from
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.models.layers.units import place
from dgnet.models.weights.ours import load_teacher, save_model, save_teacher
from dgnet.training.distributed import World, joined
from dgnet.training.feed import Feed
from dgnet.training.joint import train_joint
from dgnet.training.step import Networks
from dgnet.training.teacher import check_teacher, train_teacher

logger = logging.getLogger(__name__)


def train(config: RunConfig, out: Path, *, resume: bool = False) -> Path | None:
    """Run an experiment from its start, or from where it stopped, to its report.

    Under torchrun all processes train together; the first alone writes files, and measures.

    Args:
        config: everything about it.
        out: its folder: `config.yaml`, `log.jsonl`, `teacher.safetensors`, `checkpoints/`, `samples/`,
            `model.safetensors`, `results.json`, `tables/` and `report.html` (and `best.safetensors`, see `keep_best`).
        resume: continue the run that lies there, if one does.

    Returns:
        The report's path; in every process but the first, None.
    """
    check_output_folder(out, "--out")
    keep_freed_memory()
    with joined() as world:
        device = world.own(pick_device(config.device))
        check_backbones(config)
        start = find_start(config)  # before the teacher's hours
        autocast = torch.autocast(device.type, dtype=torch.bfloat16, enabled=config.precision == "bf16")
        with world.one_first():
            data = open_data(config)
        if world.leads:
            prepare_folder(out, config, resume or world.restarted)
        world.wait()

        teacher = obtain_teacher(config, data, out, device, autocast, world)
        training = config.joint and not (out / MODEL).exists()
        world.wait()  # until all have looked: the first will write that file
        if training:
            model = train_model(config, data, teacher, out, device, autocast, world, start)
            if world.leads:
                card = {"trained on": data.dataset.trained_on, "preset": config.preset}
                save_model(out / MODEL, model, config, card=card)
    return evaluate_run(config, data, out, out, device).page if world.leads else None


def obtain_teacher(
    config: RunConfig,
    data: ExperimentData,
    out: Path,
    device: torch.device,
    autocast: torch.autocast,
    world: World,
) -> Teacher:
    """The run's own teacher, the one it was told to use, or a new one trained now; always through the gate.

    One from a file has the architecture that its file says, whatever `teacher.backbone` is.
    """
    feed = open_feed(config, data, config.teacher.batch_size, device, world)
    path = out / TEACHER
    given = Path(config.teacher.weights) if config.teacher.weights else path
    backbone = config.teacher.backbone
    if given.exists() or config.teacher.weights:
        loaded = load_teacher(given)
        teacher, name, backbone = place(loaded.model, device), str(given), loaded.config.teacher.backbone
        tell_difference(name, backbone, config.teacher.backbone)
    else:
        torch.manual_seed(config.seed)
        teacher = Teacher(backbone, config.network.feature_dim, data.num_classes)
        start_from(teacher.backbone, backbone)
        teacher = place(teacher, device)
        train_teacher(teacher, feed, config, out, autocast, world)
        name = "the teacher just trained"
    accuracy = check_teacher(teacher, feed, data.num_classes, config.teacher.min_accuracy, name)
    logger.info("%s recognises %.1f%% of its training images", name, 100 * accuracy)
    if world.leads and not path.exists():
        made = replace(config, teacher=replace(config.teacher, backbone=backbone))
        save_teacher(path, teacher, made, card={"trained on": data.dataset.trained_on, "preset": config.preset})
    return teacher


def tell_difference(name: str, found: BackboneConfig, asked: BackboneConfig) -> None:
    """Log where a given teacher's backbone is another than the settings say: the run's `config.yaml` keeps those."""
    pairs = zip(asdict(found).items(), asdict(asked).values(), strict=True)
    other = [f"{key} {there!r}, not {here!r}" for (key, there), here in pairs if there != here and key != "weights"]
    if other:
        logger.info("%s: its own backbone is used (teacher.backbone: %s)", name, "; ".join(other))


def open_feed(config: RunConfig, data: ExperimentData, batch_size: int, device: torch.device, world: World) -> Feed:
    """This process's batches of the training images."""
    return Feed(
        data.train,
        data.labels,
        data.camids,
        batch_size,
        config.augment,
        config.seed,
        device,
        rank=world.rank,
        world_size=world.size,
    )


def train_model(
    config: RunConfig,
    data: ExperimentData,
    teacher: Teacher,
    out: Path,
    device: torch.device,
    autocast: torch.autocast,
    world: World,
    start: DGNet | None = None,
) -> DGNet:
    """Joint training, from random weights or from `start`'s.

    A sample sheet of test people swapping clothes is drawn into `samples/` as it goes.
    """
    torch.manual_seed(config.seed)
    model = DGNet(config.network, data.num_classes)
    start_from(model.appearance_encoder.backbone, config.network.backbone, teacher.backbone)
    if start is not None:
        train_on_from(start, model)
    model = place(model, device)
    discriminator = place(Discriminator(config.network), device)
    feed = open_feed(config, data, 2 * config.batch_size, device, world)
    givers, wearers = showcase(data, 6)

    def sample(current: DGNet, step: int) -> None:
        sheet = swap_sheet(givers, wearers, swap_matrix(current, givers, wearers))
        save_picture(out / "samples" / f"{step:07d}.jpg", sheet, zoom=max(1, 128 // config.data.size[0]))

    def measure(current: DGNet, step: int) -> float:
        return keep_best(out, current, step, config, data, device)

    return train_joint(Networks(model, discriminator, teacher), feed, config, out, autocast, sample, measure, world)
