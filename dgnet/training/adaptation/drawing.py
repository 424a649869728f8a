"""The generator's part of adaptation: its networks, its batches from two domains, and its state."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from dgnet.config import OptimConfig, RunConfig
from dgnet.data.batches.relight import NUM_RELIGHT_DRAWS, relight
from dgnet.data.batches.streams import Stream, coin, draw
from dgnet.models.appearance import AppearanceEncoder
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.training.adaptation.draw_step import Artists, DrawBatch, draw_step
from dgnet.training.adaptation.memory import Memory
from dgnet.training.feed import Feed
from dgnet.training.joint import drawing_parts
from dgnet.training.optim.optimizers import Optimizers, average_into, build_optimizers
from dgnet.training.session import Context


@dataclass(frozen=True)
class Generator:
    """What a run gives to adaptation with the generator.

    Args:
        model: the start, on its device; E_s and G are copied.
        discriminator: D, on the same device.
        source: batches of labelled people, `num_drawn` anchors each; None: the target's people alone.
        show: draws a sample sheet; called with a model in eval mode and the number of steps taken.
    """

    model: DGNet
    discriminator: Discriminator
    source: Feed | None
    show: Callable[[DGNet, int], None]


class Drawing:
    """E_s, G and D while they learn, the running averages of E_s and G, and those of the epoch that is kept."""

    def __init__(
        self,
        given: Generator,
        student: AppearanceEncoder,
        mean: AppearanceEncoder,
        kept: AppearanceEncoder,
        context: Context,
    ) -> None:
        self.given, self.context, config = given, context, context.config
        self.model = with_encoder(given.model, student)
        drawing_parts(self.model).requires_grad_(True).train()
        self.average, self.kept = (with_encoder(given.model, encoder).eval() for encoder in (mean, kept))
        for one in (self.average, self.kept):
            drawing_parts(one).requires_grad_(False)
        self.discriminator = given.discriminator.train()
        self.optimizers: Optimizers = build_optimizers(
            self.model, self.discriminator, rates_of(config), config.precision
        )
        self.artists = Artists(self.model, self.discriminator, mean, config.alpha)

    def modules(self) -> dict[str, nn.Module]:
        """What checkpoints hold of it."""
        return {
            "drawing": drawing_parts(self.model),
            "average": drawing_parts(self.average),
            "kept_drawing": drawing_parts(self.kept),
            "discriminator": self.discriminator,
        }

    def keep(self) -> None:
        """Keep the running averages as they are now."""
        drawing_parts(self.kept).load_state_dict(drawing_parts(self.average).state_dict())

    def show(self, done: int) -> None:
        """Draw a sample sheet with the running averages."""
        self.given.show(self.average, done)

    def take(self, step: int, x: Tensor, cluster: Tensor, memory: Memory) -> tuple[list[tuple[str, Tensor]], Tensor]:
        """Take a step. Returns its terms, and images in clothes of the target.

        Args:
            x: the target's images of this step, cluster by cluster, `adapt.num_images` of each.
            cluster: the cluster of each.
        """
        config, settings = self.context.config, self.context.config.adapt
        weights = settings.drawing.at(step, settings.steps)
        terms, drawn = draw_step(
            self.artists,
            self.optimizers,
            self._batch(step, x, cluster),
            memory,
            weights,
            penalise=step % weights.r1_every == 0,
            structure_alone=coin(config.seed, step),
            autocast=self.context.autocast,
        )
        average, current = (list(drawing_parts(one).parameters()) for one in (self.average, self.model))
        average_into(average, current, settings.ema)
        return terms, drawn

    def _batch(self, step: int, x: Tensor, cluster: Tensor) -> DrawBatch:
        """Of some clusters the first image with the second as its partner, then the source's pairs."""
        config, world, each = self.context.config, self.context.world, self.context.config.adapt.num_images
        number = each * num_drawn(config, alone=self.given.source is None)
        x, x_partner, cluster = x[:number:each], x[1:number:each], cluster[:number:each]
        domains = 1
        if self.given.source:
            pairs = self.given.source.batch(step)
            x, x_partner = torch.cat([x, pairs.x]), torch.cat([x_partner, pairs.x_partner])
            domains = 2
        x_relit = x
        if config.augment.relight:
            shape = (domains, len(cluster), NUM_RELIGHT_DRAWS)
            draws = draw(config.seed, step, Stream.RELIGHT, shape, world.rank, world.size)
            x_relit = relight(x, draws, config.augment.relight)
        return DrawBatch(x, x_partner, x_relit, cluster)


def num_drawn(config: RunConfig, *, alone: bool) -> int:
    """How many of a step's clusters take part in drawing: half of a doubled batch, or all of it for a target alone."""
    return min(config.adapt.num_ids, (2 if alone else 1) * config.batch_size)


def with_encoder(model: DGNet, encoder: AppearanceEncoder) -> DGNet:
    """A copy of a model, with this E_a in place of its own."""
    twin = copy.deepcopy(model)
    twin.appearance_encoder = encoder
    return twin


def rates_of(config: RunConfig) -> OptimConfig:
    """The optimisers' settings: those of the run, with the learning rates of adaptation."""
    settings = config.adapt
    return replace(
        config.optim,
        backbone_lr=settings.backbone_lr,
        head_lr=settings.head_lr,
        generator_lr=settings.drawing.generator_lr,
        muon_lr=settings.drawing.muon_lr,
        discriminator_lr=settings.drawing.discriminator_lr,
    )
