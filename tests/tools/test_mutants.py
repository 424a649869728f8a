"""The mutation tester: which changes it makes, and that it reports which of them a test notices."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.mutants.operators import mutants_of
from tools.mutants.targets import TARGETS

ROOT = Path(__file__).parents[2]


def after(source: str) -> set[str]:
    return {mutant.after for mutant in mutants_of("a.py", source)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("y = w * x", {"y = (w)", "y = (x)"}),
        ("y = a + b", {"y = (a - b)", "y = (a)"}),
        ("y = a < b", {"y = (a <= b)"}),
        ("y = a >= b", {"y = (a > b)"}),
        ("y = a and not b", {"y = (a or not b)", "y = (a)", "y = (not b)", "y = a and (b)"}),
        ("y = x.detach()", {"y = (x)"}),
        ("y = torch.zeros(n)", set()),
        ("y = l1(a, b)", {"y = (l1(b, a))"}),
        ("y = max(a, b)", {"y = (a)", "y = (b)"}),
        ("y = sort(x, kind=k)", {"y = (sort(x))"}),
        ("y = x[a:b]", {"y = x[None:b]", "y = x[a:None]"}),
        ("y = 1", {"y = 2"}),
        ("y = 0.5", {"y = 0.75"}),
        ("y = True", {"y = False"}),
        ("y = a if b else c", {"y = a if True else c", "y = a if False else c"}),
        ("f(x)", {"pass"}),
        ("y += x", {"pass", "y -= x"}),
        ("def f(a: int, b: int): return a", {"def f(a: int, b: int): return b"}),
        ('"""Says nothing."""', set()),
        ('raise ValueError(f"{x + 1}")', {"pass"}),
    ],
)
def test_changes(source: str, expected: set[str]) -> None:
    assert after(source) == expected


def test_a_mutant_knows_its_place_and_leaves_the_rest() -> None:
    source = "class A:\n    def f(self, x):\n        # ä\n        return x * 3\n"
    found = {mutant.after: mutant for mutant in mutants_of("a.py", source)}
    mutant = found["return x * 4"]
    assert (mutant.line, mutant.function, mutant.before) == (4, "A.f", "return x * 3")
    assert mutant.source == source.replace("3", "4")
    assert mutant.name == "a.py:A.f: return x * 3 → return x * 4"


def test_every_target_and_its_tests_are_there() -> None:
    for module, tests in TARGETS.items():
        assert (ROOT / module).is_file(), module
        assert all((ROOT / test.split("::")[0]).exists() for test in tests), module


PROGRAM = """
import sys
from pathlib import Path
from tools.mutants.runner import outcome, prepare
assert prepare(["test_it.py"]) == 0
for source in ("def f(x): return 2 * x", "def f(x): return x * 2", "def f(x): return x", "while True: pass"):
    print(outcome("it.py", source, ["test_it.py"], Path("log"), 5), flush=True)
"""


def test_what_a_test_notices_is_killed_and_what_it_does_not_survives(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text("def f(x): return 2 * x")
    (tmp_path / "test_it.py").write_text("from it import f\n\n\ndef test_f():\n    assert f(3) == 6\n")
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}", "PATH": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert found.stdout.split()[-4:] == ["survived", "survived", "killed", "timeout"], found.stderr
    assert (tmp_path / "it.py").read_text() == "def f(x): return 2 * x"
