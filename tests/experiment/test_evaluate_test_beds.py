"""Any labelled folder as a test: everyone's first images as queries, beside features that nobody trained for re-id."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from dgnet import cli
from dgnet.config import ConfigError, DataConfig, RunConfig
from dgnet.config.data import DataName
from dgnet.data.normalise import normalise
from dgnet.data.records import DataError, Record, assemble
from dgnet.experiment.data import HeldOut
from dgnet.experiment.evaluate import Request, evaluate
from dgnet.experiment.evaluation.baselines import also_baselines
from dgnet.experiment.evaluation.run import Measures
from dgnet.gallery.stores.choice import create_store
from dgnet.gallery.stores.protocol import Entry, Meta
from dgnet.models.backbones.mobilenet_v2 import MobileNetV2
from dgnet.models.weights import imagenet
from dgnet.retrieval import evaluate as rank
from dgnet.retrieval.features.histogram import colour_histogram
from dgnet.retrieval.protocol import Protocol

FIRST = Measures(Protocol(queries="first"), baselines=True)


@pytest.fixture
def people(market: Path, tmp_path: Path) -> Path:
    """The tree's training images in `people/{train,val}/<id>/`, four images of each of four people and two cameras."""
    for path in sorted((market / "bounding_box_train").iterdir()):
        place = tmp_path / "people" / ("val" if "_000001_" in path.name else "train") / path.name[:4]
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place / path.name)
    return tmp_path / "people"


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MobileNetV2:
    """A MobileNetV2 of random weights in an installed package, in place of the one that ships ImageNet's."""
    torch.manual_seed(0)
    network = MobileNetV2(2).eval()
    name = imagenet.SHIPPED["mobilenet_v2"].package
    (tmp_path / "site" / "other.dist-info").mkdir(parents=True)
    (tmp_path / "site" / "other.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: x\nVersion: 1\n")
    torch.save(network.state_dict(), tmp_path / "site" / "weights.pt")
    there = metadata.PathDistribution(tmp_path / "site" / "other.dist-info")
    found = imagenet.Shipped(name, "weights.pt", imagenet.sha256_of(tmp_path / "site" / "weights.pt"))
    monkeypatch.setattr(metadata, "distribution", {name: there}.__getitem__)
    monkeypatch.setitem(imagenet.SHIPPED, "mobilenet_v2", found)
    return network


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return found


def pictures(paths: list[Path]) -> torch.Tensor:
    sized = [np.asarray(Image.open(path).convert("RGB").resize((64, 128), Image.Resampling.BICUBIC)) for path in paths]
    return normalise(torch.from_numpy(np.stack(sized)))


def test_every_identity_is_tested_and_both_references_stand_first(
    run: Path, people: Path, shipped: MobileNetV2, tmp_path: Path
) -> None:
    published = evaluate([run], Request(root=str(people), measures=FIRST, out=tmp_path / "out"))
    found = results(tmp_path / "out")
    rows = [row.split("  ")[0] for row in published.text.splitlines()[1:7]]
    assert rows == ["colour histogram", "ImageNet MobileNetV2", "Baseline", "f_prim", "f_fine", "f_prim + f_fine"]
    assert "Note: the first image by each camera of each of 4 identities is a query" in published.text
    paths = sorted(people.rglob("*.jpg"), key=lambda path: path.name)
    asked = [path for path in paths if "_000000_" in path.name]
    searched = [path for path in paths if path not in asked]
    labels = [np.array([int(path.name[at]) for path in side]) for at in (3, 6) for side in (asked, searched)]
    with torch.no_grad():
        for name, function in (
            ("colour histogram", colour_histogram),
            ("ImageNet MobileNetV2", lambda x: shipped(x).mean(dim=(2, 3))),
        ):
            sides = [
                torch.nn.functional.normalize(
                    sum(torch.nn.functional.normalize(function(x), dim=1) for x in (side, side.flip(3))), dim=1
                ).numpy()
                for side in map(pictures, (asked, searched))
            ]
            wanted = rank(*sides, *labels, progress=False)
            row = next(row for row in found["retrieval"] if row["feature"] == name)
            assert row["map_step"] == pytest.approx(wanted.map_step, abs=1e-4)
            assert (row["num_query"], row["num_gallery"]) == (8, 16)
    assert found["evaluated"]["measures"] == ["first-queries", "baselines"]
    assert found["by_camera"][0]["feature"] == "f_prim+f_fine"
    assert [group["num_ids"] for group in found["by_camera"][1]["groups"]] == [4, 4]
    assert "first image (by each camera, where cameras are known) is a query" in published.page.read_text()


@pytest.mark.parametrize("kind", ["crops", "manifest", "gallery"])
def test_images_that_nobody_labelled_are_no_test(kind: DataName, run: Path, people: Path, tmp_path: Path) -> None:
    """All of them count as of one identity, so every answer would be right."""
    images = sorted(people.rglob("*.jpg"))
    places = {"crops": people, "manifest": people / "list.csv", "gallery": tmp_path / "people.db"}
    places["manifest"].write_text("\n".join(["path", *(str(path) for path in images)]))
    store = create_store(str(places["gallery"]), Meta(model_hash="m", model_name="m", preprocessing="", dim=2))
    store.add([Entry(f"{at:032x}", str(at), str(path)) for at, path in enumerate(images)], np.eye(24, 2), [b""] * 24)
    store.close()
    for request in (
        Request(name=kind, root=str(places[kind]), measures=FIRST, out=tmp_path / "out"),
        Request(to=[f"{kind}={places[kind]}"], measures=FIRST, out=tmp_path / "out"),
    ):
        with pytest.raises(DataError, match="no labels, so whatever a model says would be right"):
            evaluate([run], request)
    assert not (tmp_path / "out").exists()


def test_a_reference_that_cannot_be_computed_is_said(
    run: Path, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", absent)
    published = evaluate([run], Request(to=[str(people)], measures=FIRST, out=tmp_path / "out"))
    assert "Note: folder: No row 'ImageNet MobileNetV2'" in published.text
    assert "pip install" in published.text
    rows = [row["feature"] for row in results(tmp_path / "out")["transfer"]["folder"]]
    assert rows == ["baseline", "f_prim", "f_fine", "f_prim+f_fine", "colour histogram"]


def test_an_onnx_files_own_row_stays_the_headline(
    onnx_file: Callable[..., Path], people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = onnx_file(f=(1.0, 0.0))
    command = ["evaluate", str(model), "--data.root", str(people), "--query", "first", "--also_baselines"]
    cli.main([*command, "--out", str(tmp_path / "out")])
    assert capsys.readouterr().out.splitlines()[1].startswith("colour histogram")
    assert results(tmp_path / "out")["by_camera"][0]["feature"] == "f"


def test_images_in_one_folder_are_read_by_a_pattern(run: Path, market: Path, tmp_path: Path) -> None:
    pattern = r"(?P<pid>\d{4})_c(?P<camid>\d)"
    root = str(market / "bounding_box_train")
    request = Request(root=root, measures=FIRST, pattern=pattern, out=tmp_path / "out")
    evaluate([run], request)
    found = results(tmp_path / "out")
    assert found["retrieval"][0]["num_query"] == 8
    assert found["evaluated"]["data"] == [f"folder={Path(root).resolve()} by {pattern}"]


def test_the_people_a_run_was_trained_on_are_no_test(run: Path, config: RunConfig, market: Path) -> None:
    for request in (Request(measures=FIRST), Request(root=str(market), measures=FIRST)):
        with pytest.raises(ConfigError, match=r"--query first: takes every identity as a test.* --data\.root DIR"):
            evaluate([run], request)
    with pytest.raises(ConfigError, match=r"--data\.pattern: belongs to the folder of --data\.root"):
        evaluate([run], Request(pattern="(?P<pid>x)"))
    with pytest.raises(ConfigError, match=r"--query: does not go with two feature files"):
        evaluate(["a.npz", "b.npz"], Request(measures=Measures(Protocol(queries="first"))))


def test_light_is_told_where_there_are_enough_queries(people: Path, tmp_path: Path, run: Path) -> None:
    for place in sorted(people.rglob("*.jpg")):
        for camera in range(3, 9):  # brighter and brighter copies, by further cameras
            image = Image.open(place).point(lambda value, by=camera: min(255, value + 20 * by))
            image.save(place.with_name(place.name.replace("_c1", f"_c{camera}").replace("_c2", f"_c{camera}")))
    evaluate([run], Request(root=str(people), measures=Measures(Protocol(queries="first")), out=tmp_path / "out"))
    groups = results(tmp_path / "out")["by_light"][0]["groups"]
    assert [group["name"].split(",")[0] for group in groups] == ["dark", "middle", "light"]
    assert sum(group["num_query"] for group in groups) == 4 * 8


def test_baselines_see_the_same_images_whatever_a_model_takes(market: Path, tmp_path: Path) -> None:
    files = sorted((market / "query").iterdir())
    records = {"query": [Record(str(files[0]), 1, 1)], "gallery": [Record(str(files[1]), 1, 2)]}
    dataset = assemble("folder", tmp_path, records)
    features = [
        also_baselines(
            HeldOut(dataset, None, None),  # type: ignore[arg-type]
            DataConfig("folder", str(tmp_path), size, cache=str(tmp_path / "cache")),
            torch.device("cpu"),
        )[0]["colour histogram"].query
        for size in ((64, 32), (256, 128))
    ]
    assert np.array_equal(*features)
