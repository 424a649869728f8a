"""Imports run downward only, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dgnet

PACKAGE = Path(dgnet.__file__).parent
# A module imports from its own folder or from an earlier one.
ORDER = (
    "config",
    "data",
    "models",
    "losses",
    "evaluation",
    "generation",
    "training",
    "gallery",
    "export",
    "web",
    "experiment",
    "bench",
    "cli",
    "__main__",
)
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


def upward_imports(source: str, module: str) -> list[str]:
    """What a module imports from a later place in `ORDER` than its own, a line each."""
    parts = module.split(".")
    if len(parts) == 1:  # dgnet/__init__.py: imports nothing of its own package
        place = -1
    else:
        assert parts[1] in ORDER, f"{module}: {parts[1]} has no place in the order of imports; give it one in ORDER"
        place = ORDER.index(parts[1])
    wrong = []
    for line, name in imported_names(ast.parse(source), module):
        target = name.split(".")
        if target[0] != "dgnet" or len(target) == 1 or target[1].startswith("__version"):
            continue
        assert target[1] in ORDER, f"{module}, line {line}: {name} has no place in the order of imports"
        if ORDER.index(target[1]) > place:
            wrong.append(f"{module}, line {line}: imports {name}")
    return wrong


def modules() -> dict[str, Path]:
    """Dotted name -> file, of every module in the package. A package's own name ends in `.__init__`, but the first."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ["dgnet", *path.relative_to(PACKAGE).with_suffix("").parts]
        found[".".join(parts[:-1] if parts == ["dgnet", "__init__"] else parts)] = path
    return found


def test_imports_run_downward_only() -> None:
    found = modules()
    assert {"dgnet", "dgnet.config.run", "dgnet.cli.main", "dgnet.models.dgnet", "dgnet.data.records"} <= set(found)
    wrong = [line for module, path in found.items() for line in upward_imports(path.read_text(), module)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("module", "source", "num_wrong"),
    [
        ("dgnet.data.crops", "from dgnet.models.dgnet import DGNet", 1),
        ("dgnet.data.crops", "import dgnet.models.dgnet as x", 1),
        ("dgnet.data.crops", "from dgnet import models, config", 1),
        ("dgnet.data.crops", "def f():\n    from ..training import loop", 1),
        ("dgnet.data.__init__", "from ..models import dgnet", 1),
        ("dgnet.data.readers.folder", "from ...cli import main", 1),
        ("dgnet.config", "import dgnet.data", 1),
        ("dgnet", "from dgnet import cli", 1),
        ("dgnet.data.crops", "from .records import Record\nfrom ..config import DataConfig\nimport torch", 0),
        ("dgnet.cli", "from dgnet.training.loop import train\nimport dgnet.web", 0),
        ("dgnet.training.loop", "from dgnet.training import step\nfrom dgnet import data\nimport dgnet", 0),
    ],
)
def test_the_rule_itself(module: str, source: str, num_wrong: int) -> None:
    assert len(upward_imports(source, module)) == num_wrong


@pytest.mark.parametrize("module", ["dgnet", "dgnet.config", "dgnet.cli"])
def test_help_is_instant(module: str) -> None:
    """Importing the configuration or the command line imports nothing heavy, directly or through another module."""
    code = f"import {module}, sys; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
