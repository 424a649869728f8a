"""The bundled model that recognises real people: small, with a card, and every command that takes features takes it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import dgnet
from dgnet import cli
from dgnet.experiment.evaluation.features import features_by
from dgnet.mannequin.bundled import bundled_root
from dgnet.models.weights.bundled import BUNDLED_REID
from dgnet.models.weights.ours import load_teacher
from dgnet.retrieval.rows import BASELINE
from tools.bundle.card import reid_of


def test_its_card_says_who_made_it_and_what_it_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path))
    assert BUNDLED_REID.stat().st_size <= 8_000_000
    loaded = load_teacher(BUNDLED_REID)
    assert "dgnet train mannequin+medium+baseline" in loaded.card["made by"]
    assert {"trained on", "not for", "licence", "on real people", "on real people, by light"} <= loaded.card.keys()
    told, found = (
        [float(figure) for figure in re.findall(r"0\.\d+", text)]
        for text in (loaded.card["re-id"], reid_of(features_by(loaded.model, None), BASELINE, loaded.config))
    )
    assert found == pytest.approx(told, abs=0.005)


def test_it_searches_and_does_not_draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    query, *others = sorted((bundled_root() / "bounding_box_test").glob("015[12]_*.jpg"))
    model = dgnet.load("bundled-reid", device="cpu")
    features = model.features([query, *others])
    assert features.shape == (1 + len(others), 512)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-3)
    assert others[int((features[1:] @ features[0]).argmax())].name[:4] == query.name[:4]
    cli.main(["gallery", "create", "people.db", *map(str, others), "--model", "bundled-reid"])
    cli.main(["search", "people.db", str(query), "--json"])
    assert re.search(r"015[12]_", capsys.readouterr().out)
    with pytest.raises(SystemExit):
        cli.main(["swap", "bundled-reid"])
    assert "bundled-reid: recognises people and cannot draw; give `bundled`" in capsys.readouterr().err
