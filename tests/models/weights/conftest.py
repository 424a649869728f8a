"""Random files in the published form, and a small model of dgnet's own.

`official_checkpoint_keys.tsv.gz` lists the names and shapes in the authors' released checkpoints; the numbers are drawn
at random.
"""

from __future__ import annotations

import gzip
import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from dgnet.config import preset
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.models.weights.official import ImportedCheckpoint, import_official
from dgnet.models.weights.ours import LoadedModel, load_discriminator, load_model, load_teacher

NAMES = Path(__file__).with_name("official_checkpoint_keys.tsv.gz")
FILES = {"gen": "gen_00100000.pt", "id": "id_00100000.pt", "dis": "dis_00100000.pt", "net": "net_last.pth"}
State = dict[str, Tensor]
CONFIG = preset("mannequin")


def read_shapes() -> dict[str, dict[str, tuple[int, ...]]]:
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


def save_as_published(folder: Path, kind: str, state: State) -> Path:
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


@pytest.fixture
def published_shapes() -> Callable[[], dict[str, dict[str, tuple[int, ...]]]]:
    """Read the names and shapes in the published files."""
    return read_shapes


@pytest.fixture
def save() -> Callable[[Path, str, State], Path]:
    """Save tensors as one of the published files."""
    return save_as_published


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    """Half a gigabyte of files, which exist while one module's tests run."""
    folder = tmp_path_factory.mktemp("official")
    generator = torch.Generator().manual_seed(0)
    states = {
        kind: {name: draw(name, shape, generator) for name, shape in shapes.items()}
        for kind, shapes in read_shapes().items()
    }
    gen, appearance, dis, net = (save_as_published(folder, kind, states[kind]) for kind in FILES)
    imported = import_official(gen, appearance, dis, net, out=folder / "new" / "ours")
    files = imported.files
    judge, teacher, model = load_discriminator(files[0]), load_teacher(files[1]), load_model(files[2])
    for network in (judge.model, teacher.model, model.model):
        network.double()
    yield Published(states, imported, model, judge, teacher)
    shutil.rmtree(folder)


def shake_tensors(network: nn.Module) -> nn.Module:
    """Move every tensor off its initial value, running statistics included; leaves training mode on."""
    torch.manual_seed(1)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.add_(0.02 * torch.rand_like(tensor) if tensor.is_floating_point() else 5)
    return network.train()


@pytest.fixture(scope="session")
def shake() -> Callable[[nn.Module], nn.Module]:
    """Move a network's tensors off their initial values."""
    return shake_tensors


@pytest.fixture(scope="module")
def model(shake: Callable[[nn.Module], nn.Module]) -> DGNet:
    """A small model of 11 identities, in training mode."""
    return shake(DGNet(CONFIG.network, 11))  # type: ignore[return-value]


def compare_states(found: nn.Module, expected: nn.Module, tolerance: float = 0.0) -> None:
    state = found.state_dict()
    assert list(state) == list(expected.state_dict())
    for name, tensor in expected.state_dict().items():
        assert state[name].dtype == tensor.dtype
        torch.testing.assert_close(state[name], tensor, rtol=tolerance, atol=tolerance / 1000)


@pytest.fixture
def assert_same_state() -> Callable[..., None]:
    """Compare the tensors of two networks."""
    return compare_states
