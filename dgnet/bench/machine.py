"""The machine: its name, its fastest matrix product, its peak memory."""

from __future__ import annotations

import os
import platform
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from dgnet.retrieval.kernel.products import Product, onednn_product

SIDE = 2048
SIDE_ON_A_GPU = 8192  # a smaller product does not use a whole GPU
ATTEMPTS = 5


def machine_name(device: torch.device) -> str:
    """One line: processor and threads, or GPU, and torch's version."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}"
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    name = names[0] if info.exists() and names else platform.processor() or platform.machine()
    return f"{name}, {torch.get_num_threads()} of {os.cpu_count()} cores, torch {torch.__version__}"


def wait_for(device: torch.device) -> None:
    """Wait until the device has finished its work. A CPU always has: its calls return only then."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def matmul_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations per second of the product A Bᵀ of square matrices: the best of several attempts.

    Each of the ways in `products` is attempted.
    """
    side = SIDE_ON_A_GPU if device.type == "cuda" else SIDE
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    best = float("inf")
    for product in products(device, dtype):
        for _ in range(ATTEMPTS):
            began = time.perf_counter()
            product(a, b)
            wait_for(device)
            best = min(best, time.perf_counter() - began)
    return 2 * side**3 / best


def products(device: torch.device, dtype: torch.dtype) -> list[Product]:
    """The functions that compute A Bᵀ here: torch's own and, on a CPU, oneDNN's, which convolutions use.

    torch's own uses MKL, which is slow on AMD processors. oneDNN refuses bf16 on a processor without instructions for
    it; the only way to know is to try.
    """
    own: Product = torch.nn.functional.linear
    onednn = onednn_product() if device.type == "cpu" else None
    if onednn is None:
        return [own]
    try:
        onednn(torch.zeros(8, 8, dtype=dtype), torch.zeros(8, 8, dtype=dtype))
    except RuntimeError:
        return [own]
    return [own, onednn]


def peak_memory(device: torch.device) -> int:
    """The most memory in use so far, in bytes: by tensors on a GPU, or by this whole process on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def table(rows: Sequence[tuple[str, str]]) -> str:
    """The rows as lines of two aligned columns."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
