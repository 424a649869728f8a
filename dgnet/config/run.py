"""Everything about one run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from dgnet.config.data import AugmentConfig, DataConfig
from dgnet.config.errors import ConfigError, require
from dgnet.config.loss import LossConfig
from dgnet.config.network import NetworkConfig
from dgnet.config.optim import OptimConfig, ScheduleConfig
from dgnet.config.teacher import TeacherConfig

Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True)
class RunConfig:
    """Everything about one run; saved with it as `config.yaml` and inside its checkpoints.

    Args:
        preset: the name these settings started from.
        start: a trained model to train on from, in place of random weights: a run's folder, a model file, or `bundled`.
            Its networks must have these sizes; classifiers are new where it knows another number of people.
        seed: of every random number; the same seed on the same machine gives the same run, bit for bit on a CPU.
        device: `auto`, `cpu` or `cuda`.
        precision: of the networks' arithmetic (losses and normalisation statistics stay fp32).
        compile: run the networks through torch.compile in joint steps; one that cannot be compiled here runs as it is.
            Costs minutes at the start, and is not worth them on a CPU.
        recompute: activation checkpointing: E_a, E_s and G keep less between forward and backward, and run again
            instead. The same run, bit for bit on a CPU, in less memory and more time. Not together with `compile`.
        cuda_graphs: on a GPU, in one process and without the two above: record a joint step's kernels once, and launch
            them together from then on. Off: it has run on a GPU, but its comparison with steps taken one kernel at a
            time (`tests/training/test_gpu.py`) has yet to pass on one.
        batch_size: anchors a side; a step sees `2 * batch_size` images and as many partners (in every process, where
            several train together).
        alpha: weight of f_fine's similarity beside f_prim's.
        joint: train the generative and the discriminative part together; off, only the Baseline is trained.
        log_every, sample_every, checkpoint_every: in steps.
        keep_checkpoints: how many of the last checkpoints stay.
        evaluate_every: measure mAP every so many steps, and keep the best model beside the last; 0 never does.
    """

    preset: str = "market1501"
    start: str = ""
    seed: int = 0
    device: str = "auto"
    precision: Precision = "fp32"
    compile: bool = False
    recompute: bool = False
    cuda_graphs: bool = False
    batch_size: int = 8
    alpha: float = 0.5
    joint: bool = True
    log_every: int = 10
    sample_every: int = 1_000
    checkpoint_every: int = 1_000
    keep_checkpoints: int = 2
    evaluate_every: int = 0
    data: DataConfig = field(default_factory=DataConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)

    def __post_init__(self) -> None:
        require(self.seed >= 0, "seed", self.seed, "0 or more")
        require(not (self.compile and self.recompute), "recompute", self.recompute, "false where compile is true")
        require(self.batch_size >= 2, "batch_size", self.batch_size, "at least 2 (batch norm needs several images)")
        require(self.alpha >= 0, "alpha", self.alpha, "0 or more")
        for name in ("log_every", "sample_every", "checkpoint_every", "keep_checkpoints"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        require(self.evaluate_every >= 0, "evaluate_every", self.evaluate_every, "0 or more")
        smallest = min(self.data.size) // 4
        if max(self.network.dilations) >= smallest:
            raise ConfigError(
                f"network.dilations: found {self.network.dilations}, but data.size {self.data.size} gives a structure "
                f"code whose smaller side is {smallest}; each dilation must be below that"
            )

    def scaled(self, steps: int) -> RunConfig:
        """The same experiment over another number of steps, the teacher's too."""
        ratio = steps / self.schedule.steps
        teacher = replace(
            self.teacher, steps=max(1, round(self.teacher.steps * ratio)), warmup=round(self.teacher.warmup * ratio)
        )
        return replace(self, schedule=self.schedule.scaled(steps), teacher=teacher)
