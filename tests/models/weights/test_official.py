"""The importer, against an independent network written here, from the description, directly on the published names.

`official_checkpoint_keys.tsv.gz` lists the names and shapes in the authors' released checkpoints; the numbers are drawn
at random. The reference below is plain functional arithmetic in float64: it shares nothing with dgnet but the input.
"""

from __future__ import annotations

import gzip
import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from dgnet.config import BackboneConfig, preset
from dgnet.files.outputs import OutputError
from dgnet.files.tensors import WeightsError
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.models.weights.official import ImportedCheckpoint, import_official, read_official
from dgnet.models.weights.ours import LoadedModel, load_discriminator, load_model, load_teacher

NAMES = Path(__file__).with_name("official_checkpoint_keys.tsv.gz")
FILES = {"gen": "gen_00100000.pt", "id": "id_00100000.pt", "dis": "dis_00100000.pt", "net": "net_last.pth"}
State = dict[str, Tensor]


# ---------------------------------------------------------------- published files


def published_shapes() -> dict[str, dict[str, tuple[int, ...]]]:
    """For each of the four files (gen, id, dis, net): names and shapes. A scalar is batch norm's count of batches."""
    shapes: dict[str, dict[str, tuple[int, ...]]] = {}
    for line in gzip.decompress(NAMES.read_bytes()).decode().splitlines():
        if line.startswith("#"):
            shapes[line[2:].split("_")[0]] = section = {}
        elif line:
            name, shape, _ = line.split("\t")
            section[name] = () if shape == "scalar" else tuple(int(size) for size in shape.split("x"))
    return shapes


def draw(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    if not shape:
        return torch.tensor(1000)
    if len(shape) > 1:
        return torch.randn(shape, generator=generator) * math.sqrt(2 / math.prod(shape[1:]))
    if name.endswith((".running_var", ".weight", ".gamma")):
        return torch.rand(shape, generator=generator) + 0.2
    return torch.randn(shape, generator=generator) * 0.1


def cheap(shapes: dict[str, tuple[int, ...]]) -> State:
    """Tensors of these shapes that need no space in memory or in a file."""
    return {
        name: torch.zeros(1).expand(shape) if shape else torch.zeros((), dtype=torch.int64)
        for name, shape in shapes.items()
    }


def save(folder: Path, kind: str, state: State) -> Path:
    """Save one file as published: the state dict under the key "a"; the teacher's without a key."""
    path = folder / FILES[kind]
    torch.save(state if kind == "net" else {"a": state}, path)
    return path


@dataclass(frozen=True)
class Published:
    """Random files in the published form, imported; and dgnet's networks as read from the result, in float64."""

    states: dict[str, State]
    imported: ImportedCheckpoint
    model: LoadedModel[DGNet]
    discriminator: LoadedModel[Discriminator]
    teacher: LoadedModel[Teacher]

    def state(self, kind: str) -> State:
        """The tensors of a published file in float64."""
        return {name: tensor.double() for name, tensor in self.states[kind].items()}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    folder = tmp_path_factory.mktemp("official")
    generator = torch.Generator().manual_seed(0)
    states = {
        kind: {name: draw(name, shape, generator) for name, shape in shapes.items()}
        for kind, shapes in published_shapes().items()
    }
    gen, appearance, dis, net = (save(folder, kind, states[kind]) for kind in FILES)
    imported = import_official(gen, appearance, dis, net, out=folder / "new" / "ours")
    files = imported.files
    judge, teacher, model = load_discriminator(files[0]), load_teacher(files[1]), load_model(files[2])
    for network in (judge.model, teacher.model, model.model):
        network.double()
    yield Published(states, imported, model, judge, teacher)
    shutil.rmtree(folder)  # half a gigabyte


@pytest.fixture(scope="module")
def images() -> Tensor:
    """Two images of 96 x 64: their structure code, 24 x 16, is large enough for a reflection pad of 9.

    The second has so little contrast that the norms' eps of 1e-5 matters.
    """
    x = torch.randn(2, 3, 96, 64, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x[1] *= 0.01
    return x


# ---------------------------------------------------------------- the reference


def lrelu(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, 0.2 * x)


def conv(p: State, name: str, x: Tensor, stride: int = 1, dilation: int = 1) -> Tensor:
    weight = p[f"{name}.weight"]
    pad = dilation * (weight.shape[-1] // 2)
    if pad:
        x = F.pad(x, (pad, pad, pad, pad), mode="reflect")
    return F.conv2d(x, weight, p[f"{name}.bias"], stride=stride, dilation=dilation)


def instance_norm(x: Tensor) -> Tensor:
    mean = x.mean((2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean((2, 3), keepdim=True)
    return (x - mean) / torch.sqrt(variance + 1e-5)


def map_layer_norm(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    result = []
    for image in x:
        centred = image - image.mean()
        std = torch.sqrt((centred**2).sum() / (image.numel() - 1))
        result.append(centred / (std + 1e-5) * gamma[:, None, None] + beta[:, None, None])
    return torch.stack(result)


def structure_code(p: State, x: Tensor) -> Tensor:
    root = "enc_content.model"
    x = (x[:, 0:1] + x[:, 1:2] + x[:, 2:3]) / 3
    for k, stride in enumerate((2, 1, 1, 2)):
        x = lrelu(instance_norm(conv(p, f"{root}.{k}.conv", x, stride)))
    for k in range(4):
        y = lrelu(instance_norm(conv(p, f"{root}.4.model.{k}.model.0.conv", x)))
        x = x + instance_norm(conv(p, f"{root}.4.model.{k}.model.1.conv", y))
    parts = [instance_norm(conv(p, f"{root}.5.conv1.conv", x))]
    for name, dilation in (("conv6", 3), ("conv12", 6), ("conv18", 9)):
        y = lrelu(instance_norm(conv(p, f"{root}.5.{name}.0.conv", x)))
        parts.append(instance_norm(conv(p, f"{root}.5.{name}.1.conv", y, dilation=dilation)))
    return instance_norm(conv(p, f"{root}.5.fuse.conv", torch.cat(parts, 1)))


def mlp(p: State, name: str, x: Tensor) -> Tensor:
    for layer in range(3):
        x = x @ p[f"{name}.model.{layer}.fc.weight"].T + p[f"{name}.model.{layer}.fc.bias"]
        x = lrelu(x) if layer < 2 else x
    return x


def decode(p: State, a: Tensor, s: Tensor) -> Tensor:
    x = s
    for k in range(4):
        quarter = torch.stack([torch.stack(list(code[512 * k : 512 * (k + 1)])).reshape(-1) for code in a])
        w, b = mlp(p, f"mlp_w{k + 1}", quarter), mlp(p, f"mlp_b{k + 1}", quarter)
        y = x
        for unit in range(2):
            y = instance_norm(conv(p, f"dec.model.1.model.{k}.model.{unit}.conv", y))
            y = w[:, 128 * unit : 128 * unit + 128, None, None] * y + b[:, 128 * unit : 128 * unit + 128, None, None]
            y = lrelu(y) if unit == 0 else y
        x = x + y
    for k in (3, 5):
        x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
        x = conv(p, f"dec.model.{k}.conv", x)
        x = lrelu(map_layer_norm(x, p[f"dec.model.{k}.norm.gamma"], p[f"dec.model.{k}.norm.beta"]))
    x = lrelu(conv(p, "dec.model.6.conv", x))
    x = lrelu(conv(p, "dec.model.7.conv", x))
    return conv(p, "dec.model.8.conv", x)


def batch_norm(p: State, name: str, x: Tensor) -> Tensor:
    shape = (1, -1) + (1,) * (x.ndim - 2)
    mean, variance, weight, bias = (
        p[f"{name}.{leaf}"].view(shape) for leaf in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / torch.sqrt(variance + 1e-5) * weight + bias


def resnet50(p: State, x: Tensor, last_stride: int) -> Tensor:
    x = F.conv2d(x, p["model.conv1.weight"], stride=2, padding=3)
    x = F.max_pool2d(torch.relu(batch_norm(p, "model.bn1", x)), 3, 2, 1)
    for stage, (depth, first) in enumerate(zip((3, 4, 6, 3), (1, 2, 2, last_stride), strict=True), start=1):
        for k in range(depth):
            name, stride = f"model.layer{stage}.{k}", first if k == 0 else 1
            y = torch.relu(batch_norm(p, f"{name}.bn1", F.conv2d(x, p[f"{name}.conv1.weight"])))
            y = F.conv2d(y, p[f"{name}.conv2.weight"], stride=stride, padding=1)
            y = torch.relu(batch_norm(p, f"{name}.bn2", y))
            y = batch_norm(p, f"{name}.bn3", F.conv2d(y, p[f"{name}.conv3.weight"]))
            if k == 0:
                x = F.conv2d(x, p[f"{name}.downsample.0.weight"], stride=stride)
                x = batch_norm(p, f"{name}.downsample.1", x)
            x = torch.relu(x + y)
    return x


def head(p: State, name: str, x: Tensor) -> tuple[Tensor, Tensor]:
    feature = x @ p[f"{name}.add_block.0.weight"].T + p[f"{name}.add_block.0.bias"]
    feature = batch_norm(p, f"{name}.add_block.1", feature)
    return feature, feature @ p[f"{name}.classifier.0.weight"].T + p[f"{name}.classifier.0.bias"]


def stripes(x: Tensor) -> Tensor:
    """Adaptive max pool to 4 x 1: stripe k spans rows floor(kH/4) to ceil((k+1)H/4)."""
    H = x.shape[2]
    return torch.stack([x[:, :, k * H // 4 : -(-(k + 1) * H // 4)].amax((2, 3)) for k in range(4)], 2)


def discriminate(p: State, x: Tensor) -> list[Tensor]:
    scores = []
    for scale in range(3):
        y = x
        for k, stride in enumerate((1, 1, 2, 1, 2)):
            y = lrelu(conv(p, f"cnns.{scale}.{k}.conv", y, stride))
        for k in range(5, 9):
            z = conv(p, f"cnns.{scale}.{k}.model.1.conv", lrelu(conv(p, f"cnns.{scale}.{k}.model.0.conv", y)))
            y = y + z
        scores.append(conv(p, f"cnns.{scale}.9", y))
        total = F.conv2d(x, x.new_ones(3, 1, 3, 3), stride=2, padding=1, groups=3)
        count = F.conv2d(torch.ones_like(x), x.new_ones(3, 1, 3, 3), stride=2, padding=1, groups=3)
        x = total / count
    return scores


def assert_same(ours: Tensor, reference: Tensor) -> None:
    """Assert that both are equal to 1e-5 of the reference's size, and that the reference is not near 0."""
    scale = float(reference.abs().max())
    assert 1e-2 < scale < 1e6
    torch.testing.assert_close(ours, reference, rtol=0, atol=1e-5 * scale)


# ---------------------------------------------------------------- the same numbers


@pytest.mark.parametrize("width", [64, 40])
def test_structure_encoder(published: Published, images: Tensor, width: int) -> None:
    model = published.model.model
    x = images[..., :width]
    with torch.no_grad():
        ours = model.structure_encoder(x)
    assert ours.shape == (2, 128, 24, width // 4)
    assert_same(ours, structure_code(published.state("gen"), x))


@pytest.mark.parametrize("size", [(24, 16), (3, 2)])
def test_decoder(published: Published, size: tuple[int, int]) -> None:
    """A small map is included for the layer norm: biased and unbiased deviations of so few numbers differ clearly."""
    model = published.model.model
    generator = torch.Generator().manual_seed(2)
    a = torch.randn(2, 2048, 4, generator=generator, dtype=torch.float64)
    s = torch.randn(2, 128, *size, generator=generator, dtype=torch.float64)
    s[1] *= 0.003
    with torch.no_grad():
        ours = model.compose(a, s)
    assert ours.shape == (2, 3, 4 * size[0], 4 * size[1])
    assert_same(ours, decode(published.state("gen"), a, s))


def test_appearance_encoder_and_swap(published: Published, images: Tensor) -> None:
    model = published.model.model
    state = published.state("id")
    feature_map = resnet50(state, images, last_stride=1)
    a, pooled = stripes(feature_map), feature_map.amax((2, 3))
    with torch.no_grad():
        ours, swapped = model.appearance_encoder(images), model.swap(images, images.flip(0))
    assert ours.a.shape == (2, 2048, 4)
    assert_same(ours.a, a)
    for found, name in ((ours.prim, "classifier1"), (ours.fine, "classifier2")):
        feature, logits = head(state, name, pooled)
        assert_same(found.feature, feature)
        assert_same(found.logits, logits)
    gen = published.state("gen")
    assert_same(swapped, decode(gen, a, structure_code(gen, images.flip(0))))


def test_discriminator(published: Published, images: Tensor) -> None:
    with torch.no_grad():
        ours = published.discriminator.model(images[..., :62])  # an odd size at the third scale
    reference = discriminate(published.state("dis"), images[..., :62])
    assert len(ours) == len(reference) == 3
    for found, expected in zip(ours, reference, strict=True):
        assert_same(found, expected)


def test_teacher(published: Published, images: Tensor) -> None:
    teacher = published.teacher.model
    assert published.teacher.config.teacher.backbone.last_stride == 2
    state = published.state("net")
    pooled = resnet50(state, images, last_stride=2).mean((2, 3))
    feature, logits = head(state, "classifier", pooled)
    assert_same(teacher.features(images), feature)
    assert_same(teacher(images), logits)


# ---------------------------------------------------------------- every tensor accounted for


def test_what_the_import_says(published: Published) -> None:
    imported = published.imported
    assert [path.name for path in imported.files] == [
        "discriminator.safetensors",
        "teacher.safetensors",
        "model.safetensors",
    ]
    assert imported.num_classes == 751
    assert published.model.model.appearance_encoder.fine.classifier.out_features == 751
    counters = sum(name.endswith("num_batches_tracked") for kind in ("id", "net") for name in published.states[kind])
    assert {reason: len(names) for reason, names in imported.dropped.items()} == {
        "running statistics of AdaIN, which uses each image's own": 16,
        "ImageNet classifier": 2,
        "counters of batches": counters,
    }
    assert imported.dropped["ImageNet classifier"] == (
        "id_00100000.pt: model.fc.weight",
        "id_00100000.pt: model.fc.bias",
    )
    assert "Left out, ImageNet classifier: id_00100000.pt: model.fc.weight and 1 more" in str(imported)
    assert str(imported).startswith("A model of 751 identities:\n  ")
    market = preset("market1501")
    for loaded in (published.model, published.discriminator, published.teacher):
        assert loaded.config == replace(market, teacher=replace(market.teacher, backbone=BackboneConfig(last_stride=2)))
        assert "gen_00100000.pt, id_00100000.pt, dis_00100000.pt, net_last.pth" in loaded.card["source"]


@pytest.mark.parametrize(("kind", "position"), [("gen", -1), ("id", 1), ("dis", 5), ("net", 9)])
def test_missing_unknown_and_misshapen_tensors_are_named(tmp_path: Path, kind: str, position: int) -> None:
    shapes = published_shapes()
    names = [name for name, shape in shapes[kind].items() if len(shape) == 4]
    lost, bent = names[position], names[position - 2]
    states = {key: cheap(value) for key, value in shapes.items()}
    del states[kind][lost]
    states[kind][bent] = torch.zeros(7, 5)
    states[kind]["something.else"] = torch.zeros(1)
    paths = {key: save(tmp_path, key, state) for key, state in states.items()}
    with pytest.raises(WeightsError) as raised:
        read_official(paths["gen"], paths["id"], paths["dis"], paths["net"])
    shape = "x".join(str(size) for size in shapes[kind][bent])
    assert str(raised.value) == (
        f"{paths[kind]}: its tensors do not fit the network; 1 missing: {lost}; 1 unknown: something.else; "
        f"1 of another shape: {bent} (found 7x5, must be {shape})"
    )


def test_files_given_in_another_order(tmp_path: Path) -> None:
    paths = {kind: save(tmp_path, kind, cheap(shapes)) for kind, shapes in published_shapes().items()}
    with pytest.raises(WeightsError, match=r"gen_00100000\.pt: has no classifier1.*enc_content.*another of the files"):
        read_official(paths["id"], paths["gen"])
    with pytest.raises(WeightsError, match=r"dis_00100000\.pt: has none of the tensors .*cnns.*another of the files"):
        read_official(paths["dis"], paths["id"])
    with pytest.raises(WeightsError, match=r"dis_00100000\.pt: has no classifier\.classifier"):
        read_official(paths["gen"], paths["id"], None, paths["dis"])


def test_a_teacher_of_other_identities_is_refused(tmp_path: Path) -> None:
    shapes = published_shapes()
    shapes["net"] |= {"classifier.classifier.0.weight": (702, 512), "classifier.classifier.0.bias": (702,)}
    paths = {kind: save(tmp_path, kind, cheap(value)) for kind, value in shapes.items()}
    with pytest.raises(WeightsError, match=r"net_last\.pth: a teacher of 702 identities.*knows 751"):
        read_official(paths["gen"], paths["id"], teacher=paths["net"])


def test_case_22_published_files_that_were_saved_again(tmp_path: Path) -> None:
    """As saved by a program that wraps the network, or that adds the epoch."""
    states = {kind: cheap(shapes) for kind, shapes in published_shapes().items()}
    expected = read_official(*(save(tmp_path, kind, states[kind]) for kind in ("gen", "id"))).model.state_dict()
    torch.save({"a": {f"module.{name}": tensor for name, tensor in states["gen"].items()}}, tmp_path / "gen.pt")
    torch.save({"epoch": 3, "state_dict": states["id"]}, tmp_path / "id.pt")
    found = read_official(tmp_path / "gen.pt", tmp_path / "id.pt").model.state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_files_that_are_something_else(tmp_path: Path) -> None:
    appearance = save(tmp_path, "id", cheap(published_shapes()["id"]))
    other = tmp_path / "other.pt"
    for contents, message in (
        ([1, 2], "found a list, must be named tensors"),
        ({"a": {"x": 3}}, "found int at 'x'"),
        ({}, "found nothing, must be named tensors"),
    ):
        torch.save(contents, other)
        with pytest.raises(WeightsError, match=rf"other\.pt: .*{message}"):
            read_official(other, appearance)
    with pytest.raises(WeightsError, match="nowhere: no such file"):
        read_official(tmp_path / "nowhere", appearance)


def test_an_output_folder_that_cannot_be_made(tmp_path: Path) -> None:
    paths = {kind: save(tmp_path, kind, cheap(shapes)) for kind, shapes in published_shapes().items()}
    with pytest.raises(OutputError, match=r"--out: .*gen_00100000\.pt is a file, must be a folder"):
        import_official(paths["gen"], paths["id"], out=paths["gen"])


def test_another_number_of_identities_and_stride(tmp_path: Path) -> None:
    """DukeMTMC-reID has 702 identities; the saved settings are this data set's, with the teacher's stride as asked."""
    shapes = published_shapes()
    for name in ("classifier1", "classifier2"):
        shapes["id"] |= {f"{name}.classifier.0.weight": (702, 512), f"{name}.classifier.0.bias": (702,)}
    paths = {kind: save(tmp_path, kind, cheap(shapes[kind])) for kind in ("gen", "id")}
    result = read_official(paths["gen"], paths["id"], teacher_stride=1)
    assert result.config.data.name == "dukemtmc"
    assert result.model.appearance_encoder.prim.classifier.out_features == 702
    assert result.config.teacher.backbone.last_stride == 1
    assert result.discriminator is result.teacher is None
    assert not result.model.training
