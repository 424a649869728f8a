"""Joint training in a run: making the networks, drawing samples, and keeping the best model."""

from __future__ import annotations

import torch

from dgnet.config import FROM_TEACHER
from dgnet.data.batches.streams import MORE_REAL_SEED
from dgnet.experiment.evaluation.present import showcase
from dgnet.experiment.training.best import keep_best
from dgnet.experiment.training.run import Run
from dgnet.experiment.training.start import draw_on_from, has_other_encoder, train_on_from
from dgnet.files.pictures import save_picture
from dgnet.generation.grid import swap_sheet
from dgnet.generation.swap import swap_matrix
from dgnet.models.appearance import Teacher
from dgnet.models.backbones.choice import start_from
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.models.layers.units import place
from dgnet.models.weights.ours import LoadedModel
from dgnet.training.batch import Networks
from dgnet.training.checkpoint import latest_checkpoint
from dgnet.training.joint import train_joint
from dgnet.training.true_swap_feed import TrueSwapFeed


def train_model(run: Run, teacher: Teacher, start: LoadedModel[DGNet] | None = None) -> DGNet:
    """Joint training, from the weights of `start` or, where that is None, from new networks; returns the last model.

    Where `start` has another E_a than this run, or E_a begins as T (`network.backbone.weights`), only E_s and G begin
    with it.

    During training, sample sheets of swaps between test people are written to `samples/`.
    """
    config, data = run.config, run.data
    torch.manual_seed(config.seed)
    model = place(DGNet(config.network, data.num_classes), run.device)
    discriminator = place(Discriminator(config.network), run.device)
    if latest_checkpoint(run.folder.checkpoints) is None:  # else all of it is restored from there
        _begin(model, run, teacher, start)
    networks = Networks(model, discriminator, teacher)
    givers, wearers = showcase(data, 6)

    def sample(current: DGNet, step: int) -> None:
        sheet = swap_sheet(givers, wearers, swap_matrix(current, givers, wearers))
        save_picture(run.folder.sample(step), sheet, zoom=max(1, 128 // config.data.size[0]))

    def measure(current: DGNet, step: int) -> float:
        return keep_best(run, current, step, start)

    anchors, context = 2 * config.batch_size, run.context(run.folder.checkpoints)
    synthetic = run.synthetic_feed(config.data.num_synthetic(anchors))
    feed = run.feed(anchors)
    true_swaps = TrueSwapFeed(data.true_swaps, feed) if data.true_swaps else None
    more_real = run.feed(config.more_real, MORE_REAL_SEED) if config.more_real else None
    return train_joint(networks, feed, context, sample, measure, synthetic, true_swaps, more_real)


def _begin(model: DGNet, run: Run, teacher: Teacher, start: LoadedModel[DGNet] | None) -> None:
    """Give a new model the weights that it starts from."""
    config, data = run.config, run.data
    start_from(model.appearance_encoder.backbone, config.network.backbone, teacher.backbone)
    from_teacher = config.network.backbone.weights == FROM_TEACHER
    if from_teacher:
        model.appearance_encoder.start_heads_from(teacher.head)
    if start is not None and (from_teacher or has_other_encoder(start, config)):
        draw_on_from(start, model, data.train, config.seed)
        run.world.broadcast([model])
    elif start is not None:
        train_on_from(start, model, data.people)
