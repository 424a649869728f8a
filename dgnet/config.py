"""Every number of a run, in frozen and validated dataclasses.

`preset("market1501")` gives the published experiment, `preset("mannequin")` the one that runs in minutes on a CPU.
A preset is named `DATA[+MODIFIER...]`: `market1501+small+no_feed` is the small network on Market-1501 without
online feeding. Data presets and modifiers are plain functions at the end of this file. No torch is imported here, so
that `--help` is instant.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, get_args, get_type_hints

LabelStrategy = Literal["dynamic_soft", "pseudo", "appearance", "lsro", "two_label"]
CodeSplit = Literal["channels", "stripes"]
Precision = Literal["fp32", "bf16"]
Decay = Literal["milestones", "cosine"]
StoreKind = Literal["pixels", "packed"]
DataName = Literal["auto", "mannequin", "market1501", "dukemtmc", "msmt17", "cuhk03np", "manifest", "folder"]

FROM_TEACHER = "teacher"  # as `network.backbone.weights`: E_a starts from T


class ConfigError(ValueError):
    """A field of the configuration holds something that cannot work; the message names the field."""


def _require(condition: bool, field_name: str, found: object, wanted: str) -> None:
    if not condition:
        raise ConfigError(f"{field_name}: found {found!r}, must be {wanted}")


@dataclass(frozen=True)
class DataConfig:
    """Which images, and how large they are made.

    Args:
        name: the reader; `auto` looks at what is in `root`.
        root: the folder of the data set; empty means the bundled mannequin edition.
        size: (height, width) every image is resized to; multiples of 8, at least 64 x 32.
        num_test_ids: identities held out for testing, where the data set has no split of its own (`folder`).
        pattern: for `folder`, a regular expression with the groups (?P<pid>...) and (?P<camid>...).
        also: more data sets to train on, each `NAME=DIR` or `DIR`; testing stays on the people of `root`.
        store: keep every crop as `pixels`, or `packed`: the image files in one, decoded at every use, for a small disk.
        cache: where decoded crops are kept; empty means `$DGNET_CACHE`, else `~/.cache/dgnet`.
    """

    name: DataName = "auto"
    root: str = ""
    size: tuple[int, int] = (256, 128)
    num_test_ids: int = 100
    pattern: str = ""
    also: tuple[str, ...] = ()
    store: StoreKind = "pixels"
    cache: str = ""

    def __post_init__(self) -> None:
        height, width = self.size
        fits = height % 8 == 0 and width % 8 == 0 and height >= 64 and width >= 32
        _require(fits, "data.size", self.size, "[height, width], multiples of 8, at least [64, 32]")
        _require(self.num_test_ids >= 1, "data.num_test_ids", self.num_test_ids, "at least 1")
        _require(self.store in get_args(StoreKind), "data.store", self.store, f"one of {get_args(StoreKind)}")
        _require(not isinstance(self.also, str), "data.also", self.also, "a list, such as [dukemtmc=DIR]")
        for entry in self.also:
            self._name_and_root(entry)

    def each(self) -> tuple[DataConfig, ...]:
        """The settings of each data set by itself: that of `root`, then those of `also`."""
        others = map(self._name_and_root, self.also)
        return (replace(self, also=()), *(replace(self, name=name, root=root, also=()) for name, root in others))

    @staticmethod
    def _name_and_root(entry: str) -> tuple[DataName, str]:
        """Take `NAME=DIR` or `DIR` apart; a folder alone is recognised by what is in it."""
        name, equals, root = entry.partition("=")
        for known in get_args(DataName):
            if equals and name == known:
                return known, root
        a_folder = bool(entry) and (not equals or "/" in name)
        _require(a_folder, "data.also", entry, f"DIR or NAME=DIR, where NAME is one of {get_args(DataName)}")
        return "auto", entry


@dataclass(frozen=True)
class BackboneConfig:
    """A ResNet, or a model of timm's. The defaults are ResNet-50 as torchvision lays it out (2048 channels out).

    Args:
        bottleneck: bottleneck blocks (ResNet-50) or basic ones (two 3x3 convolutions).
        layers: blocks in each of the four stages.
        width: channels of the first stage; stage k has `width * 2**k`, times 4 with bottlenecks.
        stem: `imagenet` is 7x7 stride 2 and a 3x3 max pool; `small`, for small images, one 3x3 stride 2.
        last_stride: stride of the last stage, 1 (as DG-Net) or 2 (as ImageNet).
        ibn: ResNet-IBN-a: in the first three stages the norm after each block's first convolution is an instance norm
            on half of its channels (Pan et al. 2018).
        timm: the name of a timm model that takes the ResNet's place; of the other fields `last_stride` and `weights`
            alone then mean something. Empty means the ResNet.
        weights: a state dict (`.pth` or `.safetensors`) to start from, torchvision's of this ResNet or, with `ibn`,
            IBN-Net's; with `timm`, `pretrained`: the weights that timm downloads. For E_a also `teacher`: what T has
            learnt. Empty means random.
    """

    bottleneck: bool = True
    layers: tuple[int, int, int, int] = (3, 4, 6, 3)
    width: int = 64
    stem: Literal["imagenet", "small"] = "imagenet"
    last_stride: Literal[1, 2] = 1
    ibn: bool = False
    timm: str = ""
    weights: str = ""

    def __post_init__(self) -> None:
        _require(min(self.layers) >= 1, "backbone.layers", self.layers, "four numbers of blocks, each at least 1")
        _require(self.width >= 8, "backbone.width", self.width, "at least 8")
        if self.timm:
            _require(not self.ibn, "backbone.ibn", self.ibn, f"false with backbone.timm {self.timm!r}")
            known = self.weights in ("", "pretrained", FROM_TEACHER)
            wanted = f"'pretrained', for E_a {FROM_TEACHER!r}, or empty with backbone.timm {self.timm!r}"
            _require(known, "backbone.weights", self.weights, wanted)

    @property
    def channels(self) -> int:
        """Channels of the ResNet's feature map (how many a timm model has, timm alone knows)."""
        return self.width * 8 * (4 if self.bottleneck else 1)


@dataclass(frozen=True)
class NetworkConfig:
    """Widths of the five networks. The defaults are the published (`full`) sizes.

    Args:
        structure_width: channels of E_s's first layer; the structure code has eight times as many.
        detail: E_s hands its grey image on to G's last layers, in 16 more channels of the structure code, so that what
            is not of the clothes stays sharp. Not in the published network. Wants `augment.relight` and
            `loss.redrawn`: otherwise G takes the lightness of clothes from there.
        dilations: of E_s's three dilated branches; each must be smaller than the code's height and width.
        mlp_width: hidden width of the MLPs that turn the appearance code into AdaIN parameters.
        code_split: which part of the appearance code decoder block k reads: its quarter of the `channels`
            (as published) or its stripe.
        discriminator_width: channels of D's first layer.
        feature_dim: width of f_prim and of f_fine.
        prim_dropout, fine_dropout: dropout before each classifier.
    """

    structure_width: int = 16
    detail: bool = False
    dilations: tuple[int, int, int] = (3, 6, 9)
    mlp_width: int = 512
    code_split: CodeSplit = "channels"
    discriminator_width: int = 32
    feature_dim: int = 512
    prim_dropout: float = 0.5
    fine_dropout: float = 0.75
    backbone: BackboneConfig = field(default_factory=BackboneConfig)

    def __post_init__(self) -> None:
        _require(self.structure_width >= 2, "network.structure_width", self.structure_width, "at least 2")
        _require(min(self.dilations) >= 1, "network.dilations", self.dilations, "three numbers, each at least 1")
        _require(0 <= self.prim_dropout < 1, "network.prim_dropout", self.prim_dropout, "in [0, 1)")
        _require(0 <= self.fine_dropout < 1, "network.fine_dropout", self.fine_dropout, "in [0, 1)")
        _require(
            bool(self.backbone.timm) or self.backbone.channels % 4 == 0,
            "network.backbone.width",
            self.backbone.width,
            "such that channels % 4 == 0",
        )


@dataclass(frozen=True)
class LossConfig:
    """Weights (design section 3), label strategy, and the switches between our choices and the published ones.

    Args:
        image, partner_image: L_recon^img1 and L_recon^img2.
        code_a, code_s, cycle, redrawn, prim: reached at the end of their ramps.
        fine: as a fraction of the current weight of `prim`.
        redrawn: of ||x_i - G(a_t, E_s(x_i redressed))||_1: E_s sees person i in clothes of others that G has just drawn
            (`dgnet.generation.paste`), and what i wears must come from the code. 0 in the published method.
        adversarial, r1: of L_adv, and of the gradient penalty inside it.
        r1_every: the penalty is taken every so many steps, and weighs as many times more.
        id_real, id_generated: L_id^s and L_id^c.
        labels: what a generated image's label is, for L_prim.
        code1_gradient: L_recon^code1 reaches G and E_s; off, it reaches nothing, as in the published code.
        detach_appearance_code: reconstruction never changes E_a.
        running_codes: codes that G draws from, and that judge x_ij, are taken by E_a's running statistics, as in use;
            off, by each batch's own, as published.
        train_bn: other than there, generated images are normalised by their own batch's statistics in E_a and T.
        teacher_dropout: the teacher labels with its dropout on, as the published code does by accident.
    """

    image: float = 5.0
    partner_image: float = 5.0
    code_a: float = 1.0
    code_s: float = 1.0
    cycle: float = 2.0
    redrawn: float = 0.0
    adversarial: float = 1.0
    r1: float = 0.01
    r1_every: int = 1
    id_real: float = 1.0
    id_generated: float = 0.5
    prim: float = 2.0
    fine: float = 0.2
    labels: LabelStrategy = "dynamic_soft"
    code1_gradient: bool = True
    detach_appearance_code: bool = True
    running_codes: bool = False
    train_bn: bool = True
    teacher_dropout: bool = False

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, float):
                _require(value >= 0, f"loss.{item.name}", value, "0 or more")
        _require(self.r1_every >= 1, "loss.r1_every", self.r1_every, "at least 1")
        _require(
            self.labels in get_args(LabelStrategy), "loss.labels", self.labels, f"one of {get_args(LabelStrategy)}"
        )


@dataclass(frozen=True)
class ScheduleConfig:
    """When things happen, in steps. `scaled` stretches a schedule to another length.

    Args:
        steps: length of the run.
        ramp_start: code, cycle and feeding losses are off until then.
        ramp_rate: and grow by this much a step from then on, up to their weights.
        milestones: every learning rate is multiplied by 0.1 at each.
        warmup: learning rates grow linearly over the first so many steps (0 as published: the start is ImageNet's).
        decay: of the learning rates: at the `milestones`, as published, or along half a `cosine` to 0 at the end.
        id_generated_start: L_id^c is off until then. 0 as published, where E_a starts from ImageNet; an E_a that starts
            from nothing knows nobody yet, and its judgement of drawn people only disturbs G.
    """

    steps: int = 100_000
    ramp_start: int = 30_000
    ramp_rate: float = 0.0005
    milestones: tuple[int, ...] = (60_000, 90_000, 105_000)
    warmup: int = 0
    decay: Decay = "milestones"
    id_generated_start: int = 0

    def __post_init__(self) -> None:
        _require(self.steps >= 1, "schedule.steps", self.steps, "at least 1")
        _require(self.ramp_start >= 0, "schedule.ramp_start", self.ramp_start, "0 or more")
        _require(self.ramp_rate > 0, "schedule.ramp_rate", self.ramp_rate, "above 0")
        _require(self.id_generated_start >= 0, "schedule.id_generated_start", self.id_generated_start, "0 or more")
        _require(self.decay in get_args(Decay), "schedule.decay", self.decay, f"one of {get_args(Decay)}")
        _require(list(self.milestones) == sorted(self.milestones), "schedule.milestones", self.milestones, "ascending")
        _require(self.warmup >= 0, "schedule.warmup", self.warmup, "0 or more")

    def scaled(self, steps: int) -> ScheduleConfig:
        """The same schedule over another number of steps: every number grows or shrinks with the length."""
        ratio = steps / self.steps
        return replace(
            self,
            steps=steps,
            ramp_start=round(self.ramp_start * ratio),
            ramp_rate=self.ramp_rate / ratio,
            id_generated_start=round(self.id_generated_start * ratio),
            milestones=tuple(round(m * ratio) for m in self.milestones),
            warmup=round(self.warmup * ratio),
        )


@dataclass(frozen=True)
class OptimConfig:
    """Adam for E_s + G and for D, Nesterov SGD for E_a (design section 3).

    Args:
        generator_lr, discriminator_lr: of Adam.
        muon_lr: of Muon (`dgnet.training.muon`) for the matrices and kernels of E_s and G, Adam keeping biases and
            scales; 0, as published, leaves all to Adam. 0.02 suited every size tried.
        betas: of both Adams.
        backbone_lr, head_lr: of SGD, for E_a's ResNet and for its two heads.
        momentum: of SGD.
        weight_decay: of all three (Muon has none).
        ema: decay a step of the averaged E_s and G that draw the samples and are saved; 0 keeps no average.
    """

    generator_lr: float = 1e-4
    discriminator_lr: float = 1e-4
    betas: tuple[float, float] = (0.0, 0.999)
    backbone_lr: float = 0.002
    head_lr: float = 0.02
    momentum: float = 0.9
    weight_decay: float = 5e-4
    muon_lr: float = 0.0
    ema: float = 0.999

    def __post_init__(self) -> None:
        for name in ("generator_lr", "discriminator_lr", "backbone_lr", "head_lr"):
            _require(getattr(self, name) > 0, f"optim.{name}", getattr(self, name), "above 0")
        _require(self.muon_lr >= 0, "optim.muon_lr", self.muon_lr, "0 or more")
        _require(0 <= self.ema < 1, "optim.ema", self.ema, "in [0, 1)")


@dataclass(frozen=True)
class AugmentConfig:
    """Mirror, edge pad and random crop on every training image; random erasing on the identity terms' views alone.

    `relight` is the probability of E_s seeing the person in random shades (`dgnet.data.relight`), so that clothes'
    lightness must come from the appearance code; 0 in the published method.
    """

    mirror: float = 0.5
    pad: int = 10
    erase: float = 0.5
    erase_area: tuple[float, float] = (0.02, 0.4)
    erase_aspect: tuple[float, float] = (0.3, 3.3)
    relight: float = 0.0

    def __post_init__(self) -> None:
        _require(0 <= self.mirror <= 1, "augment.mirror", self.mirror, "a probability")
        _require(0 <= self.erase <= 1, "augment.erase", self.erase, "a probability")
        _require(0 <= self.relight <= 1, "augment.relight", self.relight, "a probability")
        _require(self.pad >= 0, "augment.pad", self.pad, "0 or more pixels")


@dataclass(frozen=True)
class TeacherConfig:
    """The teacher T, trained first on real images alone; it is also the tables' Baseline.

    Args:
        weights: a teacher to use instead of training one (`teacher.safetensors` of another run).
        steps, batch_size: of its training; the default sees as many real images as E_a does in joint training.
        backbone_lr, head_lr: of Nesterov SGD, with cosine decay.
        warmup: steps over which both grow linearly at the start.
        min_accuracy: on its own training images; below it, joint training stops before it starts.
    """

    weights: str = ""
    steps: int = 100_000
    batch_size: int = 32
    backbone_lr: float = 0.005
    head_lr: float = 0.05
    warmup: int = 2_000
    min_accuracy: float = 0.5
    backbone: BackboneConfig = field(default_factory=BackboneConfig)

    def __post_init__(self) -> None:
        _require(self.steps >= 1, "teacher.steps", self.steps, "at least 1")
        _require(self.batch_size >= 2, "teacher.batch_size", self.batch_size, "at least 2")
        _require(0 <= self.min_accuracy <= 1, "teacher.min_accuracy", self.min_accuracy, "a fraction")
        weights = self.backbone.weights
        _require(weights != FROM_TEACHER, "teacher.backbone.weights", weights, "a file, 'pretrained' or empty")


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
        _require(self.seed >= 0, "seed", self.seed, "0 or more")
        _require(not (self.compile and self.recompute), "recompute", self.recompute, "false where compile is true")
        _require(self.batch_size >= 2, "batch_size", self.batch_size, "at least 2 (batch norm needs several images)")
        _require(self.alpha >= 0, "alpha", self.alpha, "0 or more")
        for name in ("log_every", "sample_every", "checkpoint_every", "keep_checkpoints"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        _require(self.evaluate_every >= 0, "evaluate_every", self.evaluate_every, "0 or more")
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


def to_dict(config: RunConfig) -> dict[str, Any]:
    """Plain nested dictionaries of strings, numbers and lists, as written to YAML and JSON."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return list(value) if isinstance(value, tuple) else value

    result: dict[str, Any] = plain(asdict(config))
    return result


def flatten(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{'a': {'b': 1}} -> {'a.b': 1}."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def from_dict(values: dict[str, Any], kind: type = RunConfig, prefix: str = "") -> Any:
    """Rebuild a configuration from `to_dict`'s result.

    Raises:
        ConfigError: for a key that does not exist (the nearest one is named) or a value of the wrong type.
    """
    hints = get_type_hints(kind)
    known = [item.name for item in fields(kind)]
    arguments: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise ConfigError(f"{prefix}{key}: no such setting{nearest(key, known)}")
        hint = hints[key]
        if is_dataclass(hint):
            _require(isinstance(value, dict), f"{prefix}{key}", value, "a mapping of settings")
            arguments[key] = from_dict(value, hint, f"{prefix}{key}.")  # type: ignore[arg-type]
        else:
            arguments[key] = tuple(value) if isinstance(value, list) else value
    return kind(**arguments)


def nearest(name: str, known: list[str]) -> str:
    """`; did you mean 'x'?` for the most similar known name, or the list where none is similar."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(known)}"


# ---------------------------------------------------------------- presets


def market1501() -> RunConfig:
    """Market-1501 as published: 100 000 steps of 16 anchors and 16 partners at 256 x 128."""
    return RunConfig(preset="market1501", data=DataConfig(name="market1501"))


def dukemtmc() -> RunConfig:
    """DukeMTMC-reID, as Market-1501 (withdrawn by its authors: for those who hold a copy)."""
    return replace(market1501(), preset="dukemtmc", data=DataConfig(name="dukemtmc"))


def msmt17() -> RunConfig:
    """MSMT17: one and a half times as long."""
    return replace(market1501(), preset="msmt17", data=DataConfig(name="msmt17")).scaled(150_000)


def cuhk03np() -> RunConfig:
    """CUHK03-NP, as Market-1501."""
    return replace(market1501(), preset="cuhk03np", data=DataConfig(name="cuhk03np"))


def mannequin() -> RunConfig:
    """The bundled synthetic people at 64 x 32 with the small network: minutes on two CPU cores."""
    return small(replace(market1501(), preset="mannequin", data=DataConfig(name="mannequin")))


def folder() -> RunConfig:
    """Your own crops, a folder for each identity; some identities are held out for testing."""
    return replace(market1501(), preset="folder", data=DataConfig(name="folder"))


def manifest() -> RunConfig:
    """Your own crops, listed in a CSV or Parquet file with the columns path, pid, camid, split."""
    return replace(market1501(), preset="manifest", data=DataConfig(name="manifest"))


def small(config: RunConfig) -> RunConfig:
    """Fewer channels and 64 x 32 images, trained from scratch: for a CPU, and for the bundled model.

    An E_a that starts from nothing pulls ten times as hard on a drawn pixel through its cross-entropy as the image
    terms do, so that term weighs a tenth of the published weight here, and the code term twice; both ramps and it
    start early, since E_a knows somebody by then. E_s hands its grey image on, so that all but the clothes is sharp;
    it sees people relit and redressed, so that clothes come from the appearance code: redrawing takes the place of
    the cycle. Codes are taken as they will be in use. Muon draws as well after a third of the steps Adam needs
    (docs/log.md).
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
            config.loss, r1_every=8, id_generated=0.05, code_a=2.0, cycle=0.0, redrawn=10.0, running_codes=True
        ),
        teacher=replace(
            config.teacher, backbone=backbone, batch_size=16, backbone_lr=0.05, head_lr=0.05, min_accuracy=0.2
        ),
        sample_every=200,
        checkpoint_every=200,
    )
    from_scratch = replace(resized.schedule, warmup=5_000, decay="cosine", ramp_start=10_000, id_generated_start=10_000)
    return replace(resized, schedule=from_scratch).scaled(1_000)


def full(config: RunConfig) -> RunConfig:
    """The published network sizes at 256 x 128 and the published schedule, on the same data."""
    base = market1501()
    return replace(base, preset=config.preset, data=replace(base.data, name=config.data.name, root=config.data.root))


def baseline(config: RunConfig) -> RunConfig:
    """Ablation: the Baseline alone, no generator."""
    return replace(config, joint=False)


def no_feed(config: RunConfig) -> RunConfig:
    """Ablation: generated images are not fed back to the re-id model (no L_prim, no L_fine)."""
    return replace(config, loss=replace(config.loss, prim=0.0, fine=0.0))


def no_id(config: RunConfig) -> RunConfig:
    """Ablation: no online feeding, and no identity supervision of generated images either."""
    return replace(config, loss=replace(config.loss, prim=0.0, fine=0.0, id_generated=0.0))


def ibn(config: RunConfig) -> RunConfig:
    """E_a's ResNet becomes ResNet-IBN-a; the teacher's stays as it is."""
    backbone = replace(config.network.backbone, ibn=True)
    return replace(config, network=replace(config.network, backbone=backbone))


def _with_labels(labels: LabelStrategy) -> Callable[[RunConfig], RunConfig]:
    def modify(config: RunConfig) -> RunConfig:
        return replace(config, loss=replace(config.loss, labels=labels))

    modify.__doc__ = f"Ablation: generated images are labelled by {labels!r}."
    return modify


DATA_PRESETS: dict[str, Callable[[], RunConfig]] = {
    maker.__name__: maker for maker in (mannequin, market1501, dukemtmc, msmt17, cuhk03np, folder, manifest)
}
MODIFIERS: dict[str, Callable[[RunConfig], RunConfig]] = {
    "small": small,
    "full": full,
    "baseline": baseline,
    "no_feed": no_feed,
    "no_id": no_id,
    "ibn": ibn,
    "pseudo": _with_labels("pseudo"),
    "appearance": _with_labels("appearance"),
    "lsro": _with_labels("lsro"),
    "two_label": _with_labels("two_label"),
}


def preset(name: str) -> RunConfig:
    """The configuration named `DATA[+MODIFIER...]`; a modifier alone modifies `mannequin`.

    Raises:
        ConfigError: naming the part that does not exist, and the nearest that does.
    """
    first, *rest = name.split("+")
    if first in MODIFIERS:
        first, rest = "mannequin", [first, *rest]
    if first not in DATA_PRESETS:
        raise ConfigError(f"preset {name!r}: no data preset {first!r}{nearest(first, [*DATA_PRESETS, *MODIFIERS])}")
    config = DATA_PRESETS[first]()
    for modifier in rest:
        if modifier not in MODIFIERS:
            raise ConfigError(f"preset {name!r}: no modifier {modifier!r}{nearest(modifier, list(MODIFIERS))}")
        config = MODIFIERS[modifier](config)
    return replace(config, preset=name)
