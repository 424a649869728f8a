"""Which files beside an ONNX file hold its weights, wherever in the network they are; the onnx package is the judge."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgnet.files.onnx_weights import _WITHIN, weight_files

onnx = pytest.importorskip("onnx", reason="the files to read are made with onnx")
KINDS = {
    "model": "ModelProto",
    "training": "TrainingInfoProto",
    "function": "FunctionProto",
    "graph": "GraphProto",
    "node": "NodeProto",
    "attribute": "AttributeProto",
    "sparse": "SparseTensorProto",
    "tensor": "TensorProto",
}


def tensor_in(location: str, name: str = "w") -> Any:
    tensor = onnx.numpy_helper.from_array(np.arange(4, dtype=np.float32), name)
    onnx.external_data_helper.set_external_data(tensor, location)
    tensor.ClearField("raw_data")
    return tensor


def model_of(nodes: list[Any], initializers: list[Any]) -> Any:
    return onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", [], [], initializers))


def test_each_field_leads_to_the_message_it_is_said_to() -> None:
    for kind, fields in _WITHIN.items():
        said = getattr(onnx, KINDS[kind]).DESCRIPTOR.fields_by_number
        leading = {number: one.message_type.name for number, one in said.items() if one.message_type is not None}
        assert {number: KINDS[within] for number, within in fields.items()} == {
            number: name for number, name in leading.items() if name in KINDS.values()
        }


def test_weights_are_found_wherever_they_are(tmp_path: Path) -> None:
    for name in ("a.data", "b.data", "unused.data"):
        (tmp_path / name).touch()
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "c.data").touch()
    branch = onnx.helper.make_graph(
        [onnx.helper.make_node("Constant", [], ["x"], value=tensor_in("below/c.data"))], "then", [], []
    )
    nodes = [onnx.helper.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=branch)]
    loaded = tensor_in("unused.data", "loaded")
    loaded.data_location = onnx.TensorProto.DEFAULT  # what is said of a file does not count then
    weights = [tensor_in("b.data", "u"), tensor_in("a.data", "v"), tensor_in("a.data"), tensor_in("gone"), loaded]
    path = tmp_path / "model.onnx"
    path.write_bytes(model_of(nodes, weights).SerializeToString())
    assert weight_files(path) == [tmp_path / name for name in ("a.data", "b.data", "below/c.data")]
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.onnx"
    os.symlink(path, link)
    assert weight_files(link) == weight_files(path)


def test_a_file_without_others_or_of_another_kind_has_none(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    own = onnx.numpy_helper.from_array(np.arange(400, dtype=np.float32), "w")
    whole = model_of([], [own]).SerializeToString()
    for data in (whole, b"", b"\x00", b"\xff" * 40, b"not a network", whole[:-100]):
        path.write_bytes(data)
        assert weight_files(path) == []
