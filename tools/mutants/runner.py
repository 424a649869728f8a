"""Run a module's tests against its mutants, each in a process of its own that has torch and pytest already."""

from __future__ import annotations

import gc
import importlib.abc
import importlib.machinery
import os
import resource
import sys
import traceback
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import hypothesis
import pytest

Outcome = Literal["killed", "survived", "timeout"]
# Hypothesis is imported before pytest could have rewritten its assertions, which nobody needs.
IGNORED = "ignore::pytest.PytestAssertRewriteWarning"
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-W", IGNORED, "--hypothesis-profile=mutants", "--hypothesis-seed=0")


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from changed source; no file is written."""

    def __init__(self, path: str, source: str) -> None:
        self._name, self._path, self._source = path.removesuffix(".py").replace("/", "."), path, source

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=self._path)

    def exec_module(self, module: types.ModuleType) -> None:
        exec(compile(self._source, self._path, "exec"), module.__dict__)


def prepare(tests: Sequence[str]) -> int:
    """Run the tests on the code as it is, and keep in memory what they imported of other packages; pytest's status.

    Every mutant's process starts with that. Examples of hypothesis are neither shrunk nor kept: one that fails will do.
    """
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile("mutants", deadline=None, database=None, phases=phases)
    status = int(pytest.main([*OPTIONS, *tests]))
    ours = Path.cwd()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and ours in Path(file).parents and not name.startswith("tools.mutants") and name != "__main__":
            del sys.modules[name]
    gc.collect()
    gc.freeze()  # the processes share this memory until they write to it
    return status


def outcome(path: str, source: str, tests: Sequence[str], log: Path, limit: int) -> Outcome:
    """What the tests make of the module at `path` with this source; what they print goes to `log`.

    `limit`: seconds of the processor's time, whatever else the machine does, after which the tests have noticed.
    """
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        with log.open("w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.meta_path.insert(0, Changed(path, source))
        code = 1
        try:
            code = int(pytest.main([*OPTIONS, *tests]))
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return "survived" if code == 0 else "killed" if code > 0 else "timeout"
