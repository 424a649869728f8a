"""The documents' shell and Python blocks: quick commands are run; of the others every option is parsed and checked.

Nothing in a block is replaced but the words in `WORDS`, which stand for a user's own data.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import torch
import yaml
from fastapi.routing import APIRoute
from torch.distributed.run import get_args_parser

from dgnet import cli
from dgnet.cli.parser import Parser
from dgnet.config import RunConfig, from_dict
from dgnet.serve.routes import drawing, entries, marks, people, state

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

# What stands for a user's own data, and what the test puts there: a key of the fixture `trees`.
WORDS = {"market1501=DIR": "market1501", "msmt17=DIR": "msmt17", "dukemtmc=DIR": "market1501", "DIR": "market1501"}
# The README's commands that run to their end here. The others train for long, want files of others, or render.
RUNS = ("swap", "compare", "evaluate", "export onnx", "export tracker", "data verify", "data prepare")
RUN_PYTHON = ("README.md", "docs/evaluation.md", "docs/gallery.md", "docs/trackers.md")  # whose Python blocks are run


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, text, and the line that it begins at."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    language, first, lines = "", 0, []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.startswith("```"):
            lines.append(line)
        elif first:
            yield Block(page, first, language, "\n".join(lines))
            first = 0
        else:
            language, first, lines = line[3:].strip(), number + 1, []
    assert not first, f"{page}: the block that begins in line {first} does not end"


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """(where, command) of a shell block, comments left out, lines joined that end in a backslash."""
    for command in block.text.replace("\\\n", " ").splitlines():
        words = re.sub(r"(^|\s)#.*", "", command).strip()
        if words:
            yield f"{block.where}: {words}", words


BLOCKS = [block for page in PAGES for block in blocks(page)]
SHELL = {where: words for block in BLOCKS if block.language in ("bash", "sh") for where, words in commands(block)}
README_SHELL = {where: words for where, words in SHELL.items() if where.startswith("README.md")}
PYTHON = {block.where: block for block in BLOCKS if block.language == "python"}
FINISHING = tuple(f"dgnet {command}" for command in RUNS)
RUNNABLE = {where: words for where, words in README_SHELL.items() if words.startswith(FINISHING)}


def parsed(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the command parse and check all of its options, and stop before it does anything."""

    class ReadToTheEndError(Exception):
        pass

    def parse(self: Parser, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs)
        raise ReadToTheEndError

    real = Parser.parse_args
    monkeypatch.setattr(Parser, "parse_args", parse)
    with pytest.raises(ReadToTheEndError):
        cli.main(words)


def resolved(words: list[str], capsys: pytest.CaptureFixture[str]) -> RunConfig:
    """The settings of a `train` command, checked as a run checks them."""
    with pytest.raises(SystemExit) as stopped:
        cli.main([*words, "--print_config"])
    shown = capsys.readouterr()
    assert stopped.value.code in (0, None), shown.err
    values = yaml.safe_load(shown.out)
    for name in ("PRESET", "out", "resume", "steps"):
        values.pop(name, None)
    config: RunConfig = from_dict(values)
    return config


def check_curl(words: list[str]) -> None:
    """Raise AssertionError if the service has no such address, or it takes no such field."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-F", dest="fields", action="append", default=[])
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-X", dest="method")
    parser.add_argument("address")
    asked = parser.parse_args(words)
    method = asked.method or ("POST" if asked.fields else "GET")
    routes = [route for part in (drawing, entries, marks, people, state) for route in part.router.routes]
    path = urlsplit(asked.address).path
    found = [
        route
        for route in routes
        if isinstance(route, APIRoute) and method in route.methods and route.path_regex.match(path)
    ]
    assert found, f"the service has no {method} {path}"
    taken = {field.alias for field in found[0].dependant.body_params}
    for dependency in found[0].dependant.dependencies:
        taken |= {field.alias for field in dependency.body_params}
    for field in asked.fields:
        assert field.partition("=")[0] in taken, f"{method} {path} takes no {field}"


def check(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Raise if a command names something that does not exist: a target, a script, a preset, an option or a value."""
    program, *words = shlex.split(command)
    if program == "torchrun":
        asked = get_args_parser().parse_args(words)
        assert asked.module, "torchrun must be told to run a module"
        program, words = asked.training_script, asked.training_script_args
        words = words[1:] if words[:1] == ["--"] else words
    match program:
        case "make":
            done = subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        case "dgnet" if words[0] == "train" and "--help" not in words:
            resolved(words, capsys)
        case "dgnet":
            parsed(words, monkeypatch)
        case "python" | "pytest":
            script = next(word for word in words if word.endswith(".py"))
            assert (ROOT / script).is_file()
        case "pip":
            extras = re.findall(r"dgnet\[(\w+)\]", command)
            known = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
            assert all(f"\n{extra} = [" in known for extra in extras)
        case "curl":
            check_curl(words)
        case "git" | "cd":
            pass
        case _:
            raise AssertionError(f"no way to check {command!r}: add one here")


@pytest.mark.parametrize("where", SHELL)
def test_every_command_of_every_page_is_one_that_dgnet_takes(
    where: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check(SHELL[where], monkeypatch, capsys)


@pytest.mark.parametrize("where", RUNNABLE)
def test_the_readmes_commands_run(where: str, place: dict[str, object], trees: dict[str, Path]) -> None:
    words = [
        f"{word.removesuffix('DIR')}{trees[WORDS[word]]}" if word in WORDS else word
        for word in shlex.split(RUNNABLE[where])[1:]
    ]
    if words[0] == "export":
        pytest.importorskip("onnxscript")
    if words[:2] == ["data", "verify"]:  # a data set so small is told from the published one, and may be trained on
        with pytest.raises(SystemExit) as stopped:
            cli.main(words)
        assert stopped.value.code == 0
    else:
        cli.main(words)


@pytest.mark.parametrize("where", [where for where in PYTHON if where.startswith(RUN_PYTHON)])
def test_python_blocks_run(where: str, place: dict[str, object]) -> None:
    """`paths`, `a`, `b` are photographs; `images`, `others` normalised images; `query_...`, `gallery_...` arrays."""
    generator = torch.Generator().manual_seed(0)
    names: dict[str, object] = {
        "images": torch.randn(2, 3, 64, 32, generator=generator),
        "others": torch.randn(2, 3, 64, 32, generator=generator),
        **place,
    }
    with torch.inference_mode():
        exec(compile(PYTHON[where].text, where, "exec"), names)


@pytest.mark.parametrize("where", PYTHON)
def test_what_python_blocks_import_exists(where: str) -> None:
    for node in ast.walk(ast.parse(PYTHON[where].text)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module or "")
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []
        elif isinstance(node, ast.Import):
            for alias in node.names:
                importlib.import_module(alias.name)


@pytest.mark.parametrize(
    "command",
    [
        "dgnet train market1501 --data.rot DIR",
        "dgnet train market1502",
        "dgnet train mannequin --loss.labels guess",
        "dgnet train mannequin --loss.cycle -1",
        "dgnet swap bundled --past",
        "dgnet evaluate runs/mine --re_rank",
        "dgnet data verify DIR --nam x",
        "torchrun --nproc-per-node 4 -m -- dgnet train market1501 --sed 1",
        "torchrun --nproc-per-nodes 4 -m -- dgnet train market1501",
        "make dem",
        "python benchmarks/nothing.py",
        'pip install "dgnet[nothing]"',
        "curl -F images=@a.jpg http://localhost:8000/v1/serach",
        "curl -F image=@a.jpg http://localhost:8000/v1/search",
        "frobnicate",
    ],
)
def test_a_wrong_command_fails(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises((AssertionError, SystemExit, ValueError)):
        check(command, monkeypatch, capsys)
