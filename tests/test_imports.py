"""Imports run downward only, and heavy packages are imported only where they are needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dgnet

PACKAGE = Path(dgnet.__file__).parent
# A module imports from its own folder or from an earlier one. A longer name is a place of its own.
ORDER = (
    "errors",
    "config",
    "files",
    "mannequin",
    "data",
    "models",
    "losses",
    "retrieval.arrays",
    "retrieval.kernel",
    "retrieval",
    "generation",
    "quality",
    "gallery",
    "training",
    "report",
    "export",
    "experiment",
    "trackers",
    "serve",
    "bench",
    "cli",
    "__main__",
)
# Who alone may import a folder, and what a folder may never import, beside the order.
ALONE = {"retrieval.kernel": ("retrieval", "bench")}  # the benchmark of products times the kernel itself
NEVER = {"training": ("report", "gallery", "serve")}
# Packages of an extra, and torch's slow corners, are imported inside the function that uses them, and there alone.
WHERE_USED = (
    *("anny", "roma", "pyarrow", "onnx", "onnxscript", "onnxruntime", "timm", "lpips", "ray", "faiss", "pymilvus"),
    *("psycopg", "pgvector", "fastapi", "uvicorn", "sklearn", "openvino", "nncf", "torchvision", "tensorboard"),
    *("imageio_ffmpeg", "starlette", "pydantic", "prometheus_client"),
)
# All of a folder needs these; so it is the folder that is imported where it is used.
WHOLLY = {"serve": ("fastapi", "starlette", "pydantic", "uvicorn", "prometheus_client")}
HEAVY = ("torch", "numpy", "PIL", "safetensors", "tqdm")


def imported_names(tree: ast.AST, module: str) -> Iterator[tuple[int, str]]:
    """(line, absolute dotted name) of everything imported anywhere in a module, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = module.split(".")[: -node.level]
                base = ".".join([*parent, base] if base else parent)
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"


def is_for_type_checkers(node: ast.AST) -> bool:
    """`if TYPE_CHECKING:`, which is never run."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def place_of(parts: list[str]) -> str:
    """The entry of ORDER that a dotted name below `dgnet` belongs to: the longest that it starts with."""
    for length in (2, 1):
        name = ".".join(parts[:length])
        if name in ORDER:
            return name
    raise AssertionError(f"dgnet.{'.'.join(parts)} has no place in the order of imports; give it one in ORDER")


def wrong_imports(source: str, module: str) -> list[str]:
    """The imports of a module that break the rules, one line each."""
    parts = module.split(".")
    # dgnet/__init__.py imports errors alone at once, and everything else when it is used.
    own = "errors" if len(parts) == 1 else place_of(parts[1:])
    tree, wrong = ast.parse(source), []
    later = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) or is_for_type_checkers(one)]
    inside = {id(node) for one in later for node in ast.walk(one)}
    lazy_lines = {node.lineno for node in ast.walk(tree) if id(node) in inside and hasattr(node, "lineno")}
    for line, name in imported_names(tree, module):
        target = name.split(".")
        early = line not in lazy_lines and target[0] not in WHOLLY.get(own, ())
        if target[0] in WHERE_USED and early and not name.startswith("torch."):
            wrong.append(f"{module}, line {line}: imports {name} before it is used")
        if target[0] != "dgnet" or len(target) == 1 or target[1].startswith("__version"):
            continue
        if len(parts) == 1 and line in lazy_lines:
            continue  # the public face imports what is asked for, when it is asked for
        there = place_of(target[1:])
        upward = ORDER.index(there) > ORDER.index(own)
        private = there in ALONE and own != there and own not in ALONE[there]
        too_early = there in WHOLLY and own != there and line not in lazy_lines
        if upward or private or too_early or there in NEVER.get(own, ()):
            wrong.append(f"{module}, line {line}: imports {name}")
    return wrong


def modules() -> dict[str, Path]:
    """Dotted name -> file, of every module in the package; a folder's name ends in `.__init__`, except `dgnet`."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ["dgnet", *path.relative_to(PACKAGE).with_suffix("").parts]
        found[".".join(parts[:-1] if parts == ["dgnet", "__init__"] else parts)] = path
    return found


def test_imports_run_downward_only() -> None:
    found = modules()
    assert {
        "dgnet",
        "dgnet.config.run",
        "dgnet.cli.main",
        "dgnet.models.dgnet",
        "dgnet.data.records",
        "dgnet.retrieval.kernel.sparse",
    } <= set(found)
    wrong = [line for module, path in found.items() for line in wrong_imports(path.read_text(), module)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("module", "source", "num_wrong"),
    [
        ("dgnet.data.store.crops", "from dgnet.models.dgnet import DGNet", 1),
        ("dgnet.data.store.crops", "import dgnet.models.dgnet as x", 1),
        ("dgnet.data.store.crops", "from dgnet import models, config", 1),
        ("dgnet.data.store.crops", "def f():\n    from ...training import joint", 1),
        ("dgnet.data.__init__", "from ..models import dgnet", 1),
        ("dgnet.data.readers.folder", "from ...cli import main", 1),
        ("dgnet.config", "import dgnet.data", 1),
        ("dgnet", "from dgnet import cli", 1),
        ("dgnet", "if TYPE_CHECKING:\n    from dgnet.experiment.models.model import load", 0),
        ("dgnet.data.records", "if TYPE_CHECKING:\n    from dgnet.models.dgnet import DGNet", 1),
        ("dgnet.data.store.crops", "from .records import Record\nfrom ..config import DataConfig\nimport torch", 0),
        ("dgnet.training.joint", "def f():\n    from dgnet.report.page import render_page", 1),
        ("dgnet.quality.truth", "from dgnet.retrieval.kernel.sparse import csr", 1),
        ("dgnet.retrieval.kernel.sparse", "from dgnet.retrieval.ranking.ranks import evaluate", 1),
        ("dgnet.retrieval.ranking.ranks", "from dgnet.retrieval.kernel.sparse import csr", 0),
        ("dgnet.export.onnx_model", "import onnxruntime", 1),
        ("dgnet.export.onnx_model", "def f():\n    import onnxruntime", 0),
        ("dgnet.cli", "from dgnet.training.joint import train\ndef f():\n    import dgnet.serve", 0),
        ("dgnet.cli", "import dgnet.serve", 1),
        ("dgnet.serve.app", "import fastapi\nimport dgnet.serve.run", 0),
        ("dgnet.gallery.gallery", "import fastapi", 1),
        ("dgnet.training.joint", "from dgnet.training import step\nfrom dgnet import data\nimport dgnet", 0),
    ],
)
def test_the_rule_itself(module: str, source: str, num_wrong: int) -> None:
    assert len(wrong_imports(source, module)) == num_wrong


@pytest.mark.parametrize("module", ["dgnet", "dgnet.config", "dgnet.cli"])
def test_help_is_instant(module: str) -> None:
    """Importing the configuration or the command line imports no heavy package, not even through another module."""
    code = f"import {module}, sys; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
