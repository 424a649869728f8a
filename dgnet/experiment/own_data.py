"""How a data set is read for a RUN that was trained on it: the same people are held out as then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dgnet.config import DataConfig
from dgnet.experiment.models.find import RUN, find
from dgnet.experiment.run_folder import RunFolder


def as_trained(run: RUN, settings: DataConfig) -> DataConfig:
    """`settings`, with the `pattern` and `num_test_ids` by which RUN read the same folder.

    So people who were trained on are not taken for people who were not, or the other way round. Where RUN is no run's
    folder, or was trained on other data, the settings stay as they are. Raises as `find` and `RunFolder.load_config`.
    """
    found = find(run).folder
    folder = RunFolder(found) if found else None
    if folder is None or not folder.config.is_file() or not settings.root:
        return settings
    place = Path(settings.root).expanduser().resolve()
    for one in folder.load_config().data.each():
        alike = settings.name in ("auto", one.name)
        if alike and one.root and Path(one.root).expanduser().resolve() == place:
            pattern = settings.pattern or one.pattern
            return replace(settings, name=one.name, pattern=pattern, num_test_ids=one.num_test_ids)
    return settings
