"""Which data set a model is measured on, where a user names another than it was trained on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dgnet.config import DataConfig, RunConfig, from_dict, to_dict
from dgnet.data.readers.detect import detect
from dgnet.data.records import DataError


def reader_of(name: str, root: str, pattern: str, own: str) -> str:
    """The reader of the data to measure on: the named one, else what the folder is recognised as, else the model's.

    Args:
        name, root, pattern: as a user gave them; empty where not given.
        own: the reader of the data that the model was trained on.
    """
    if name or not root or own in ("folder", "manifest"):  # these two take what they are given
        return name or own
    if pattern:
        return "folder"
    try:
        return detect(Path(root).expanduser())
    except DataError:  # the model's own reader says better what is missing
        return own


def elsewhere(config: RunConfig, name: str, root: str, pattern: str = "") -> RunConfig:
    """The same configuration with another data set, or with the same data set in another folder.

    The data set is read by its own `pattern` or, where none is given, by that of the configuration.
    """
    data = config.data
    changed = {"name": name or data.name, "root": root, "pattern": pattern or data.pattern, "also": []}
    values = {**to_dict(config)["data"], **changed}
    return replace(config, data=from_dict(values, DataConfig, "data."))
