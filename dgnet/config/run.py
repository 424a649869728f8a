"""All settings of one run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dgnet.config.adapt import AdaptConfig
from dgnet.config.data import AugmentConfig, DataConfig
from dgnet.config.errors import ConfigError, require
from dgnet.config.loss import LossConfig
from dgnet.config.network import NetworkConfig
from dgnet.config.optim import OptimConfig, ScheduleConfig
from dgnet.config.setting import (
    AT_LEAST_1,
    AT_LEAST_2,
    NOT_NEGATIVE,
    RUNNING,
    SEED,
    START,
    Range,
    check,
    part,
    setting,
)
from dgnet.config.teacher import TeacherConfig

Execution = Literal["plain", "compile", "recompute", "cuda_graphs"]
Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True)
class RunConfig:
    """All settings of one run; saved with it as `config.yaml` and inside its checkpoints.

    Args:
        preset: the name of the preset that these settings started from.
        start: a trained model to start from instead of random weights: a run's folder, a model file, or `bundled`.
            Its networks must have the sizes set here; classifiers are new where it knows another number of people.
            A teacher that is trained begins as its E_a too, where both have the same backbone, mean pooling and width
            of feature; a Baseline alone (`joint` off) begins as that, or as another Baseline, or is refused. E_a may be
            another network (`network.backbone`, `feature_dim`, `pool`), or begin as T (`network.backbone.weights
            teacher`): then E_s and G alone begin with this model, and the layers of G that read the appearance code
            are fitted to the codes of the new E_a.
        seed: of every random number; the same seed on the same machine gives the same run, bit for bit on a CPU.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        precision: of the networks' arithmetic (losses and normalisation statistics stay fp32).
        execution: how steps of joint training run (the teacher's always run plain). `plain`: as they are written.
            `compile`: through torch.compile; a network that cannot be compiled here runs plain, with a warning.
            Compiling takes minutes at the start, which it does not win back on a CPU.
            `recompute`: activation checkpointing: E_a, E_s and G keep fewer activations between forward and backward,
            and compute them again. The same run, bit for bit on a CPU, in less memory and more time.
            `cuda_graphs`, on a GPU and in one process: record a joint step's kernels once, and launch them together
            from then on. It has run on a GPU, but its comparison with steps taken one kernel at a time
            (`tests/training/execution/test_gpu.py`) has yet to pass on one.
        batch_size: anchors per half of the doubled batch: a step sees `2 * batch_size` anchors and as many partners
            (in each process, where several train together).
        more_real: real images per step, in each process, that E_a alone sees, beside the anchors and their partners. In
            batches of 16 images of 8 people E_a's batch norms and its SGD are too noisy to keep what it knows.
        alpha: weight of f_fine's similarity, where f_prim's has the weight 1.
        joint: train the generative and the discriminative part together; off, only the Baseline is trained.
        log_every: after how many steps the losses are logged.
        sample_every: after how many steps sample images are drawn.
        checkpoint_every: after how many steps a checkpoint is saved.
        keep_checkpoints: how many of the latest checkpoints are kept.
        evaluate_every: after how many steps mAP is measured, to keep the best model beside the last; 0 means never.
    """

    preset: str = setting("market1501", role=RUNNING)
    start: str = setting("", role=START)
    seed: int = setting(0, Range("from 0 to 2^63 - 1", least=0, most=2**63 - 1), SEED)
    device: str = setting("auto", role=RUNNING)
    precision: Precision = setting("fp32")
    execution: Execution = setting("plain", role=RUNNING)
    batch_size: int = setting(8, AT_LEAST_2)  # batch norm needs several images
    more_real: int = setting(0, NOT_NEGATIVE)
    alpha: float = setting(0.5, NOT_NEGATIVE)
    joint: bool = setting(True)
    log_every: int = setting(10, AT_LEAST_1, RUNNING)
    sample_every: int = setting(1_000, AT_LEAST_1, RUNNING)
    checkpoint_every: int = setting(1_000, AT_LEAST_1, RUNNING)
    keep_checkpoints: int = setting(2, AT_LEAST_1, RUNNING)
    evaluate_every: int = setting(0, NOT_NEGATIVE, RUNNING)
    data: DataConfig = part(DataConfig)
    network: NetworkConfig = part(NetworkConfig)
    loss: LossConfig = part(LossConfig)
    schedule: ScheduleConfig = part(ScheduleConfig)
    optim: OptimConfig = part(OptimConfig)
    augment: AugmentConfig = part(AugmentConfig)
    teacher: TeacherConfig = part(TeacherConfig)
    adapt: AdaptConfig = part(AdaptConfig)

    def __post_init__(self) -> None:
        check(self)
        alone = self.joint or self.execution == "plain"
        require(alone, "execution", self.execution, "'plain' where joint is false: the teacher's steps run plain")
        side, pad = min(self.data.size), self.augment.pad
        require(pad < side, "augment.pad", pad, f"below the smaller side of data.size {self.data.size}")
        smallest = side // 4
        if max(self.network.dilations) >= smallest:
            raise ConfigError(
                f"network.dilations: found {self.network.dilations}, but data.size {self.data.size} gives a structure "
                f"code whose smaller side is {smallest}; each dilation must be below that"
            )

    @property
    def real_per_step(self) -> int:
        """How many real images E_a learns from in a joint step: anchors, partners, and those that it alone sees."""
        return 4 * self.batch_size + self.more_real

    def scaled(self, steps: int) -> RunConfig:
        """The same experiment over another number of steps; the teacher's steps are scaled with it."""
        ratio = steps / self.schedule.steps
        teacher = replace(
            self.teacher, steps=max(1, round(self.teacher.steps * ratio)), warmup=round(self.teacher.warmup * ratio)
        )
        return replace(self, schedule=self.schedule.scaled(steps), teacher=teacher)
