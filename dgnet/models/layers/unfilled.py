"""Building a network whose weights are read from a file: no memory, no random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

# `nn.init` hands some of its own functions to modes, by keyword, and of others what they call on the tensor.
_RANDOM = (Tensor.normal_, Tensor.uniform_, nn.init.normal_, nn.init.uniform_, nn.init.kaiming_uniform_)


class _LeftAsTheyAre(TorchFunctionMode):
    """Filling a tensor with random numbers leaves it as it is.

    On `meta` it would do nothing but import torch's compiler, which takes longer than loading a model.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in _RANDOM:
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


@contextmanager
def unfilled() -> Iterator[None]:
    """Inside the context modules are built on the device `meta`: their tensors have a shape and no values."""
    with torch.device("meta"), _LeftAsTheyAre():
        yield
