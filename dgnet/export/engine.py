"""Our own networks through another engine: converted once, compared with torch, kept in the cache."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Final, Literal, get_args

import torch

from dgnet.config import RunConfig
from dgnet.export.file_model import ExportError, FileModel
from dgnet.export.onnx import (
    EXPORT_BATCH,
    BaselineNetwork,
    FeatureNetwork,
    feature_network,
    network_features,
    onnx_bytes,
    write_model,
)
from dgnet.export.onnx_model import ALPHA, OnnxModel
from dgnet.export.openvino_model import OpenVinoModel
from dgnet.export.parity import check_parity
from dgnet.files.cache import cache_root
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet

# auto: torch for dgnet's own networks, onnxruntime for .onnx, openvino for .xml
Engine = Literal["auto", "torch", "onnxruntime", "openvino"]
ENGINES: Final[tuple[Engine, ...]] = get_args(Engine)
VERSION = 1  # of how networks are converted: files in the cache that another version made are not used
log = logging.getLogger(__name__)


def engine_named(name: str) -> Engine:
    """The entry of ENGINES with that name. Raises ExportError."""
    for one in ENGINES:
        if one == name:
            return one
    raise ExportError(f"engine: found {name!r}, must be one of {', '.join(ENGINES)}")


def read_file_model(path: Path, engine: Engine, pixels: str) -> FileModel:
    """An ONNX or OpenVINO file, run by the engine that is asked for.

    Args:
        path: `.onnx`, or `.xml` with its `.bin` beside it.
        engine: `auto` is onnxruntime for the first, openvino for the second.
        pixels: as of `OnnxModel` and `OpenVinoModel`.

    Raises:
        ExportError: this engine does not run such a file, or the file cannot be used.
        PixelsError: as of those classes.
    """
    is_onnx = path.suffix.lower() == ".onnx"
    match engine:
        case "onnxruntime" | "auto" if is_onnx:
            return OnnxModel(path, pixels)
        case "openvino":
            return OpenVinoModel(path, pixels)
        case "auto":
            return OpenVinoModel(path, pixels)
    runs = "onnxruntime and openvino run" if is_onnx else "openvino alone runs"
    raise ExportError(f"engine: found {engine!r}, but {runs} {path}")


def through_engine(model: DGNet | Teacher, config: RunConfig, engine: Engine) -> FileModel:
    """What computes a model's features, run by `onnxruntime` or `openvino` on the CPU.

    The network is converted when it is first asked for, which takes up to a minute, and kept in the cache under a name
    made of its weights. Whenever it is opened, its features of a few drawn images are compared with torch's.

    Args:
        model: in eval mode; it is not moved, so it must be on the CPU.

    Raises:
        ExportError: a package is missing, or the engine computes other features than torch.
    """
    network = feature_network(model)
    folder = cache_root(config.data.cache) / "engines"
    path = folder / f"{_key(network, config)}.onnx"
    opened = OpenVinoModel if engine == "openvino" else OnnxModel
    if path.is_file():
        try:
            kept = opened(path)
            check_parity(network_features(network), kept, config.data.size)
            return kept
        except ExportError as error:
            log.warning("%s; it is made again", error)
    log.info("Converting the network for %s, once; it is kept in %s", engine, path)
    data = onnx_bytes(
        network, torch.zeros(EXPORT_BATCH, 3, *config.data.size), network.names, {ALPHA: str(config.alpha)}
    )
    made = opened(path, data=data)
    check_parity(network_features(network), made, config.data.size)
    write_model(path, data)
    return made


def _key(network: FeatureNetwork | BaselineNetwork, config: RunConfig) -> str:
    """A name that changes with the layers, the weights, the image size and how networks are converted."""
    about = (VERSION, torch.__version__, str(network), config.network, config.data.size, config.alpha)
    digest = hashlib.sha256(repr(about).encode())
    for name, tensor in network.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:32]
