"""Joint training: its state, what one step does, and what is shown, measured and drawn during training."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from torch import Tensor, nn

from dgnet.data.batches.streams import coin
from dgnet.models.dgnet import DGNet
from dgnet.training.batch import Networks
from dgnet.training.execution.choice import steps_of
from dgnet.training.feed import Feed
from dgnet.training.optim.optimizers import average_into, build_optimizers, numbers_of
from dgnet.training.optim.schedules import lr_factor, ramped_weights
from dgnet.training.session import Context, NamedTerms, Regular, Session
from dgnet.training.synthetic_feed import SyntheticFeed
from dgnet.training.true_swap_feed import TrueSwapFeed

SHOWN = {  # name on the progress bar: term
    "image": "image",
    "id": "id_real",
    "swap id": "id_generated",
    "prim": "prim",
    "true swap": "true_swap",
}


def averaged(model: DGNet, appearance: bool) -> DGNet:
    """A copy of the model, for the running averages of its weights; without `appearance` it shares the model's E_a."""
    twin = copy.deepcopy(model)
    if not appearance:
        twin.appearance_encoder = model.appearance_encoder
    return twin.requires_grad_(True)


def drawing_parts(model: DGNet) -> nn.ModuleDict:
    """E_s and G, by name."""
    return nn.ModuleDict({"structure_encoder": model.structure_encoder, "decoder": model.decoder})


@contextmanager
def at_rest(model: nn.Module) -> Iterator[None]:
    """Put `model` in eval mode inside the context, and in training mode afterwards."""
    model.eval()
    try:
        yield
    finally:
        model.train()


def train_joint(
    networks: Networks,
    feed: Feed,
    context: Context,
    sample: Callable[[DGNet, int], None],
    measure: Callable[[DGNet, int], float],
    synthetic: SyntheticFeed | None = None,
    true_swaps: TrueSwapFeed | None = None,
    more_real: Feed | None = None,
) -> DGNet:
    """Train all networks but T, from the newest checkpoint or from the start.

    Args:
        networks: on their device; `model` is changed in place.
        feed: this process's batches of `2 * config.batch_size` anchors.
        context: of the run.
        sample: draws example images; called every `config.sample_every` steps with the averaged model in eval mode and
            the number of steps taken.
        measure: returns the mAP; called every `config.evaluate_every` steps with the same arguments.
        synthetic: images with soft labels that E_a learns from too; None where there are none.
        true_swaps: pairs with the images that their swaps must give; None where none are learnt from.
        more_real: batches of `config.more_real` images that E_a alone sees; None where that is 0.

    Returns:
        The model that is kept, in eval mode: the running averages of E_s and G, and E_a or, with
        `config.optim.appearance_ema`, its running average.

    Raises:
        What `Session` and its `run` raise.
    """
    config, autocast, world = context.config, context.autocast, context.world
    model, schedule = networks.model, config.schedule
    optimizers = build_optimizers(model, networks.discriminator, config.optim, config.precision)
    appearance_ema = config.optim.appearance_ema
    kept = averaged(model, appearance_ema > 0)
    modules = {"model": model, "discriminator": networks.discriminator, "average": drawing_parts(kept)}
    averages: list[tuple[float, Sequence[Tensor], Sequence[Tensor]]] = [
        (config.optim.ema, [*drawing_parts(kept).parameters()], [*drawing_parts(model).parameters()])
    ]
    if appearance_ema:
        modules["appearance_average"] = kept.appearance_encoder
        averages += [(appearance_ema, numbers_of(kept.appearance_encoder), numbers_of(model.appearance_encoder))]
    session = Session("joint", schedule.steps, modules, optimizers.named(), context)

    model.train()
    networks.discriminator.train()
    take = steps_of(config, networks, optimizers, autocast, world.size)

    def step(step: int) -> NamedTerms:
        optimizers.set_lr_factor(lr_factor(step, schedule))
        batch = feed.batch(step)
        if more_real:
            x, label = more_real.anchors(step)
            batch = replace(batch, x_more=x, label_more=label)
        if synthetic:
            x, q = synthetic.batch(step)
            batch = replace(batch, x_synthetic=x, q_synthetic=q)
        if true_swaps:
            true_i, true_j, true_ij = true_swaps.batch(step)
            batch = replace(batch, true_i=true_i, true_j=true_j, true_ij=true_ij)
        terms = take(
            batch,
            ramped_weights(step, schedule, config.loss),
            penalise=step % config.loss.r1_every == 0,
            structure_alone=coin(config.seed, step),
        )
        # A smaller decay in the first steps, so that the averages soon forget the random initial weights.
        for decay, average, current in averages:
            average_into(average, current, min(decay, (step + 1) / (step + 10)))
        return terms.items()

    def show(means: Mapping[str, float]) -> dict[str, str]:
        return {label: f"{means[name]:.2f}" for label, name in SHOWN.items() if name in means}

    def measure_kept(done: int) -> dict[str, float]:
        with at_rest(kept):
            return {"map": measure(kept, done)}

    def draw_kept(done: int) -> None:
        with at_rest(kept):
            sample(kept, done)

    measuring = Regular(config.evaluate_every, measure_kept, measures=True)
    session.run(step, show, [measuring, Regular(config.sample_every, draw_kept)])
    return kept.eval()
