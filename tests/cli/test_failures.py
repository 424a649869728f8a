"""Failures outside dgnet end in one sentence; failures that are dgnet's own fault end in a traceback."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import dgnet
from dgnet import cli
from dgnet.cli.failures import run_with_messages
from dgnet.config import ConfigError
from dgnet.data.records import DataError
from dgnet.mannequin.body.anatomy import anatomy


def fails(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (DataError("x: no such file"), 1, "dgnet: x: no such file"),
        (DataError("a\x1b[31m\udce9é.jpg: unreadable"), 1, r"dgnet: a\x1b[31m\udce9é.jpg: unreadable"),
        (ConfigError("seed: found -1"), 1, "dgnet: seed: found -1"),
        (ModuleNotFoundError("No module named 'anny'"), 1, "dgnet: No module named 'anny'"),
        (OSError(errno.ENOSPC, "No space left on device", "a.png"), 1, "dgnet: a.png: No space left on device; free"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 1, "dgnet: /x: Permission denied"),
        (OSError("broken"), 1, "dgnet: broken"),
        (MemoryError(), 1, "dgnet: the memory does not suffice; take smaller batches"),
        (torch.OutOfMemoryError("CUDA out of memory.\nTried"), 1, "(CUDA out of memory.)"),
        (KeyboardInterrupt(), 130, "dgnet: interrupted"),
        (KeyboardInterrupt("stopped after step 5"), 130, "dgnet: stopped after step 5"),
    ],
)
def test_one_sentence(error: BaseException, status: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run_with_messages(fails(error))
    assert stopped.value.code == status
    shown = capsys.readouterr().err.strip()
    assert message in shown
    assert shown.count("\n") == 0


def test_memory_that_torch_does_not_get_on_a_cpu(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run_with_messages(lambda: torch.empty(2**55, dtype=torch.uint8).fill_(1) and None)
    assert "the memory does not suffice" in capsys.readouterr().err


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("x"), KeyError("x"), AssertionError()])
def test_a_fault_of_our_own_is_not_dressed_up(error: Exception) -> None:
    with pytest.raises(type(error)):
        run_with_messages(fails(error))


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["swap", "--help"], ["--version"]])
def test_a_reader_that_has_gone_is_no_error(words: list[str]) -> None:
    """As in `dgnet --help | head -1`; here the pipe is closed before anything is written."""
    code = f"import sys, time; sys.stdin.read(); from dgnet.cli import main; main({words!r})"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, said = process.communicate(b"")
    assert said == b""
    assert process.returncode in (0, 141)  # argparse itself passes over an output that is gone


def test_ctrl_c_while_a_command_works(tmp_path: Path) -> None:
    code = (
        "import os, signal; from dgnet.cli.failures import run_with_messages;"
        # A job in the background of a script is started with Ctrl-C ignored, and hands that on.
        "signal.signal(signal.SIGINT, signal.default_int_handler);"
        "run_with_messages(lambda: os.kill(os.getpid(), signal.SIGINT))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (128 + signal.SIGINT, "\ndgnet: interrupted\n")


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["--version"])
    assert capsys.readouterr().out == f"dgnet {dgnet.__version__}\n"


@pytest.mark.parametrize("command", [" ".join(words) for words in cli.COMMANDS])
def test_case_31_no_help_shows_an_address_in_memory_or_a_class(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main([*command.split(), "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert " at 0x" not in shown
    assert "<class" not in shown


@pytest.mark.parametrize(
    "words", [["bench", "step", "--precision", "fp31"], ["import", "official", "a", "b", "--teacher_stride", "3"]]
)
def test_case_31_a_wrong_choice_is_met_with_the_choices(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(words)
    assert stopped.value.code == 2
    shown = capsys.readouterr().err
    assert "Did you mean --" not in shown
    assert "must be one of 'auto', 'fp32', 'bf16'" in shown or "must be one of 1, 2" in shown


def test_rendering_without_its_package_ends_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "anny", None)
    anatomy.cache_clear()
    with pytest.raises(SystemExit) as stopped:
        cli.main(["data", "mannequin", "--out", str(tmp_path / "out"), "--ids", "40", "--workers", "1"])
    assert stopped.value.code == 1
    assert 'dgnet: rendering mannequins needs anny: pip install "dgnet[mannequin]"' in capsys.readouterr().err
