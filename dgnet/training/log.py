"""The log of a run (averaged loss terms as JSON lines), and a watch that stops a run which diverges."""

from __future__ import annotations

import json
import math
from collections import defaultdict, deque
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from dgnet.errors import DgnetError
from dgnet.files.whole_file import written_whole


class DivergenceError(DgnetError, RuntimeError):
    """A loss term became infinite, not a number, or far larger than it was; the message names it."""


class Averages:
    """Means of named terms over some steps. They stay on the device, so the CPU waits for a GPU only in `take`."""

    def __init__(self) -> None:
        self._values: dict[str, list[Tensor]] = defaultdict(list)

    def add(self, terms: Iterable[tuple[str, Tensor]]) -> None:
        """Add one step's terms."""
        for name, value in terms:
            self._values[name].append(value)

    def take(self) -> dict[str, float]:
        """The mean of each term over the steps since the last call."""
        if not self._values:
            return {}
        means = torch.stack([torch.stack(values).float().mean() for values in self._values.values()]).tolist()
        names, self._values = list(self._values), defaultdict(list)
        return dict(zip(names, means, strict=True))


class Watch:
    """Stops a run whose terms are not finite, or stay more than a hundred times above their recent median.

    A single jump is normal in adversarial training; `PATIENCE` averages in a row are not. Some terms start near 0 (R1,
    before D has learnt anything): a median below `FLOOR` counts as `FLOOR`.

    Args:
        rates: the settings that messages advise to lower.
    """

    FACTOR, PATIENCE, MEMORY, FLOOR = 100.0, 3, 50, 0.1

    def __init__(self, rates: str) -> None:
        self._advice = (
            f"Begin a new run (another --out) at lower rates or weights ({rates}); a resumed one would go the same way"
        )
        self._recent: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=self.MEMORY))
        self._strikes: dict[str, int] = defaultdict(int)

    def check(self, step: int, means: dict[str, float]) -> None:
        """Raise DivergenceError, which names the terms, if any of them diverges."""
        broken = [name for name, value in means.items() if not math.isfinite(value)]
        if broken:
            found = ", ".join(f"{name} = {means[name]}" for name in broken)
            raise DivergenceError(f"step {step}: {found}. {self._advice}")
        for name, value in means.items():
            recent = self._recent[name]
            jumped = len(recent) >= 10 and abs(value) > self.FACTOR * max(median(recent), self.FLOOR)
            self._strikes[name] = self._strikes[name] + 1 if jumped else 0
            if self._strikes[name] >= self.PATIENCE:
                raise DivergenceError(
                    f"step {step}: {name} = {value:.4g}, over {self.FACTOR:g} times its recent median "
                    f"{median(recent):.4g}, for {self.PATIENCE} averages in a row. {self._advice}"
                )
            if not jumped:
                recent.append(abs(value))


class JsonLines:
    """`log.jsonl`: one JSON object per line, appended.

    Args:
        phase: the training that writes these lines, `teacher` or `joint`.
        resume_at: the number of steps taken so far; lines of this phase about later steps are removed first.
        active: whether this process writes; of several processes only the first does.
    """

    def __init__(self, path: Path, phase: str, resume_at: int, active: bool = True) -> None:
        self._path, self._phase, self._active = path, phase, active
        if not active:
            return
        kept = [row for row in read_log(path) if row["phase"] != phase or row["step"] <= resume_at]
        with written_whole(path) as partial:
            partial.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")

    def write(self, step: int, values: dict[str, float]) -> None:
        """Append one line."""
        if not self._active:
            return
        row = {"phase": self._phase, "step": step, **{name: round(value, 6) for name, value in values.items()}}
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


NOW_CALLED = {"redrawn": "redressed"}  # terms that older versions logged under another name


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a log; a line that a crash has cut short is left out, and no other."""
    if not path.exists():
        return []
    rows: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            found: dict[str, Any] = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(found, dict):  # whatever a line may hold
            rows.append({NOW_CALLED.get(key, key): value for key, value in found.items()})
    return rows
