"""Where results go: every evaluation has a folder of its own, and none overwrites the results of another.

The field `evaluated` of `results.json` says what was measured. An evaluation that is repeated replaces its own results.
Where a folder holds results of something else, it is refused if the user named it (`--out`); otherwise a folder with a
number in its name is used instead.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dgnet.config import ConfigError
from dgnet.experiment.run_folder import RunFolder
from dgnet.files.outputs import OutputError, check_output_folder

MOST_LETTERS = 100


@dataclass(frozen=True)
class Evaluated:
    """What was measured: by it, results of the same evaluation are recognised.

    Args:
        what: the run's folder, the file or files, or `bundled`.
        data: NAME=FOLDER of each data set; empty for the run's own.
        measures: a word for each rule or measure that is not the default.
    """

    what: tuple[str, ...]
    data: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()

    def as_dict(self, out: Path) -> dict[str, Any]:
        """What is written to `results.json` in `out`.

        The run's folder is written relative to `out` (as `.` or `..`) where `out` is that folder or lies in it.
        """
        what = [_from(out, path) for path in self.what]
        return {"what": what, "data": list(self.data), "measures": list(self.measures)}

    def results_in(self, folder: Path) -> bool | None:
        """Whether the results in a folder are of this same evaluation; None where it holds no results."""
        there = RunFolder(folder)
        if there.results.is_file():
            try:
                found = json.loads(there.results.read_text(encoding="utf-8")).get("evaluated")
            except (ValueError, AttributeError, OSError):
                return False
            wanted = self.as_dict(folder)
            # Earlier versions wrote no `evaluated`; such results in a run's own folder are those of its training.
            return found == wanted or (found is None and wanted == {"what": ["."], "data": [], "measures": []})
        return False if there.page.exists() or there.tables.exists() else None


def check_report_folder(given: Path, own: Sequence[Path]) -> None:
    """Raise OutputError if a report cannot be written to `given`, or if that is the folder of a run not in `own`."""
    check_output_folder(given, "--out")
    if RunFolder(given).config.exists() and not any(one.is_dir() and one.samefile(given) for one in own):
        raise OutputError(f"--out: {given} is a run's folder, whose own report would be replaced; name another folder")


def folder_for(evaluated: Evaluated, given: Path | None, usual: Path) -> Path:
    """The folder to write to: `given`, else `usual`, else the first of `usual`-2, -3, ... without other results.

    Raises:
        ConfigError: `given` holds results of something else.
        OutputError: `given` is the folder of another run, or the folder cannot be written to.
    """
    if given is not None:
        if evaluated.results_in(given) is False:
            raise ConfigError(f"--out: {given} holds results of something else; give another folder, or remove it")
        check_report_folder(given, [Path(one) for one in evaluated.what])
        return given
    for number in itertools.count(1):
        folder = usual if number == 1 else usual.with_name(f"{usual.name}-{number}")
        if evaluated.results_in(folder) is not False:
            break
    check_output_folder(folder, "--out")
    return folder


def folder_name(*parts: str) -> str:
    """The parts joined by hyphens to a folder name that is valid in any file system and contains no path."""
    name = "-".join(re.sub(r"[^\w.+-]+", "_", part).strip("._-") for part in parts if part)
    return name[:MOST_LETTERS] or "results"


def data_name(name: str, root: str) -> str:
    """A data set's name in a folder's name: the reader's or, where that says little, the name of the data's folder."""
    says_little = name in ("", "auto", "folder", "manifest")
    return (Path(root).resolve().name or "data") if says_little and root else name or "own"


def data_key(name: str, root: str) -> str:
    """NAME=FOLDER with the folder's real path, so that the same data set always has the same key."""
    return f"{name or 'auto'}={os.path.realpath(root) if root else ''}"


def joined(names: Sequence[str]) -> str:
    """The names of several data sets, joined to one."""
    return "+".join(names)


def _from(out: Path, path: str) -> str:
    if not os.path.isdir(path):
        return path
    way = os.path.relpath(path, os.path.realpath(out))
    return way if set(Path(way).parts) <= {"..", "."} else path
