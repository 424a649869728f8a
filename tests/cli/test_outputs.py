"""Every command that writes checks before its work whether it can write, and says so if not."""

from __future__ import annotations

from pathlib import Path

import pytest

from dgnet import cli

COMMANDS = {
    "train": ["train", "mannequin", "--data.root", "nowhere"],
    "evaluate": ["evaluate", "nowhere.npz", "nowhere.npz"],
    "evaluate a run": ["evaluate", "nowhere"],
    "compare": ["compare", "nowhere", "nowhere2"],
    "data mannequin": ["data", "mannequin", "--ids", "8"],
    "import": ["import", "official", "nowhere.pt", "nowhere.pt"],
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("file", "--out: file is a file, must be a folder; name another"),
        ("file/new", "--out: file/new cannot be made: "),
    ],
)
def test_case_20_before_the_work(
    name: str,
    out: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Inputs that do not exist come to no word: the output is looked at first."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(SystemExit) as stopped:
        cli.main([*COMMANDS[name], "--out", out])
    assert stopped.value.code == 1
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["evaluate", "evaluate a run", "compare"])
def test_case_20_a_report_never_replaces_that_of_another_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").write_text("seed: 1")
    with pytest.raises(SystemExit):
        cli.main([*COMMANDS[name], "--out", "run"])
    assert "--out: run is a run's folder, whose own report would be replaced" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["evaluate", "run", "--out", "run"])  # its own
    assert "would be replaced" not in capsys.readouterr().err


def test_an_empty_name_is_no_folder_and_a_tilde_is_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["train", "mannequin", "--out", ""])
    assert stopped.value.code == 2
    assert "--out: found an empty name; name a file or folder" in capsys.readouterr().err
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text("x")
    with pytest.raises(SystemExit):
        cli.main(["train", "mannequin", "--out", "~/run"])
    assert f"--out: {tmp_path / 'file' / 'run'} cannot be made" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
