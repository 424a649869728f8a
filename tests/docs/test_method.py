"""docs/method.md states the same numbers as the code, and no page names a setting that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from dgnet.config import flatten, preset, to_dict

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "method.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SETTINGS = {
    name: flatten(to_dict(preset(of)))
    for name, of in (("market1501", "market1501"), ("small", "market1501+small"), ("medium", "market1501+medium"))
}
# A row: perhaps what it is about, a setting, its value by market1501, by small and, in the first table, by medium.
ROW = re.compile(
    r"^\| (?:[^`|]+ \| )?`([a-z_0-9.]+)`(?: \(T's too\))? \| `([^`|]*)` \| `([^`|]*)` \|(?: `([^`|]*)` \|)?",
    re.MULTILINE,
)
SIDE_BY_SIDE, _, DEPARTURES = (
    PAGE.read_text(encoding="utf-8").partition("## Settings side by side")[2].partition("## Every departure")
)
ROWS = [*ROW.findall(SIDE_BY_SIDE)[1:], *((*row[:3], "") for row in ROW.findall(DEPARTURES))]  # without the heading


@pytest.mark.parametrize(("setting", "published", "small", "medium"), ROWS, ids=lambda value: value)
def test_a_setting_has_the_value_that_is_stated(setting: str, published: str, small: str, medium: str) -> None:
    for name, stated in (("market1501", published), ("small", small), *([("medium", medium)] if medium else [])):
        assert SETTINGS[name][setting] == yaml.safe_load(stated), name
        if "network.backbone" in setting and not setting.endswith("weights"):
            assert SETTINGS[name][setting.replace("network", "teacher")] == yaml.safe_load(stated), name


@pytest.mark.parametrize("size", ["small", "medium"])
def test_every_setting_in_which_they_differ_is_stated(size: str) -> None:
    stated = {setting for setting, *_ in ROWS}
    of_no_account = {"preset", "sample_every", "checkpoint_every", "schedule.milestones"}
    theirs = {name for name, value in SETTINGS[size].items() if value != SETTINGS["market1501"][name]}
    assert {name for name in theirs if not name.startswith("teacher.backbone.")} - stated == of_no_account
    assert len(ROWS) > 50


def test_losses_and_switches_are_all_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in SETTINGS["small"] if name.startswith("loss.") and name not in text] == []


NAMED = re.compile(r"`(?:--)?((?:data|network|loss|schedule|optim|augment|teacher)(?:\.[a-z_0-9]+)+)(?=[` ])")
OF_BEFORE = {"loss.redrawn"}  # the glossary says what it is called now
FILES = (".md", ".py", ".json", ".safetensors")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_settings_that_a_page_names_exist(page: Path) -> None:
    named = {name for name in NAMED.findall(page.read_text(encoding="utf-8")) if not name.endswith(FILES)}
    parts = {name.rpartition(".")[0] for name in SETTINGS["small"]}
    assert named - SETTINGS["small"].keys() - parts - OF_BEFORE == set()
