"""Where results go: every evaluation has a folder of its own, and none is written over that of another.

`results.json` says in `evaluated` what its figures are of. An evaluation that is done again replaces its own results; a
folder that holds anything else is refused where it was named (`--out`), and passed over for a numbered one where not.
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
    """What figures are of.

    Args:
        what: the run's folder, the file or files, or `bundled`.
        data: NAME=FOLDER of each data set, where it is not the run's own.
        measures: how galleries were ranked and what else was measured, where that is not the usual; ready for JSON.
    """

    what: tuple[str, ...]
    data: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()

    def as_dict(self, out: Path) -> dict[str, Any]:
        """As written to `results.json` in `out`; a run's folder that `out` lies in by its way from there."""
        what = [_from(out, path) for path in self.what]
        return {"what": what, "data": list(self.data), "measures": list(self.measures)}

    def results_in(self, folder: Path) -> bool | None:
        """Whether a folder's results are of the same; None where it has none."""
        there = RunFolder(folder)
        if there.results.is_file():
            try:
                found = json.loads(there.results.read_text(encoding="utf-8")).get("evaluated")
            except (ValueError, AttributeError, OSError):
                return False
            wanted = self.as_dict(folder)
            # Versions before this one did not say; what lies in a run's own folder is of its training.
            return found == wanted or (found is None and wanted == {"what": ["."], "data": [], "measures": []})
        return False if there.page.exists() or there.tables.exists() else None


def check_report_folder(given: Path, own: Sequence[Path]) -> None:
    """Raise OutputError if a report cannot be written to a folder, or would replace that of a run not in `own`."""
    check_output_folder(given, "--out")
    if RunFolder(given).config.exists() and not any(one.is_dir() and one.samefile(given) for one in own):
        raise OutputError(f"--out: {given} is a run's folder, whose own report would be replaced; name another folder")


def folder_for(evaluated: Evaluated, given: Path | None, usual: Path) -> Path:
    """The folder to write to: the given one, or the usual one, numbered where that holds results of something else.

    Raises:
        ConfigError: the given one holds results of something else.
        OutputError: it is the folder of another run, or it cannot be written to.
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
    """Parts joined to a name that any file system takes, none of them leading elsewhere."""
    name = "-".join(re.sub(r"[^\w.+-]+", "_", part).strip("._-") for part in parts if part)
    return name[:MOST_LETTERS] or "results"


def data_name(name: str, root: str) -> str:
    """What to call a data set in a folder's name: its reader's name, or its folder's where that says more."""
    says_little = name in ("", "auto", "folder", "manifest")
    return (Path(root).resolve().name or "data") if says_little and root else name or "own"


def data_key(name: str, root: str) -> str:
    """The same data set, always by the same words."""
    return f"{name or 'auto'}={os.path.realpath(root) if root else ''}"


def joined(names: Sequence[str]) -> str:
    """Names of several data sets as one."""
    return "+".join(names)


def _from(out: Path, path: str) -> str:
    if not os.path.isdir(path):
        return path
    way = os.path.relpath(path, os.path.realpath(out))
    return way if set(Path(way).parts) <= {"..", "."} else path
