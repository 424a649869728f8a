"""Files of tensors: what is written is read back, and every way a file can be bad is an error."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from dgnet.files.foreign import read_foreign
from dgnet.files.tensors import WeightsError, read_tensors, write_tensors

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool]


def some_tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "weight": torch.randn(16, 3, 3, 3, generator=generator),
        "step": torch.tensor(7),
        "none": torch.zeros(0, 4),
    }


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "some.safetensors"
    write_tensors(path, some_tensors(), {"kind": "test"})
    return path


@settings(max_examples=15, deadline=None)
@given(
    shape=st.lists(st.integers(0, 4), max_size=4),
    dtype=st.sampled_from(DTYPES),
    metadata=st.dictionaries(st.text(), st.text(), max_size=3),
)
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, shape: list[int], dtype: torch.dtype, metadata: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("files") / "a.safetensors"
    tensor = torch.randn(shape, generator=torch.Generator().manual_seed(1)).mul(100).to(dtype)
    write_tensors(path, {"x": tensor}, metadata)
    tensors, found = read_tensors(path)
    assert found == metadata
    assert list(tensors) == ["x"]
    assert tensors["x"].dtype == dtype
    assert torch.equal(tensors["x"], tensor)


def test_layout_and_shared_memory_do_not_matter(tmp_path: Path) -> None:
    base = torch.arange(96.0)
    image = base.view(2, 3, 4, 4)
    tensors = {
        "a": image,
        "b": image,
        "part": base[5:9],
        "last": image.contiguous(memory_format=torch.channels_last),
        "t": base.view(8, 12).T,
    }
    write_tensors(tmp_path / "a", tensors, {})
    found, _ = read_tensors(tmp_path / "a")
    for name, tensor in tensors.items():
        assert torch.equal(found[name], tensor), name


def test_what_was_read_is_ours_to_change(written: Path) -> None:
    tensors, _ = read_tensors(written)
    tensors["weight"].add_(1)
    assert torch.equal(read_tensors(written)[0]["weight"], some_tensors()["weight"])


def test_what_was_read_stays_when_the_file_is_overwritten_in_place(written: Path) -> None:
    tensors, _ = read_tensors(written)
    written.write_bytes(bytes(written.stat().st_size))
    assert torch.equal(tensors["weight"], some_tensors()["weight"])


def test_replaces_an_older_file_and_keeps_the_usual_permissions(written: Path) -> None:
    write_tensors(written, {"x": torch.ones(2)}, {})
    assert list(read_tensors(written)[0]) == ["x"]
    assert os.listdir(written.parent) == [written.name]
    plain = written.with_name("plain")
    plain.touch()
    assert written.stat().st_mode == plain.stat().st_mode


def test_every_flipped_byte_is_noticed(written: Path) -> None:
    whole = written.read_bytes()
    for position in range(0, len(whole), 41):
        written.write_bytes(whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :])
        with pytest.raises(WeightsError, match=r"some\.safetensors"):
            read_tensors(written)


def test_a_flipped_weight_is_called_damage(written: Path) -> None:
    whole = bytearray(written.read_bytes())
    whole[-3] ^= 1
    written.write_bytes(whole)
    with pytest.raises(WeightsError, match=r"some\.safetensors: truncated or damaged"):
        read_tensors(written)


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_truncated(written: Path, keep: int) -> None:
    written.write_bytes(written.read_bytes()[:keep])
    with pytest.raises(WeightsError, match=r"some\.safetensors: truncated or damaged"):
        read_tensors(written)


def test_missing_folder_and_foreign(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="nothing here: no such file"):
        read_tensors(tmp_path / "nothing here")
    with pytest.raises(WeightsError, match="not a file"):
        read_tensors(tmp_path)
    save_file({"x": torch.ones(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(WeightsError, match=r"foreign\.safetensors: not a file of dgnet's"):
        read_tensors(tmp_path / "foreign.safetensors")
    (tmp_path / "text").write_text("hello, I am a README of some length\n" * 9)
    with pytest.raises(WeightsError, match="text: truncated or damaged, or not a safetensors file"):
        read_tensors(tmp_path / "text")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WeightsError, match=r"file/a\.safetensors: cannot be written"):
        write_tensors(tmp_path / "file" / "a.safetensors", {"x": torch.ones(1)}, {})


FULL_DISK = """
import resource, sys, torch
from dgnet.files.tensors import WeightsError, write_tensors
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    write_tensors(sys.argv[1], {"x": torch.zeros(100_000)}, {})
except WeightsError as error:
    print(error)
    sys.exit(3)
"""


def test_a_full_disk_leaves_the_old_file_and_nothing_else(written: Path) -> None:
    """A limit on the size of files stands for a full disk: both fail in the middle of writing."""
    before = written.read_bytes()
    done = subprocess.run([sys.executable, "-c", FULL_DISK, written], capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert str(written) in done.stdout
    assert "free some space" in done.stdout
    assert written.read_bytes() == before
    assert os.listdir(written.parent) == [written.name]


class Evil:
    """Unpickling this object would make a file; no file proves that nothing was run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return Path.touch, (self.path,)


def test_foreign_files_run_no_code(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    torch.save({"a": Evil(proof)}, tmp_path / "evil.pth")
    with pytest.raises(WeightsError, match=r"evil\.pth: damaged, or holds more than tensors"):
        read_foreign(tmp_path / "evil.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Evil(proof), protocol=2))
    with pytest.raises(WeightsError, match=r"plain\.pth"):
        read_foreign(tmp_path / "plain.pth")
    assert not proof.exists()


def test_foreign_files_are_read(tmp_path: Path) -> None:
    torch.save({"a": {"x": torch.ones(3)}}, tmp_path / "a.pt")
    save_file({"x": torch.ones(3)}, tmp_path / "b.safetensors")
    assert torch.equal(read_foreign(tmp_path / "a.pt")["a"]["x"], torch.ones(3))  # type: ignore[index]
    assert torch.equal(read_foreign(tmp_path / "b.safetensors")["x"], torch.ones(3))  # type: ignore[index]


@pytest.mark.parametrize("keep", [0, 10, 300, -40])
def test_a_truncated_foreign_file_is_named(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "cut.pth"
    torch.save({"x": torch.ones(300)}, path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WeightsError, match=r"cut\.pth: (truncated|damaged)"):
        read_foreign(path)
