"""How a data set is read for a RUN that was trained on it: the same people are held out as then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dgnet.config import DataConfig
from dgnet.data.people import read_people
from dgnet.data.records import ReidDataset
from dgnet.experiment.data import read_one
from dgnet.experiment.models.find import RUN, find
from dgnet.experiment.run_folder import RunFolder


def read_as_trained(run: RUN, settings: DataConfig) -> ReidDataset:
    """The records of a data set, split as RUN was trained (`as_trained`). Raises as `as_trained` and `read_one` do."""
    settings, trained_on = as_trained(run, settings)
    return read_one(settings, trained_on)


def as_trained(run: RUN, settings: DataConfig) -> tuple[DataConfig, frozenset[str]]:
    """How to read a data set for RUN, so that people who were trained on are not taken for people who were not.

    Returns:
        `settings`, with the `pattern` and `num_test_ids` by which RUN read the same folder, and the names of the people
        of that folder whom it was trained on. Where RUN is neither a run's folder nor a model's file in one, or was
        trained on other data, the settings as they are, and nobody.

    Raises:
        WeightsError, ConfigError, DataError: there is no RUN, or its settings or its list of people cannot be read.
    """
    folder = _folder_of(run)
    if folder is None or not settings.root:
        return settings, frozenset()
    place = Path(settings.root).expanduser().resolve()
    for number, one in enumerate(folder.load_config().data.each()):
        alike = settings.name in ("auto", one.name)
        if alike and one.root and Path(one.root).expanduser().resolve() == place:
            found = replace(settings, name=one.name, pattern=settings.pattern or one.pattern)
            return replace(found, num_test_ids=one.num_test_ids), _names(folder, number)
    return settings, frozenset()


def _folder_of(run: RUN) -> RunFolder | None:
    """The folder of RUN, or that of the model's file that it is; None where no run's settings lie there."""
    found = find(run)
    file = found.model or found.teacher
    place = found.folder or (file.parent if file else None)
    if place is None:
        return None
    folder = RunFolder(place)
    # Beside a file may lie the config.yaml of another program, which writes no list of people.
    whole = folder.config.is_file() and (found.folder is not None or folder.people.is_file())
    return folder if whole else None


def _names(folder: RunFolder, number: int) -> frozenset[str]:
    """The names of the people of the run's data set with this number whom it was trained on."""
    if not folder.people.is_file():
        return frozenset()
    groups = read_people(folder.people).groups[number : number + 1]
    return frozenset(identity.name for group in groups for identity in group.identities)
