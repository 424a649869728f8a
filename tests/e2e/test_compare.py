"""`dgnet compare`: several runs on one page."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import yaml

from dgnet.config import ConfigError, RunConfig, to_dict
from dgnet.experiment.compare import compare
from dgnet.files.outputs import OutputError
from dgnet.retrieval.ranking.ranks import RetrievalResult


def write_run(folder: Path, config: RunConfig, mean_ap: float) -> Path:
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(to_dict(config)))
    result = RetrievalResult(4, 4, 8, 0, {1: 0.5, 5: 1.0, 10: 1.0, 20: 1.0}, mean_ap, mean_ap, 0.25, "valid", True)
    rows = {"baseline": asdict(result), "f_prim+f_fine": asdict(replace(result, map_step=mean_ap + 0.1))}
    (folder / "results.json").write_text(json.dumps({"retrieval": rows, "swap_error": None}))
    return folder


def test_seeds_are_averaged(config: RunConfig, tmp_path: Path) -> None:
    runs = [write_run(tmp_path / f"run{s}", replace(config, seed=s), 0.5 + 0.1 * s) for s in range(3)]
    page = compare(runs, tmp_path / "out").page
    assert "seeds 0, 1, 2" in page.read_text()
    table = (tmp_path / "out/tables/seeds.csv").read_text()
    assert "60.0" in table  # the Baseline's mean of 50, 60 and 70 per cent
    assert "70.0" in table


def test_other_runs_stand_side_by_side(config: RunConfig, tmp_path: Path) -> None:
    changed = replace(config, loss=replace(config.loss, prim=0.0))
    runs = [write_run(tmp_path / "ours", config, 0.5), write_run(tmp_path / "no_feed", changed, 0.4)]
    assert "ours against no_feed" in compare(runs, tmp_path / "out").page.read_text()


def test_case_31_a_comparison_does_not_replace_another(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs = [write_run(tmp_path / f"run{s}", replace(config, seed=s), 0.5 + 0.1 * s) for s in range(3)]
    assert compare(runs[:2], None).page.parent == Path("runs/comparison")
    before = Path("runs/comparison/report.html").read_bytes()
    assert compare(runs, None).page.parent == Path("runs/comparison-2")
    assert compare(runs, None).page.parent == Path("runs/comparison-2")
    assert Path("runs/comparison/report.html").read_bytes() == before
    with pytest.raises(ConfigError, match=r"--out: runs/comparison holds results of something else"):
        compare(runs, Path("runs/comparison"))
    with pytest.raises(OutputError, match=r"--out: .*run0 is a run's folder"):
        compare(runs, tmp_path / "run0")
    (tmp_path / "run0/results.json").write_text("[1, 2]")
    with pytest.raises(ConfigError, match=r"results.json: no figures can be read here"):
        compare(runs, None)


def test_what_cannot_be_compared_is_named(config: RunConfig, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", config, 0.5)
    with pytest.raises(ConfigError, match="at least two"):
        compare([run], tmp_path / "out")
    with pytest.raises(ConfigError, match="one name"):
        compare([run, run], tmp_path / "out")
    (run / "results.json").unlink()
    with pytest.raises(ConfigError, match=r"no results.json here"):
        compare([run, run], tmp_path / "out")
