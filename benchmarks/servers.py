"""The real servers of the tests, for benchmarks of galleries on them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parents[1] / "tests" / "gallery" / "servers" / "start.py"


def load_servers() -> Any:
    """The module that starts PostgreSQL or Milvus: `with load_servers().running("postgres") as server`."""
    spec = importlib.util.spec_from_file_location("dgnet_test_servers", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    servers = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = servers
    spec.loader.exec_module(servers)
    return servers
