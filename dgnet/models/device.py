"""The device that networks run on, from the names that `--device` and `device=` accept, and their precision there."""

from __future__ import annotations

import logging
import re

import torch

from dgnet.config import ConfigError, Precision

logger = logging.getLogger(__name__)

ACCEPTED = "auto, cpu, cuda, cuda:N (or N alone) or mps"


def pick_device(name: str | int | torch.device) -> torch.device:
    """The device with a name: `auto` is a CUDA device if there is one, else the CPU; `0` is `cuda:0`.

    `auto` never picks `mps`, since dgnet was not tried on it; it must be named.

    Raises:
        ConfigError: the name is not an accepted one, or this machine has no such device.
    """
    word = str(name).strip().lower()
    if word == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if word in ("cpu", "cpu:0"):
        return torch.device("cpu")
    if word in ("mps", "mps:0"):
        if not torch.backends.mps.is_available():
            raise ConfigError(f"device: found {name!r}, but torch sees no Apple GPU (mps) here; use cpu")
        return torch.device("mps")
    number = re.fullmatch(r"cuda|(?:cuda:)?([0-9]{1,4})", word)
    if not number:
        raise ConfigError(f"device: found {name!r}, must be {ACCEPTED}")
    if not torch.cuda.is_available():
        raise ConfigError(f"device: found {name!r}, but torch sees no CUDA device here; use cpu")
    count = torch.cuda.device_count()
    if number[1] is not None and int(number[1]) >= count:
        there = "cuda:0 alone" if count == 1 else f"cuda:0 to cuda:{count - 1}"
        raise ConfigError(f"device: found {name!r}, but torch sees {there} here")
    return torch.device("cuda" if number[1] is None else f"cuda:{int(number[1])}")


def computes_bf16(device: torch.device) -> bool:
    """Whether a device has instructions for bf16. Elsewhere torch imitates it, slower than fp32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    able = torch.cpu.get_capabilities()
    return device.type == "cpu" and any(able.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def autocast_for(device: torch.device, precision: Precision) -> torch.autocast:
    """The precision of networks' arithmetic on a device, as a context; with `fp32` it changes nothing.

    It warns where bf16 would be slower than fp32 (`computes_bf16`).
    """
    if precision == "bf16" and not computes_bf16(device):
        logger.warning("precision bf16: this %s only imitates it; fp32 is faster here", device.type)
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")
