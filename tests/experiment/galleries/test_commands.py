"""The commands of galleries, one after the other as a user gives them, with the bundled model."""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dgnet
from dgnet import cli
from dgnet.experiment.galleries.embedder import Loading, load_embedder
from dgnet.experiment.galleries.rebuild import _pictures
from dgnet.gallery.adding import add_items
from dgnet.gallery.stores.choice import create_store, open_store
from dgnet.mannequin.bundled import bundled_root


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve bundled pictures of three people, and one that is cut short."""
    folder = tmp_path_factory.mktemp("crops")
    for person in ("0151", "0152", "0153"):
        for path in sorted((bundled_root() / "bounding_box_test").glob(f"{person}_*.jpg"))[:4]:
            shutil.copy(path, folder)
    first = min(folder.iterdir())
    (folder / "short.jpg").write_bytes(first.read_bytes()[:-300])
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def failing(*words: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        cli.main([*words])
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


PATTERN = r"(?P<identity>\d{4})_c(?P<camera>\d)s1_(?P<time>\d+)"


def test_from_a_folder_of_crops_to_a_person(here: Path, crops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = crops / "short.jpg"
    pictures = [str(path) for path in sorted(crops.glob("0*.jpg"))]
    cli.main(["gallery", "create", "people.db", *pictures, "--pattern", PATTERN])
    assert "Added: 12\n" in capsys.readouterr().out
    assert failing("gallery", "add", "people.db", str(short), pictures[0]) == 1
    shown = capsys.readouterr()
    assert "Added: 0, 1 were there already, 1 left out (named above)" in shown.out
    assert f"left out: {short}: corrupt or truncated JPEG" in shown.err

    query = str(min((bundled_root() / "query").glob("0152_*.jpg")))
    cli.main(["search", "people.db", query, "--top", "3", "--html", "found.html"])
    table = capsys.readouterr().out.splitlines()
    assert table[0] == query
    assert table[1].split() == ["rank", "similarity", "camera", "time", "identity", "source", "id"]
    assert table[2].split()[0] == "1"
    assert table[2].split()[-3] == "0152"
    page = (here / "found.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 4
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")

    cli.main(["search", "people.db", query, "--json", "--not_camera", "1", "2", "--known", "yes", "--rerank"])
    (answer,) = json.loads(capsys.readouterr().out)
    assert {match["camera"] for match in answer["matches"]} <= set("3456")
    cli.main(["search", "people.db", query, query, "--together", "--threshold", "0.9999"])
    assert "Nobody here: the most similar entry has 0." in capsys.readouterr().out

    cli.main(["gallery", "info", "people.db"])
    shown = capsys.readouterr().out
    assert "12, 12 of them of 3 known people" in shown
    assert "bundled (hash" in shown
    cli.main(["gallery", "remove", "people.db", "--identity", "0151", "--camera", "1"])
    removed = int(capsys.readouterr().out.split()[1])
    assert 0 < removed < 12
    assert failing("gallery", "verify", "people.db") == 0
    assert f"{12 - removed} entries, no fault found" in capsys.readouterr().out
    assert failing("gallery", "remove", "people.db") == 2
    assert "say which" in capsys.readouterr().err


def test_cases_4_and_13_what_is_left_out_of_a_folder_is_named(
    here: Path, crops: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "mix" / "b").mkdir(parents=True)
    shutil.copy(min(crops.glob("0*.jpg")), here / "mix" / "a.jpg")
    (here / "mix" / "b" / "x.heic").touch()
    (here / "mix" / "b" / "y.jpg").symlink_to("nowhere")
    for words in (["gallery", "create", "mix.db", "mix"], ["search", "mix.db", "mix"]):
        assert failing(*words) == 1
        shown = capsys.readouterr()
        assert "left out: mix/b/x.heic: .heic is not read; save it as JPEG or PNG\n" in shown.err
        assert "left out: mix/b/y.jpg: a link to nowhere, which does not exist\n" in shown.err
        assert ("Added: 1, 2 left out (named above)" in shown.out) == (words[0] == "gallery")
    assert "1.000" in shown.out


@pytest.mark.e2e
def test_two_commands_from_an_install_to_a_person(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The two commands with which docs/gallery.md and the README begin."""
    cli.main(["gallery", "create", "demo.db", "--data", "mannequin"])
    assert "Added: 550\n" in capsys.readouterr().out
    cli.main(["search", "demo.db", "bundled", "--html", "found.html", "--json"])
    answers = json.loads(capsys.readouterr().out)
    asked = [Path(answer["query"][0]).name[:4] for answer in answers]
    assert [answer["matches"][0]["identity"].zfill(4) for answer in answers] == asked == ["0151", "0152", "0153"]
    assert (here / "found.html").read_text().count("<figure") == 33


def test_a_gallery_is_exported_and_rebuilt(here: Path, crops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = shutil.copytree(crops, here / "mine")
    (mine / "short.jpg").unlink()
    cli.main(["gallery", "create", "people.db", "mine", "--pattern", PATTERN, "--precision", "float32"])
    for name in ("all.npz", "all.parquet"):
        cli.main(["gallery", "export", "people.db", "--out", name])
    from pyarrow import parquet

    arrays, table = np.load("all.npz"), parquet.read_table("all.parquet").to_pydict()
    model = dgnet.load("bundled")
    features = model.features(arrays["source"].tolist())
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    np.testing.assert_allclose(arrays["feature"], unit, atol=1e-5)
    np.testing.assert_array_equal(arrays["feature"], np.array(table["feature"], np.float32))
    assert arrays["identity"].tolist() == table["identity"]
    assert arrays["time"].tolist() == table["time"]

    first, second, *_ = sorted(mine.iterdir())
    first.unlink()
    second.write_bytes(second.read_bytes() + b" ")
    capsys.readouterr()
    assert failing("gallery", "rebuild", "people.db", "--model", "bundled", "--out", "new.db") == 1
    shown = capsys.readouterr()
    assert "Added: 10, 2 left out" in shown.out
    assert f"{first}: no such file" in shown.err
    assert f"{second}: has changed since it was added" in shown.err
    old, new = open_store("people.db"), open_store("new.db")
    kept = new.get([entry.id for batch in old.entries() for entry in batch])
    assert len(kept) == 10
    assert all(old.get([entry.id])[entry.id] == entry for entry in kept.values())


def test_a_rebuild_that_was_stopped_goes_on(
    here: Path, crops: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = sorted(crops.glob("0*.jpg"))
    names = [path.as_uri() for path in pictures[:4]] + [str(path) for path in pictures[4:]]
    cli.main(["gallery", "create", "people.db", *names])
    words = ["gallery", "rebuild", "people.db", "--model", "bundled-small", "--out", "new.db"]

    class StoppedError(Exception):
        """Stands for whatever ends the process."""

    def stopping(*arguments: Any) -> Any:
        yield from islice(_pictures(*arguments), 5)
        raise StoppedError

    with monkeypatch.context() as patch:
        patch.setattr("dgnet.experiment.galleries.rebuild._pictures", stopping)
        patch.setattr("dgnet.experiment.galleries.rebuild.add_items", partial(add_items, batch_size=2))
        with pytest.raises(StoppedError):
            cli.main(words)
    with closing(open_store("new.db")) as store:
        assert 0 < store.count() < 6
    again = f"run `dgnet gallery rebuild {here / 'people.db'} --model bundled-small --out new.db` again, and it goes on"
    for unfinished in (
        ["search", "new.db", "bundled"],
        ["gallery", "centre", "new.db", "--out", "x.db"],
        ["gallery", "rebuild", "new.db", "--model", "bundled", "--out", "x.db"],
        ["gallery", "export", "new.db", "--out", "x.npz"],
        ["gallery", "link", "new.db", "--out", "x.csv"],
    ):
        assert failing(*unfinished) == 1
        assert again in capsys.readouterr().err
    capsys.readouterr()
    cli.main(words)
    assert re.search(r"Added: \d+, \d were there already\n", capsys.readouterr().out)
    with dgnet.Gallery.open("new.db") as gallery:
        assert (len(gallery), gallery.verify()) == (12, [])
    cli.main(["gallery", "create", "other.db", names[0]])
    for source, out, model, message in (
        ("other.db", "new.db", "bundled-small", "new.db: there is another gallery than that of other.db; give a new"),
        ("people.db", "other.db", "bundled", "other.db: there is another gallery than that of people.db; give a new"),
        ("people.db", "new.db", "bundled", "new.db: there is a gallery of another model than bundled; give a new name"),
        ("people.db", "./people.db", "bundled", "--out: ./people.db is the gallery itself"),
    ):
        assert failing("gallery", "rebuild", source, "--model", model, "--out", out) == 1
        assert message in capsys.readouterr().err


def test_a_gallery_whose_model_was_called_otherwise_is_opened(here: Path, crops: Path) -> None:
    """The model that is `bundled-small` now was `bundled` once."""
    picture = min(crops.iterdir())
    with dgnet.Gallery.create("old.db", "bundled-small") as gallery:
        gallery.add(picture)
        meta = gallery.store.meta
    create_store("renamed.db", replace(meta, model_name="bundled")).close()
    with dgnet.Gallery.open("renamed.db") as gallery:
        gallery.add(picture)
        assert gallery.search(picture)[0].best == pytest.approx(1, abs=1e-3)


def test_another_model_or_another_of_its_features_is_refused(here: Path, crops: Path) -> None:
    with dgnet.Gallery.create("prim.db", "bundled", Loading(part="prim")) as gallery:
        picture = min(crops.iterdir())
        assert gallery.add(picture).num_new == 1
        np.testing.assert_allclose(
            next(gallery.store.read())[1], dgnet.load("bundled").features(picture, part="prim"), atol=1e-3
        )
    with dgnet.Gallery.open("prim.db") as again:
        assert not again.search(picture)[0].nobody
    assert load_embedder("bundled").hash != load_embedder("bundled", Loading(part="prim")).hash
    with pytest.raises(dgnet.DgnetError, match="exists already"):
        dgnet.Gallery.create("prim.db")


def test_mistakes_end_in_one_sentence(here: Path, crops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert failing("gallery", "create", "people.db", "nowhere.jpg", "--pattern", "(") == 1
    assert not (here / "people.db").exists()
    assert failing("search", "people.db", str(min(crops.iterdir()))) == 1
    assert "dgnet: people.db: no such gallery; `dgnet gallery create people.db` makes one" in capsys.readouterr().err
    cli.main(["gallery", "create", "people.db"])
    for words, message in (
        (["gallery", "add", "people.db"], "no images: give pictures"),
        (["search", "people.db", "nowhere.jpg"], "nowhere.jpg: no such picture or folder"),
        (["search", "people.db", "bundled", "--after", "noon"], "--after: found 'noon'"),
        (["search", "people.db", "bundled", "--html", "x.txt"], "--html: x.txt has the suffix .txt"),
        (["gallery", "export", "people.db", "--out", "x.csv"], "--out: x.csv has the suffix .csv"),
        (["gallery", "create", "people.db"], "people.db: exists already"),
    ):
        assert failing(*words) in (1, 2)
        assert message in capsys.readouterr().err
    cli.main(["search", "people.db", "bundled"])
    assert capsys.readouterr().out.count("Nobody here: the gallery has no entry that may be found.") == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["create", "new.db", "--manifest", "seen.csv", "--pattern", "(?P<camera>.)"], "--pattern: nothing uses it"),
        (["create", "new.db", "bundled", "--pattern", "(?P<camera>.)"], "--pattern: nothing uses it without IMAGES"),
        (["create", "new.db", "--camera", "gate"], "--camera: nothing uses it without images; give that too, or leave"),
        (["create", "new.db", "--time", "3"], "--time: nothing uses it without images"),
        (["create", "new.db", "--identity", "ann"], "--identity: nothing uses it without images"),
        (["add", "new.db", "x.jpg", "--workers", "4"], "--workers: nothing uses it without --ray; give that too"),
    ],
)
def test_options_that_nothing_uses_are_refused(
    words: list[str], message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing("gallery", *words) == 2
    assert message in capsys.readouterr().err
    assert not list(here.iterdir())


def test_names_that_are_no_text_are_kept_and_found(here: Path, crops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = "caf\udce9"  # the byte E9, as Python gives it in paths and arguments
    one, two, *_ = sorted(crops.glob("0*.jpg"))
    for split, pictures in (("query", [one]), ("gallery", [two])):
        (here / "data" / split / odd).mkdir(parents=True)
        for path in pictures:
            shutil.copy(path, here / "data" / split / odd)
    gallery = f"{odd}.db"
    cli.main(["gallery", "create", gallery, "--data", "folder=data"])
    cli.main(["gallery", "add", gallery, str(crops / one.name), "--camera", odd])
    assert "caf\\udce9.db" in capsys.readouterr().out
    cli.main(["gallery", "info", gallery])
    assert "caf\\xe9 (1)" in capsys.readouterr().out
    cli.main(["search", gallery, f"data/query/{odd}", "--camera", odd, "--html", "x.html"])
    assert capsys.readouterr().out.count("caf\\xe9") == 2  # the query's name, and the camera
    assert (here / "x.html").read_text().count("<figure") == 2
    assert "not calibrated" in _said(capsys, "gallery", "link", gallery, "--camera", odd, "--out", "who.csv")
    for option in ("--identity", "--camera"):
        cli.main(["gallery", "remove", gallery, option, odd])
        assert "Removed: 1 entries" in capsys.readouterr().out


def _said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert failing(*words) == 1
    return capsys.readouterr().err


def test_a_gallery_without_camera_means(here: Path, crops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["gallery", "create", "plain.db", *map(str, sorted(crops.glob("0*.jpg"))), "--pattern", PATTERN])
    cli.main(["gallery", "create", "centred.db"])  # as a command leaves it that is killed at once
    for _ in range(2):  # the second time it goes on with what is there
        cli.main(["gallery", "centre", "plain.db", "--out", "centred.db"])
    made, again = [line for line in capsys.readouterr().out.splitlines() if "without the means" in line]
    assert made.startswith("Gallery: centred.db, 12 entries without the means of ")
    assert again.startswith("Gallery: centred.db, 0 entries")
    cli.main(["gallery", "info", "centred.db"])
    assert "without the means of " in capsys.readouterr().out

    query = min((bundled_root() / "query").glob("0152_*_*.jpg"))
    camera = query.name.split("_c")[1][0]
    found = []
    for options in ([], ["--from_camera", camera]):
        cli.main(["search", "centred.db", str(query), "--json", *options])
        found.append(json.loads(capsys.readouterr().out)[0]["best"])
    with dgnet.Gallery.open("centred.db") as gallery:
        assert camera in gallery.means.offsets
        expected = [gallery.search(query, camera=said)[0].best for said in ("", camera)]
    assert found == pytest.approx(expected, abs=1e-6)
    assert found[0] != found[1]
    assert failing("search", "centred.db", str(query), "--from_camera", "roof") == 1
    assert "--from_camera: centred.db was not centred on a camera 'roof'; there are: " in capsys.readouterr().err
    assert failing("gallery", "centre", "plain.db", "--out", "./plain.db") == 1
    assert "--out: ./plain.db is the gallery itself" in capsys.readouterr().err
    os.symlink("plain.db", "alias.db")
    for command in (["centre"], ["rebuild", "--model", "bundled"]):
        assert failing("gallery", *command, "plain.db", "--out", "alias.db") == 1
        assert "--out: alias.db is the gallery itself" in capsys.readouterr().err
    cli.main(["gallery", "create", "nowhere.db", str(min(crops.iterdir()))])  # its camera is not known
    for wrong in ("gone.db", "nowhere.db"):
        assert failing("gallery", "centre", wrong, "--out", "new.db") == 1
        assert not (here / "new.db").exists()
