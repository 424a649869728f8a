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
        resume: continue the run in that folder, if there is one.

    Returns:
        The path of `report.html`; where several processes train together, None in all but the first.

    Raises:
        DgnetError: settings, data or files are not as they must be; the message says what is wrong and what to do.
    """
    settings = preset(config) if isinstance(config, str) else config
    return run(settings, Path(out).expanduser(), resume=resume)
