"""Run a module's tests on its mutants, each in a forked process, in which torch and pytest are already imported."""

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
# pytest warns that it cannot rewrite hypothesis' assertions, because this file has imported hypothesis before.
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
    """Run the tests on the unchanged code and return pytest's exit status.

    The other packages that the tests imported stay in memory, so that every mutant's process starts with them; this
    project's modules are removed. Hypothesis neither shrinks nor keeps failing examples, because any failure is enough.
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
    gc.freeze()  # so that the forked processes can share this memory: the collector would write to it
    return status


def outcome(path: str, source: str, tests: Sequence[str], log: Path, limit: int) -> Outcome:
    """Run the tests with `source` as the module at `path`: "killed" if one fails; their output goes to `log`.

    Args:
        limit: seconds of processor time, after which the result is "timeout".
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
