"""How `--to` and `--also` name a data set: by its folder, or by a reader's name, `=` and the folder."""

from pathlib import Path

import pytest

from dgnet.config import ConfigError, DataConfig
from dgnet.config.data import name_and_root


def test_case_23_an_equals_sign_may_be_part_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert name_and_root("--to", "/data/date=2024") == ("auto", "/data/date=2024")
    assert name_and_root("--to", "date=2024") == ("auto", "date=2024")
    assert name_and_root("--to", "market1501=/data/date=2024") == ("market1501", "/data/date=2024")
    assert name_and_root("--to", "mannequin=") == ("mannequin", "")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"--to: found 'folders=2', .*did you mean 'folder=2'\?"):
        name_and_root("--to", "folders=2")
    (tmp_path / "folders=2").mkdir()
    assert name_and_root("--to", "folders=2") == ("auto", "folders=2")


@pytest.mark.parametrize(("entry", "hint"), [("mannequin", "mannequin="), ("market1501", "market1501=DIR")])
def test_case_23_a_name_alone_is_no_folder(entry: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=rf"data\.also: found '{entry}'.*did you mean '{hint}'\?"):
        name_and_root("data.also", entry)


def test_case_23_only_mannequin_needs_no_folder() -> None:
    with pytest.raises(ConfigError, match=r"data\.also: found 'market1501=', must be DIR or NAME=DIR"):
        DataConfig(also=("market1501=",))
    assert DataConfig(also=("mannequin=",)).each()[1].name == "mannequin"
