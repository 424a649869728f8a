"""The bundled models: their files are small, their cards state their true figures, and their swaps beat copies."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from dgnet import Gallery, cli
from dgnet.config import DataConfig, preset
from dgnet.experiment.data import open_data
from dgnet.experiment.evaluation.features import features_by
from dgnet.experiment.models.find import BUNDLED_MODELS, find_model
from dgnet.mannequin.bundled import bundled_root
from dgnet.models.weights.bundled import BUNDLED
from dgnet.quality.true_swaps import measure_swaps
from dgnet.retrieval.rows import BOTH
from tools.bundle.card import reid_of

NAMES = pytest.mark.parametrize("name", BUNDLED_MODELS)


def test_it_is_at_most_sixteen_megabytes() -> None:
    assert BUNDLED.stat().st_size <= 16_000_000


@NAMES
def test_its_card_says_who_made_it_and_how_well_it_draws(name: str, tmp_path: Path) -> None:
    loaded = find_model(name)
    assert "dgnet train mannequin" in loaded.card["made by"]
    config = preset("mannequin")
    root = str(bundled_root())
    config = replace(config, data=DataConfig("mannequin", root, loaded.config.data.size, cache=str(tmp_path)))
    swaps = measure_swaps(loaded.model, open_data(config).dataset.root, config.data.size, tmp_path)
    assert swaps is not None
    assert swaps.error.num_pairs >= 200
    stated = float(loaded.card["swap error"].split(", ")[1].split()[0])
    assert swaps.error.ratio == pytest.approx(stated, abs=0.01)
    assert swaps.pasted.ratio < 1.01 * swaps.error.ratio


def test_its_card_says_how_well_it_recognises_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path))
    loaded = find_model("bundled")
    assert {"trained on", "not for", "licence", "on real people", "on real people, by light"} <= loaded.card.keys()
    told, found = (
        [float(figure) for figure in re.findall(r"0\.\d+", text)]
        for text in (loaded.card["re-id"], reid_of(features_by(None, loaded.model), BOTH, loaded.config))
    )
    assert found == pytest.approx(told, abs=0.005)


@NAMES
def test_swapping_works_right_after_installing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cli.main(["swap", name])
    cli.main(["swap", name, "--paste", "--out", "pasted.png"])
    assert min((tmp_path / file).stat().st_size for file in ("swaps.png", "pasted.png")) > 10_000
    assert (tmp_path / "swaps.png").read_bytes() != (tmp_path / "pasted.png").read_bytes()


def test_it_goes_on_learning_from_some_labelled_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The three commands of docs/adapt.md, without ImageNet's weights: it brings what they taught it."""
    monkeypatch.chdir(tmp_path)
    for image in sorted((bundled_root() / "bounding_box_train").glob("*.jpg"))[:240]:
        person = tmp_path / "people" / image.name[:4]
        person.mkdir(parents=True, exist_ok=True)
        shutil.copy(image, person)
    train = ["folder+medium+baseline", "--data.root", "people", "--data.num_test_ids", "4", "--start", "bundled"]
    with caplog.at_level("INFO"):
        cli.main(["train", *train, "--teacher.steps", "30", "--out", "runs/mine"])
    assert "start: T begins as that of bundled, new classifier" in caplog.text
    recognised = float(re.findall(r"the teacher just trained recognises ([\d.]+)%", caplog.text)[-1])
    assert recognised > 60  # from random weights it is chance: one of so many people
    cli.main(["whiten", "runs/mine", "folder=people", "--out", "mine.safetensors", "--ridge", "0.3"])
    cli.main(["gallery", "create", "people.db", "people", "--model", "mine.safetensors"])
    with Gallery.open("people.db") as gallery:
        assert len(gallery) == 240
