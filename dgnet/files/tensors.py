"""Files of named tensors, written whole or not at all, with a checksum compared when read. Nothing is unpickled."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from dgnet.errors import DgnetError
from dgnet.files.whole_file import written_whole

CHECKSUM = "dgnet.sha256"
PATH_LIKE = str | os.PathLike[str]


class WeightsError(DgnetError, ValueError):
    """A file of tensors that cannot be written, read or used; the message names the file."""


def write_tensors(path: PATH_LIKE, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write tensors and metadata as safetensors with a checksum of both; an older file stays until the new is whole.

    Args:
        path: the file; its folder must exist.
        tensors: of any dtype, device and memory layout; they may share memory.
        metadata: strings to keep in the file beside them.

    Raises:
        WeightsError: the file cannot be written (the disk is full, say); nothing is left behind, an older file stays.
    """
    path = Path(path)
    assert CHECKSUM not in metadata
    # safetensors wants dense tensors on the CPU that share no memory; only those that are not so are copied.
    dense: dict[str, Tensor] = {}
    storages: set[int] = set()
    for name, tensor in tensors.items():
        plain = tensor.detach().cpu().contiguous()
        storage = plain.untyped_storage()
        shared = storage.data_ptr() in storages or storage.nbytes() != plain.nbytes
        dense[name] = plain.clone() if shared else plain
        storages.add(storage.data_ptr())
    try:
        with written_whole(path) as partial:
            with open(partial, "wb") as stream:
                mode = os.fstat(stream.fileno()).st_mode  # by the user's umask; safetensors makes files private
            save_file(dense, partial, {**metadata, CHECKSUM: _checksum(dense, metadata)})
            partial.chmod(mode & 0o777)
    except (OSError, SafetensorError) as error:
        full = any(os.strerror(code) in str(error) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
        advice = "; free some space, or write elsewhere" if full else ""
        raise WeightsError(f"{path}: cannot be written: {error}{advice}; nothing was changed") from error


def read_tensors(path: PATH_LIKE) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors (on the CPU) and the metadata that `write_tensors` wrote, after comparing their checksum.

    Raises:
        WeightsError: the file is missing, truncated, damaged, or was not written by `write_tensors`.
    """
    tensors, metadata = read_safetensors(Path(path))
    expected = metadata.pop(CHECKSUM, None)
    if expected is None:
        raise WeightsError(f"{path}: not a file of dgnet's: it carries no checksum")
    if expected != _checksum(tensors, metadata):
        raise WeightsError(f"{path}: truncated or damaged: its contents do not match its checksum; copy it again")
    return tensors, metadata


def read_metadata(path: PATH_LIKE) -> dict[str, str]:
    """The metadata of a `.safetensors` file, without reading its tensors; its checksum is not compared.

    Raises:
        WeightsError: the file is missing or not a safetensors file.
    """
    path = Path(path)
    require_file(path)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise _not_safetensors(path, error) from error


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of any program's `.safetensors` file. Raises WeightsError."""
    require_file(path)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            # Copies: the tensors must not change when the file does (when another is copied over it, say).
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
            return tensors, dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise _not_safetensors(path, error) from error


def _not_safetensors(path: Path, error: Exception) -> WeightsError:
    return WeightsError(f"{path}: truncated or damaged, or not a safetensors file: {error}")


def require_file(path: Path) -> None:
    """Raise WeightsError if there is no such file."""
    if not path.is_file():
        raise WeightsError(f"{path}: {'not a file' if path.exists() else 'no such file'}")


def _checksum(tensors: dict[str, Tensor], metadata: dict[str, str]) -> str:
    """SHA-256 over every name, dtype, shape and byte, and every line of metadata, in a fixed order."""
    digest = hashlib.sha256()
    for key in sorted(metadata):
        digest.update(repr((key, metadata[key])).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(repr((name, str(tensor.dtype), tuple(tensor.shape))).encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
