"""Adaptation with the generator: what each term is and reaches, and that a stopped run goes on as one that was not."""

from __future__ import annotations

import copy
import signal
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dgnet.config import AdaptConfig, RunConfig
from dgnet.config.drawing import DrawingConfig
from dgnet.generation.paste import paste
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.training.adaptation import adapt as adapt_module
from dgnet.training.adaptation.adapt import Adapted, Unlabelled, adapt
from dgnet.training.adaptation.draw_step import Artists, DrawBatch, draw_step
from dgnet.training.adaptation.drawing import Generator
from dgnet.training.adaptation.features import unit_feature
from dgnet.training.adaptation.memory import Memory
from dgnet.training.feed import Feed
from dgnet.training.log import read_log
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.redress import further_clothes
from dgnet.training.session import Context
from dgnet.training.stop import Interrupted
from dgnet.training.views import Views

AUTOCAST = torch.autocast("cpu", enabled=False)
CPU = torch.device("cpu")
HALF = 2
WEIGHTS = [item.name for item in fields(DrawingConfig) if item.name not in ("r1", "r1_every", "fed")]
SILENT = DrawingConfig(**{name: 0.0 for name in WEIGHTS if not name.endswith("_lr")})  # type: ignore[arg-type]


@pytest.fixture
def artists(model: DGNet, config: RunConfig) -> Artists:
    mean = DGNet(config.network, 0).appearance_encoder.requires_grad_(False).eval()
    return Artists(model.train(), Discriminator(config.network), mean, 0.5)


@pytest.fixture
def batch() -> DrawBatch:
    x, x_partner, x_relit = torch.randn(3, 2 * HALF, 3, 64, 32, generator=torch.Generator().manual_seed(1))
    return DrawBatch(x, x_partner, x_relit, torch.tensor([1, 0]))


@pytest.fixture
def memory(config: RunConfig) -> Memory:
    centres = torch.randn(4, 2 * config.network.feature_dim, generator=torch.Generator().manual_seed(2))
    return Memory(nn.functional.normalize(centres, dim=1), torch.tensor([0, 0, 1, 2]), 0.2)


def take(
    artists: Artists, batch: DrawBatch, memory: Memory, weights: DrawingConfig, *, alone: bool = False, lr: float = 0.0
) -> tuple[dict[str, Tensor], Tensor]:
    drawing = [*artists.model.structure_encoder.parameters(), *artists.model.decoder.parameters()]
    one, other, unused = (
        torch.optim.SGD(list(some), lr=lr)
        for some in (drawing, artists.discriminator.parameters(), artists.model.appearance_encoder.parameters())
    )
    kinds = {"penalise": True, "structure_alone": alone, "autocast": AUTOCAST}
    terms, worn = draw_step(artists, Optimizers(one, other, unused), batch, memory, weights, **kinds)
    return dict(terms), worn


def test_the_terms_are_the_equations(artists: Artists, batch: DrawBatch, memory: Memory) -> None:
    E_s, G, D, g = artists.model.structure_encoder, artists.model.decoder, artists.discriminator, artists.mean
    other = [2, 3, 0, 1]

    def apart(one: Tensor, two: Tensor) -> float:
        """The mean of one half plus that of the other."""
        return float((one - two).abs()[:HALF].mean() + (one - two).abs()[HALF:].mean())

    def score(x: Tensor, wanted: float) -> float:
        return sum(float((d - wanted).square()[half].mean()) for d in D(x) for half in (slice(HALF), slice(HALF, None)))

    with torch.no_grad():
        a, a_partner, s = g.code(batch.x), g.code(batch.x_partner), E_s(batch.x_relit)
        x_self, x_partner_self, x_ij = G(a, s), G(a_partner, s), G(a, s[other])
        redressed = paste(batch.x, x_self, x_ij[other])
        for places in further_clothes(2 * HALF):
            redressed = paste(batch.x, x_self, G(a.roll(places, dims=0), E_s(redressed)))
        f = unit_feature(g, x_ij[:HALF], 0.5)
        p = torch.softmax(f @ memory.centres.T / 0.2, dim=1)
        expected = {
            "image": apart(x_self, batch.x),
            "partner_image": apart(x_partner_self, batch.x),
            "adversarial": 2 * score(x_ij, 1),
            "discriminator": score(batch.x, 1) + score(x_ij, 0),
            "code_a": apart(g.code(x_ij), a),
            "code_s": apart(E_s.learnt(E_s(x_ij)), E_s.learnt(s[other])),
            "redressed": apart(G(a_partner, E_s(redressed)), batch.x),
            # Clusters 1 and 0, which have one centre and two.
            "id_generated": -(float(p[0, 2].log()) + float(p[1, 0].log() + p[1, 1].log()) / 2) / HALF,
        }
    terms, worn = take(artists, batch, memory, DrawingConfig())
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(expected, rel=1e-4)
    torch.testing.assert_close(worn, torch.cat([x_ij[:HALF], x_partner_self[:HALF]]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "name", ["image", "partner_image", "adversarial", "code_a", "code_s", "redressed", "id_generated"]
)
@pytest.mark.parametrize("alone", [False, True])
def test_each_term_reaches_E_s_and_G_alone(  # noqa: N802
    name: str, alone: bool, artists: Artists, batch: DrawBatch, memory: Memory
) -> None:
    take(artists, batch, memory, replace(SILENT, **{name: 1.0}), alone=alone)
    model = artists.model
    parts = {"E_s": model.structure_encoder, "G": model.decoder, "E_a": model.appearance_encoder, "g": artists.mean}
    reached = {
        part
        for part, module in parts.items()
        if any(p.grad is not None and p.grad.abs().max() > 0 for p in module.parameters())
    }
    assert reached == ({"E_s"} if name == "code_s" and alone else {"E_s", "G"})


def test_a_drawn_image_is_judged_by_a_frozen_structure_encoder(
    artists: Artists, batch: DrawBatch, memory: Memory
) -> None:
    """E_s learns from L_recon^code2 by the image that it helped to draw, not by the look that it takes at it."""
    E_s, G, other = artists.model.structure_encoder, artists.model.decoder, [2, 3, 0, 1]
    own, own_G, judge = (copy.deepcopy(network) for network in (E_s, G, E_s))
    s = own(batch.x_relit)
    x_ij = own_G(artists.mean.code(batch.x), s[other])
    apart = (judge.requires_grad_(False).learnt(judge(x_ij)) - judge.learnt(s[other].detach())).abs()
    (apart[:HALF].mean() + apart[HALF:].mean()).backward()
    take(artists, batch, memory, replace(SILENT, code_s=1.0))
    for mine, found in ((own, E_s), (own_G, G)):
        pairs = [(p.grad, q.grad) for p, q in zip(mine.parameters(), found.parameters(), strict=True)]
        wanted, got = (torch.cat([p.flatten() for p in some if p is not None]) for some in zip(*pairs, strict=True))
        assert wanted.norm() > 0
        assert (got - wanted).norm() < 1e-3 * wanted.norm()


def test_weights_grow_in_the_first_epochs() -> None:
    weights = DrawingConfig(adversarial=2.0, fed=0.5)
    found = [(weights.at(step, 10).adversarial, weights.at(step, 10).fed) for step in (0, 5, 10, 15, 20, 99)]
    assert found == [(0, 0), (1, 0), (2, 0), (2, 0.25), (2, 0.5), (2, 0.5)]


class Run:
    """A run with the generator, whose source are the same images with labels."""

    def __init__(self, model: DGNet, images: Unlabelled, context: Context, *, source: bool = True) -> None:
        self.model, self.images, self.context, self.source = model, images, context, source
        self.sheets: list[int] = []

    def __call__(self, **change: Any) -> Adapted:
        config = self.context.config
        context = replace(self.context, config=replace(config, adapt=replace(config.adapt, generate=True, **change)))
        settings: AdaptConfig = context.config.adapt
        labels, camids = np.arange(24) % 4, self.images.camids
        feed = Feed(self.images.crops, labels, camids, settings.num_ids, config.augment, 7, CPU)  # type: ignore[arg-type]
        torch.manual_seed(5)
        generator = Generator(
            self.model,
            Discriminator(config.network),
            feed if self.source else None,
            lambda _, step: self.sheets.append(step),
        )
        views = Views(self.images.crops, settings.num_ids * settings.num_images, config.augment, config.seed, CPU)
        start = self.model.appearance_encoder
        return adapt(start, self.images, views, context, lambda _network, _found: {}, generator)


@pytest.mark.parametrize("source", [True, False])
def test_stopped_in_every_step_it_is_the_same(
    source: bool, model: DGNet, images: Unlabelled, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    run = Run(model, images, context, source=source)
    whole = run(epochs=3)
    assert run.sheets == [2, 4, 6]
    assert all(torch.equal(model.state_dict()[name], value) for name, value in before.items())
    own = context.checkpoints.with_name("parts"), context.log.with_name("parts.jsonl")
    parts = replace(context, checkpoints=own[0], log=own[1])
    real = adapt_module.adapt_step

    def interrupted(*arguments: object) -> object:
        signal.raise_signal(signal.SIGTERM)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(adapt_module, "adapt_step", interrupted)
    for step in range(1, 6):
        with pytest.raises(Interrupted, match=f"stopped after {step} of 6 adapt steps"):
            Run(model, images, parts, source=source)(epochs=3)
    found = Run(model, images, parts, source=source)(epochs=3)
    assert whole.model is not None
    assert found.model is not None
    kept = whole.model.state_dict()
    assert [name for name, value in found.model.state_dict().items() if not torch.equal(value, kept[name])] == []
    assert found.network is found.model.appearance_encoder
    logs = [[{k: v for k, v in row.items() if k != "seconds"} for row in read_log(one.log)] for one in (context, parts)]
    assert logs[0] == logs[1]
    steps = [row for row in logs[0] if row["phase"] == "adapt"]
    assert ["fed" in row for row in steps] == [False, False, False, True, True, True]
    assert {"image", "adversarial", "redressed", "cluster"} <= steps[0].keys()


def test_e_a_learns_from_what_is_drawn(model: DGNet, images: Unlabelled, context: Context) -> None:
    """With the weight 0 it learns what it would without a generator, bit for bit."""
    settings = {"epochs": 3, "patience": 3}
    others = [
        replace(context, checkpoints=context.checkpoints / name, log=context.log.with_name(name)) for name in "abc"
    ]
    without, fed = (
        Run(model, images, one)(**settings, drawing=DrawingConfig(fed=weight))
        for one, weight in zip(others, (0.0, 3.0), strict=False)
    )
    config = replace(context.config, adapt=replace(context.config.adapt, **settings))  # type: ignore[arg-type]
    views = Views(images.crops, 4, config.augment, config.seed, CPU)
    plain = replace(others[2], config=config)
    adapt(model.appearance_encoder, images, views, plain, lambda _network, _found: {})
    rows = [[row["cluster"] for row in read_log(one.log) if row["phase"] == "adapt"] for one in others]
    assert rows[0] == rows[2]
    assert rows[1][:4] == rows[0][:4]  # until then nothing was fed
    assert rows[1][4:] != rows[0][4:]
    assert without.model is not None
    assert fed.model is not None
