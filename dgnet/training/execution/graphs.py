"""The joint step as CUDA graphs: what a GPU does in a step is recorded once, and replayed.

A step is thousands of kernels, most of them short: one after another, a processor launches them more slowly than a GPU
runs them. A replay launches all of them at once. What differs from step to step is kept where a replay reads it
anew: images, ramped weights and learning rates in the GPU's memory, dropout's seed in its generator.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.optim import SGD

from dgnet.config import LossConfig
from dgnet.errors import DgnetError
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.optim.schedules import Passes, RampedWeights
from dgnet.training.step import Batch, Networks, Terms, joint_step


class RecordingError(DgnetError, RuntimeError):
    """A step that this GPU, or this version of CUDA, cannot record; the message says how to go on without."""


@dataclass(frozen=True)
class LiveWeights(RampedWeights):
    """Ramped weights in the device's memory. Which terms are on was settled when they were recorded: as in `like`."""

    like: RampedWeights

    @property
    def needs(self) -> Passes:
        return self.like.needs


@dataclass(frozen=True)
class Kind:
    """What decides which kernels a step launches."""

    needs: Passes
    penalise: bool
    structure_alone: bool


@dataclass(frozen=True)
class Recording:
    """A step of one kind; its terms and E_a's gradients lie at the same place after every replay."""

    graph: torch.cuda.CUDAGraph
    terms: Terms
    gradients: list[Tensor | None]


class _Later(SGD):
    """Stands where E_a's optimiser does: that one takes its step after the replay, a few launches in all."""

    def step(self, closure: object = None) -> None:  # type: ignore[override]
        """Nothing yet."""


class RecordedSteps:
    """Takes joint steps as `joint_step` does: the first of each kind as it is written, the others recorded.

    Args:
        networks: on one GPU.
        optimizers: made for a GPU, so their learning rates are in its memory.
        loss, autocast: as for `joint_step`.
    """

    def __init__(self, networks: Networks, optimizers: Optimizers, loss: LossConfig, autocast: torch.autocast) -> None:
        self.networks, self.loss, self.autocast = networks, loss, autocast
        self.appearance, self.parameters = optimizers.appearance, [*networks.model.appearance_encoder.parameters()]
        later = _Later(self.parameters, lr=0.0)
        self.optimizers = Optimizers(optimizers.generator, optimizers.discriminator, later, optimizers.muon)
        self.stream: torch.cuda.Stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self.pool = torch.cuda.graph_pool_handle()
        self.batch: Batch | None = None
        self.weights = torch.zeros(len(fields(RampedWeights)), device=self.parameters[0].device)
        self.taken: set[Kind] = set()
        self.recordings: dict[Kind, Recording] = {}

    def __call__(self, batch: Batch, ramped: RampedWeights, *, penalise: bool, structure_alone: bool) -> Terms:
        """One update of D, of E_s + G and of E_a; the terms are the caller's to keep."""
        kind = Kind(ramped.needs, penalise, structure_alone and ramped.needs.E_s_of_swap)
        own = torch.cuda.current_stream()
        self.stream.wait_stream(own)
        with torch.cuda.stream(self.stream):
            weights = self._receive(batch, ramped)
            if kind in self.taken and kind not in self.recordings:
                self._record(kind, weights)
            recording = self.recordings.get(kind)
            if recording is None:
                terms = self._take(kind, weights)
            else:
                recording.graph.replay()
                terms = recording.terms
                for parameter, gradient in zip(self.parameters, recording.gradients, strict=True):
                    parameter.grad = gradient
            self.appearance.step()
            self.taken.add(kind)
            kept = Terms(**{name: value.clone() for name, value in terms.items()})
        own.wait_stream(self.stream)
        return kept

    def _receive(self, batch: Batch, ramped: RampedWeights) -> LiveWeights:
        """Put the batch and the weights where replays read them."""
        if self.batch is None:
            self.batch = Batch(**{item.name: getattr(batch, item.name).clone() for item in fields(Batch)})
        for item in fields(Batch):
            getattr(self.batch, item.name).copy_(getattr(batch, item.name))
        names = [item.name for item in fields(RampedWeights)]
        self.weights.copy_(torch.tensor([getattr(ramped, name) for name in names]), non_blocking=True)
        return LiveWeights(**dict(zip(names, self.weights.unbind(), strict=True)), like=ramped)

    def _take(self, kind: Kind, weights: LiveWeights) -> Terms:
        assert self.batch is not None
        return joint_step(
            self.networks,
            self.optimizers,
            self.batch,
            weights,
            self.loss,
            penalise=kind.penalise,
            structure_alone=kind.structure_alone,
            autocast=self.autocast,
        )

    def _record(self, kind: Kind, weights: LiveWeights) -> None:
        """Nothing is computed yet: the replay that follows is the step."""
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, pool=self.pool, stream=self.stream):
                terms = self._take(kind, weights)
        except RuntimeError as error:  # what was begun cannot be undone: the generator still waits for its end
            raise RecordingError(
                f"CUDA graphs: this step cannot be recorded here ({error}); continue with --resume --execution plain"
            ) from error
        self.recordings[kind] = Recording(graph, terms, [parameter.grad for parameter in self.parameters])
