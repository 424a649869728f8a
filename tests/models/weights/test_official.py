"""Published files that do not fit are named; those of other data sets, and those saved again, are imported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from dgnet.files.outputs import OutputError
from dgnet.files.tensors import WeightsError
from dgnet.models.weights.official import import_official, read_official

State = dict[str, Tensor]
Shapes = dict[str, tuple[int, ...]]
ReadShapes = Callable[[], dict[str, Shapes]]
Save = Callable[[Path, str, State], Path]


def cheap(shapes: Shapes) -> State:
    """Tensors of these shapes that need no space in memory or in a file."""
    return {
        name: torch.zeros(1).expand(shape) if shape else torch.zeros((), dtype=torch.int64)
        for name, shape in shapes.items()
    }


@pytest.mark.parametrize(("kind", "position"), [("gen", -1), ("id", 1), ("dis", 5), ("net", 9)])
def test_missing_unknown_and_misshapen_tensors_are_named(
    save: Save, published_shapes: ReadShapes, tmp_path: Path, kind: str, position: int
) -> None:
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


def test_files_given_in_another_order(save: Save, published_shapes: ReadShapes, tmp_path: Path) -> None:
    paths = {kind: save(tmp_path, kind, cheap(shapes)) for kind, shapes in published_shapes().items()}
    with pytest.raises(WeightsError, match=r"gen_00100000\.pt: has no classifier1.*enc_content.*another of the files"):
        read_official(paths["id"], paths["gen"])
    with pytest.raises(WeightsError, match=r"dis_00100000\.pt: has none of the tensors .*cnns.*another of the files"):
        read_official(paths["dis"], paths["id"])
    with pytest.raises(WeightsError, match=r"dis_00100000\.pt: has no classifier\.classifier"):
        read_official(paths["gen"], paths["id"], None, paths["dis"])


def test_a_teacher_of_other_identities_is_refused(save: Save, published_shapes: ReadShapes, tmp_path: Path) -> None:
    shapes = published_shapes()
    shapes["net"] |= {"classifier.classifier.0.weight": (702, 512), "classifier.classifier.0.bias": (702,)}
    paths = {kind: save(tmp_path, kind, cheap(value)) for kind, value in shapes.items()}
    with pytest.raises(WeightsError, match=r"net_last\.pth: a teacher of 702 identities.*knows 751"):
        read_official(paths["gen"], paths["id"], teacher=paths["net"])


def test_case_22_published_files_that_were_saved_again(
    save: Save, published_shapes: ReadShapes, tmp_path: Path
) -> None:
    """As saved by a program that wraps the network, or that adds the epoch."""
    states = {kind: cheap(shapes) for kind, shapes in published_shapes().items()}
    expected = read_official(*(save(tmp_path, kind, states[kind]) for kind in ("gen", "id"))).model.state_dict()
    torch.save({"a": {f"module.{name}": tensor for name, tensor in states["gen"].items()}}, tmp_path / "gen.pt")
    torch.save({"epoch": 3, "state_dict": states["id"]}, tmp_path / "id.pt")
    found = read_official(tmp_path / "gen.pt", tmp_path / "id.pt").model.state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_files_that_are_something_else(save: Save, published_shapes: ReadShapes, tmp_path: Path) -> None:
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


def test_an_output_folder_that_cannot_be_made(save: Save, published_shapes: ReadShapes, tmp_path: Path) -> None:
    paths = {kind: save(tmp_path, kind, cheap(shapes)) for kind, shapes in published_shapes().items()}
    with pytest.raises(OutputError, match=r"--out: .*gen_00100000\.pt is a file, must be a folder"):
        import_official(paths["gen"], paths["id"], out=paths["gen"])


def test_another_number_of_identities_and_stride(save: Save, published_shapes: ReadShapes, tmp_path: Path) -> None:
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
