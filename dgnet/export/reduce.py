"""Smaller ONNX files: weights in 16 bits, or weights and activations in 8 bits."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
from tqdm import tqdm

from dgnet.export.file_model import ExportError
from dgnet.export.onnx import INPUT

# fp32: as it is. half, bf16: weights in 16 bits, computed in fp32. int8: convolutions in 8 bits.
Precision = Literal["fp32", "half", "bf16", "int8"]
PRECISIONS: Final[tuple[Precision, ...]] = get_args(Precision)
FIRST_CONVOLUTIONS: Final = 4  # their errors are in all that follows, and little time is spent in them
PERCENTILE: Final = 99.999


def with_short_weights(data: bytes, precision: Literal["half", "bf16"]) -> bytes:
    """The file with its weights (matrices and kernels, not vectors) in 16 bits, which a Cast brings back to 32.

    Programs do so once, when they open the file: it is half the size and as fast as before, on every machine.

    Raises:
        ExportError: a weight is too large for half precision.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_from_string(data)
    graph = model.graph
    kind = TensorProto.FLOAT16 if precision == "half" else TensorProto.BFLOAT16
    casts, kept = [], []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or len(weight.dims) < 2:
            kept.append(weight)
            continue
        values = numpy_helper.to_array(weight)
        if precision == "half" and np.abs(values).max(initial=0) > np.finfo(np.float16).max:
            raise ExportError(f"{weight.name}: has weights too large for half precision; take bf16")
        raw = values.astype(np.float16).tobytes() if precision == "half" else _bf16(values).tobytes()
        short = f"{weight.name}.{precision}"
        kept.append(helper.make_tensor(short, kind, weight.dims, raw, raw=True))
        casts.append(helper.make_node("Cast", [short], [weight.name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend([*casts, *nodes])
    onnx.checker.check_model(model)
    short_data: bytes = model.SerializeToString()
    return short_data


def _bf16(values: np.ndarray) -> np.ndarray:
    """The upper 16 of the 32 bits, rounded to the nearest, to the even of two as near."""
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def quantised(data: bytes, images: np.ndarray, batch: int) -> bytes:
    """The file with its convolutions in 8 bits, their ranges taken from images (static quantisation).

    Weights have 7 bits of the 8 and a scale per channel: on processors without VNNI sums of 8 by 8 bits overflow. A
    range holds all but a hundred-thousandth of a map's values, since few are far from the rest and would leave the rest
    few steps. The first FIRST_CONVOLUTIONS stay in fp32.

    Args:
        images: N x 3 x H x W, as the file takes them.
        batch: how many the file takes at a time; 0 means any number.

    Raises:
        ExportError: onnxruntime cannot quantise the file.
    """
    import onnx
    from onnxruntime import quantization

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        """Batches by number, so that the maps of one alone are in memory at a time."""

        def __init__(self) -> None:
            self._batches = list(batches(images, batch))
            self._next = iter(self._batches)
            self._bar = tqdm(total=len(self._batches), desc="ranges", unit="batch", dynamic_ncols=True, delay=1)

        def __len__(self) -> int:
            return len(self._batches)

        def set_range(self, start_index: int, end_index: int) -> None:
            self._next = iter(self._batches[start_index:end_index])
            self._bar.update(end_index - start_index)
            if end_index == len(self):
                self._bar.close()

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self._next, None)

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):  # it prints every batch
        whole, folded, small = (Path(folder) / f"{name}.onnx" for name in ("whole", "folded", "small"))
        whole.write_bytes(data)
        try:
            quantization.quant_pre_process(str(whole), str(folded), skip_symbolic_shape=True)
            convolutions = [node.name for node in onnx.load(str(folded)).graph.node if node.op_type == "Conv"]
            quantization.quantize_static(
                str(folded),
                str(small),
                Reader(),
                quant_format=quantization.QuantFormat.QDQ,
                op_types_to_quantize=["Conv"],
                nodes_to_exclude=convolutions[:FIRST_CONVOLUTIONS],
                per_channel=True,
                reduce_range=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                calibrate_method=quantization.CalibrationMethod.Percentile,
                extra_options={"CalibPercentile": PERCENTILE, "CalibStridedMinMax": 1},  # one batch at a time
            )
        except Exception as error:  # whatever it meets in a graph
            raise ExportError(f"int8: onnxruntime cannot quantise this network: {error}") from error
        return _with_facts_of(data, small.read_bytes())


def batches(images: np.ndarray, batch: int) -> Iterator[dict[str, np.ndarray]]:
    """The images in batches of one size, the last filled with its last image."""
    size = batch or min(len(images), 8)
    for start in range(0, len(images), size):
        part = images[start : start + size]
        yield {INPUT: np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])}


def _with_facts_of(original: bytes, data: bytes) -> bytes:
    """A file with the metadata of the one that it was made of."""
    import onnx

    source, model = onnx.load_from_string(original), onnx.load_from_string(data)
    facts: dict[str, Any] = {one.key: one.value for one in source.metadata_props}
    onnx.helper.set_model_props(model, facts)
    complete: bytes = model.SerializeToString()
    return complete
