"""The bundled model: its file is small, its card states its true figures, and its swaps are better than copies."""

from dataclasses import replace
from pathlib import Path

import pytest

from dgnet import cli
from dgnet.config import DataConfig, preset
from dgnet.experiment.data import open_data
from dgnet.mannequin.bundled import bundled_root
from dgnet.models.weights.bundled import BUNDLED, bundled_model
from dgnet.quality.true_swaps import measure_swaps


def test_it_is_at_most_sixteen_megabytes() -> None:
    assert BUNDLED.stat().st_size <= 16_000_000


def test_its_card_says_who_made_it_and_what_it_scores(tmp_path: Path) -> None:
    loaded = bundled_model()
    assert "dgnet train mannequin" in loaded.card["made by"]
    config = preset("mannequin")
    root = str(bundled_root())
    config = replace(config, data=DataConfig("mannequin", root, loaded.config.data.size, cache=str(tmp_path)))
    swaps = measure_swaps(loaded.model, open_data(config).dataset.root, config.data.size, tmp_path)
    assert swaps is not None
    assert swaps.error.num_pairs >= 200
    stated = float(loaded.card["swap error"].split(", ")[1].split()[0])
    assert swaps.error.ratio == pytest.approx(stated, abs=0.01)
    assert swaps.pasted.ratio < swaps.error.ratio


def test_swapping_works_right_after_installing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cli.main(["swap", "bundled"])
    cli.main(["swap", "bundled", "--paste", "--out", "pasted.png"])
    assert min((tmp_path / name).stat().st_size for name in ("swaps.png", "pasted.png")) > 10_000
    assert (tmp_path / "swaps.png").read_bytes() != (tmp_path / "pasted.png").read_bytes()
