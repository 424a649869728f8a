"""Ray clusters: joining one, how many workers it has room for, and what went wrong in a worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dgnet.errors import DgnetError
from dgnet.files.names import readable

LOCAL = "local"  # a cluster of this machine alone, for as long as the command runs


class ClusterError(DgnetError, RuntimeError):
    """A cluster that is not there, or the package for clusters; the message says what to do."""


@contextmanager
def joined(cluster: str) -> Iterator[Any]:
    """The module `ray`, while this process belongs to a cluster; one that it belonged to before is not left.

    Args:
        cluster: `local`, `auto` (the one that this machine belongs to) or HOST:PORT of its head.

    Raises:
        ClusterError: Ray is not installed, or there is no such cluster.
    """
    try:
        import ray
    except ImportError as error:
        raise ClusterError(f"a cluster needs the package {error.name}: pip install 'dgnet[ray]'") from error
    if ray.is_initialized():
        yield ray
        return
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        ray.init(None if cluster == LOCAL else cluster, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ClusterError(
            f"--ray {cluster}: there is no such cluster: {error}; start one with `ray start --head`, or give local"
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def workers_for(ray: Any, workers: int | None, device: str) -> tuple[int, dict[str, int]]:
    """How many workers, and what Ray reserves for each: by default one per GPU, or one per CPU where there is none."""
    resources = ray.cluster_resources()
    gpus = int(resources.get("GPU", 0)) if device in ("auto", "cuda") else 0
    number = workers or gpus or max(1, int(resources.get("CPU", 1)))
    return number, {"num_cpus": 0 if gpus else 1, "num_gpus": 1 if gpus else 0}


def cause(error: BaseException) -> str:
    """What went wrong in a worker: the message of the first DgnetError beneath Ray's own, else the last line."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, DgnetError):
            return str(seen)
        seen = getattr(seen, "cause", None) or seen.__cause__
    return readable(str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__)
