"""The joint step as CUDA graphs: the kernels that a GPU runs in a step are recorded once, and then replayed.

A step is thousands of kernels, most of them so short that the CPU launches them more slowly than the GPU runs them. A
replay launches all of them at once. A replay reads anew what differs from step to step: images, ramped weights and
learning rates in the GPU's memory, and the seed of dropout in the GPU's random generator.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.optim import SGD

from dgnet.config import LossConfig
from dgnet.errors import DgnetError
from dgnet.training.batch import Batch, Networks, Terms
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.optim.schedules import Passes, RampedWeights
from dgnet.training.step import joint_step


class RecordingError(DgnetError, RuntimeError):
    """A step that cannot be recorded on this GPU or with this version of CUDA; the message says how to go on."""


@dataclass(frozen=True)
class LiveWeights(RampedWeights):
    """Ramped weights in the GPU's memory; `needs`, which would have to read them, is answered from `like`."""

    like: RampedWeights

    @property
    def needs(self) -> Passes:
        return self.like.needs


@dataclass(frozen=True)
class Kind:
    """All that decides which kernels a step launches; steps of one kind share one recording."""

    needs: Passes
    penalise: bool
    structure_alone: bool


@dataclass(frozen=True)
class Recording:
    """A recorded step of one kind; every replay writes its terms and E_a's gradients to the same tensors."""

    graph: torch.cuda.CUDAGraph
    terms: Terms
    gradients: list[Tensor | None]


class _Later(SGD):
    """Takes the place of E_a's optimiser in a recorded step; the real one takes its step after the replay."""

    def step(self, closure: object = None) -> None:  # type: ignore[override]
        """Do nothing."""


class RecordedSteps:
    """Takes joint steps like `joint_step`: the first of each kind as written, later ones by replaying a recording.

    Args:
        networks: on one GPU.
        optimizers: made for a GPU, so that their learning rates are in its memory.
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
        """Update D, E_s + G, and E_a; the terms returned are copies that the next replay does not overwrite."""
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
        """Copy the batch and the weights to the tensors that replays read."""
        if self.batch is None:
            self.batch = Batch(**{name: tensor.clone() for name, tensor in batch.tensors().items()})
        for name, tensor in batch.tensors().items():
            getattr(self.batch, name).copy_(tensor)
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
        """Record a step of this kind. Recording computes nothing: the replay that follows takes the step."""
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, pool=self.pool, stream=self.stream):
                terms = self._take(kind, weights)
        except RuntimeError as error:  # a broken recording cannot be undone: the random generator stays in it
            raise RecordingError(
                f"CUDA graphs: this step cannot be recorded here ({error}); continue with --resume --execution plain"
            ) from error
        self.recordings[kind] = Recording(graph, terms, [parameter.grad for parameter in self.parameters])
