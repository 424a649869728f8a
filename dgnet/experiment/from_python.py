"""Training from a program: `dgnet.train`."""

from __future__ import annotations

import os
from pathlib import Path

from dgnet.config import RunConfig, preset
from dgnet.experiment.train import train as run


def train(config: RunConfig | str, out: str | os.PathLike[str], *, resume: bool = False) -> Path | None:
    """Run an experiment to its report, as `dgnet train` does: teacher, joint training, evaluation.

    Progress goes to the `logging` of the standard library; `logging.basicConfig(level=logging.INFO)` shows it.

    Args:
        config: all settings, or the name of a preset such as `market1501+small`. `dgnet.preset(NAME)` gives settings to
            change (`dataclasses.replace`), `.scaled(STEPS)` a shorter schedule of them.
        out: the run's folder, which `dgnet.load` takes afterwards.
        resume: go on with the run that lies there, if one does.

    Returns:
        The path of `report.html`; None in every process but the first of several.

    Raises:
        DgnetError: settings, data or files are not as they must be; the message says which and what to do.
    """
    settings = preset(config) if isinstance(config, str) else config
    return run(settings, Path(out).expanduser(), resume=resume)
