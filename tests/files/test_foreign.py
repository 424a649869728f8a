"""Files of other programs: objects beside the tensors are skipped and never run; files of other kinds are refused."""

from __future__ import annotations

import argparse
import collections
import datetime
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from dgnet.files.foreign import StandIn, read_foreign
from dgnet.files.tensors import WeightsError


@pytest.mark.parametrize(
    "beside",
    [
        np.float64(0.5),
        np.int64(3),
        np.bool_(True),
        np.str_("x"),
        np.ones(3),
        argparse.Namespace(lr=0.1, out=Path("runs"), more={"a": np.float32(1)}),
        datetime.datetime(2026, 1, 1),
        collections.defaultdict(int, {"a": 1}),
        collections.defaultdict(int, {"a": np.float64(1), "b": 2}),
        3,
        "x",
        [1.0, None],
    ],
    ids=lambda one: type(one).__name__,
)
@pytest.mark.parametrize("zipped", [True, False])
def test_case_22_whatever_lies_beside_the_tensors(beside: object, zipped: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    torch.save({"x": torch.arange(3), "beside": beside}, path, _use_new_zipfile_serialization=zipped)
    found = read_foreign(path)
    assert isinstance(found, dict)
    assert torch.equal(found["x"], torch.arange(3))
    assert isinstance(found["beside"], StandIn | dict) or found["beside"] == beside


def test_case_22_a_network_saved_whole(tmp_path: Path) -> None:
    """A network object beside tensors is skipped; torch's older file format, which adds its source text, is refused."""
    contents = {"x": torch.arange(3), "net": nn.Linear(2, 2)}
    torch.save(contents, tmp_path / "new.pth")
    found = read_foreign(tmp_path / "new.pth")
    assert isinstance(found, dict)
    assert isinstance(found["net"], StandIn)
    torch.save(contents, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    with pytest.raises(WeightsError, match=r"old\.pth: damaged, or holds more than tensors, which is not read"):
        read_foreign(tmp_path / "old.pth")


def test_case_22_a_file_is_what_it_holds_not_what_it_is_called(tmp_path: Path) -> None:
    save_file({"x": torch.ones(3)}, tmp_path / "a.pth")
    assert torch.equal(read_foreign(tmp_path / "a.pth")["x"], torch.ones(3))  # type: ignore[index]


class Code(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_case_22_what_cannot_be_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.trace(Code(), torch.ones(1)), tmp_path / "script.pt")
    (tmp_path / "page.pth").write_text("<!DOCTYPE html><html><body>404</body></html>")
    (tmp_path / "lfs.pth").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    (tmp_path / "noise.pth").write_bytes(b"\x00" * 100)
    for name, message in (
        ("script.pt", "a TorchScript archive, which is code; save its tensors alone"),
        ("page.pth", "a web page, not the file that it links to"),
        ("lfs.pth", "a pointer of Git LFS"),
        ("noise.pth", "damaged, or holds more than tensors"),
    ):
        with pytest.raises(WeightsError) as raised:
            read_foreign(tmp_path / name)
        said = str(raised.value)
        assert said.startswith(f"{tmp_path / name}: {message}")
        assert not re.search(r"\x1b|\n|add_safe_globals|weights_only|file an issue|PyTorch 2\.6", said)
