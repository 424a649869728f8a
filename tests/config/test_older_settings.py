"""Settings that older versions saved are read; old names in new settings are refused with the new name."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from dgnet.config import (
    ConfigError,
    from_dict,
    from_saved,
    preset,
    to_dict,
)

OLDER = {"compile": False, "recompute": False, "cuda_graphs": False}


def of_an_older_version(**changes: object) -> dict[str, Any]:
    """Settings as older versions saved them: three switches in place of `execution`, `redrawn` for `redressed`."""
    values = copy.deepcopy(to_dict(preset("mannequin")))
    del values["execution"]
    values["loss"]["redrawn"] = values["loss"].pop("redressed")
    return {**values, **OLDER, **changes}


@pytest.mark.parametrize(
    ("changes", "execution"),
    [
        ({}, "plain"),
        ({"compile": True}, "compile"),
        ({"recompute": True}, "recompute"),
        ({"cuda_graphs": True}, "cuda_graphs"),
        ({"recompute": True, "cuda_graphs": True}, "recompute"),  # as such a run went: nothing was recorded
        ({"compile": True, "joint": False}, "plain"),
    ],
)
def test_saved_settings_of_an_older_version_are_read(changes: dict[str, object], execution: str) -> None:
    saved = of_an_older_version(**changes)
    before = copy.deepcopy(saved)
    found = from_saved(saved)
    joint = bool(changes.get("joint", True))
    assert found == replace(preset("mannequin"), execution=execution, joint=joint)
    assert found.loss.redressed == 10.0
    assert saved == before


def test_what_was_left_empty_in_saved_settings_is_the_default() -> None:
    values = to_dict(preset("mannequin"))
    values["data"]["cache"] = values["network"]["backbone"]["weights"] = None
    assert from_saved(values) == preset("mannequin")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"recompute": True}, "^recompute: no such setting any more; write execution: recompute"),
        ({"cuda_graphs": False}, "^cuda_graphs: no such setting any more; write execution: cuda_graphs"),
        ({"loss": {"redrawn": 3.0}}, r"^loss.redrawn: no such setting any more; write loss.redressed"),
    ],
)
def test_new_settings_with_an_old_name_are_told_the_new_one(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        from_dict(values)
