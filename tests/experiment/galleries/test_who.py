"""`dgnet gallery calibrate`, `mark` and `link` as a user gives them, with the bundled model and people."""

from __future__ import annotations

import csv
import errno
import logging
import os
import shutil
from pathlib import Path

import pytest

from dgnet import cli
from dgnet.experiment.galleries.centre import centre
from dgnet.gallery.calibration.stored import stored_calibration
from dgnet.gallery.stores.choice import open_store
from dgnet.gallery.stores.protocol import Entry
from dgnet.mannequin.bundled import bundled_root

PATTERN = r"(?P<identity>\d{4})_c(?P<camera>\d)s1_(?P<time>\d+)"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery of 24 bundled people, one image by each of their cameras."""
    folder = tmp_path_factory.mktemp("who")
    crops = folder / "crops"
    crops.mkdir()
    seen = set()
    for path in sorted((bundled_root() / "bounding_box_test").glob("*.jpg")):
        key = path.name[:7]
        if "0151" <= key[:4] <= "0174" and key not in seen:
            seen.add(key)
            shutil.copy(path, crops)
    cli.main(["gallery", "create", str(folder / "people.db"), str(crops), "--pattern", PATTERN])
    return folder / "people.db"


@pytest.fixture
def gallery(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    shutil.copy(made, tmp_path)
    return "people.db"


def failing(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        cli.main([*words])
    assert stopped.value.code
    return capsys.readouterr().err


def test_from_a_gallery_to_who_is_who(gallery: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "not calibrated" in failing(capsys, "gallery", "link", gallery, "--out", "who.csv")
    assert not Path("who.csv").exists()
    cli.main(["gallery", "calibrate", gallery, "--far", "0.05", "0.01", "1e-6"])
    shown = capsys.readouterr().out
    assert "refused: " in shown
    assert "needs 10,000,000" in shown
    page = Path("calibration.html").read_text()
    assert page.count("<svg") == 2
    assert "<script" not in page
    assert "At 0.01" in page or "0.01 false accepts" in page

    cli.main(["gallery", "link", gallery, "--out", "who.csv", "--html", "who.html"])
    assert "Against known identities: F1 " in capsys.readouterr().out
    rows = list(csv.DictReader(Path("who.csv").read_text().splitlines()))
    store = open_store(gallery)
    assert len(rows) == store.count()
    assert {row["id"] for row in rows} == {entry.id for batch in store.entries() for entry in batch}
    sizes = [sum(row["person"] == str(number) for row in rows) for number in range(1, 4)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 1
    for one in rows:  # nobody is seen by two cameras at one time
        others = [row for row in rows if row["person"] == one["person"] and row["time"] == one["time"]]
        assert len({row["camera"] for row in others}) == 1
    assert Path("who.html").read_text().count("data:image/jpeg;base64,") > 24
    again = Path("who.csv").read_text()
    cli.main(["gallery", "link", gallery, "--out", "again.csv", "--overlap", "1,2", "--apart", "0"])
    assert [row["id"] for row in csv.DictReader(Path("again.csv").read_text().splitlines())]
    cli.main(["gallery", "link", gallery, "--out", "who.csv"])
    assert Path("who.csv").read_text() == again
    store.close()


def test_a_page_that_cannot_be_written_leaves_the_old_calibration(
    gallery: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    said = failing(capsys, "gallery", "calibrate", gallery, "--far", "0.05", "--html", "new/page.html")
    assert "dgnet: new/page.html: No space left on device; free some space, or write elsewhere" in said
    store = open_store(gallery)
    assert stored_calibration(store) is None
    store.close()


def test_a_data_set_calibrates_through_the_galleries_model(
    gallery: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    tree = Path("tree")
    for split, keep in (("query", 1), ("bounding_box_test", 2)):
        (tree / split).mkdir(parents=True)
        for pid in range(151, 172):
            for path in sorted((bundled_root() / split).glob(f"{pid:04d}_*.jpg"))[: 2 * keep]:
                shutil.copy(path, tree / split)
    cli.main(["gallery", "calibrate", gallery, "--data", f"market1501={tree}", "--far", "0.05", "--html", "page.html"])
    assert "Page: " in capsys.readouterr().out
    store = open_store(gallery)
    found = stored_calibration(store)
    assert found is not None
    assert (found.overall.num_people, found.num_images) == (21, 21 * 6)
    assert found.data == "market1501=tree"
    store.close()
    centre(gallery, "centred.db", progress=False)
    with caplog.at_level(logging.WARNING):
        cli.main(["gallery", "calibrate", "centred.db", "--data", f"market1501={tree}", "--far", "0.05"])
    said = [record.getMessage() for record in caplog.records]
    assert any(
        one.startswith("market1501=tree: its cameras are taken for those of the same names that") for one in said
    )
    shutil.copy(next(tree.glob("query/0151_*.jpg")), tree / "query" / "0151_c9s1_000001_00.jpg")
    message = failing(capsys, "gallery", "calibrate", "centred.db", "--data", f"market1501={tree}", "--far", "0.05")
    assert "--data: market1501=tree: centred.db was not centred on 9, so what is measured there" in message


def test_marks_give_the_prior(gallery: str, capsys: pytest.CaptureFixture[str]) -> None:
    store = open_store(gallery)
    entries: list[Entry] = [entry for batch in store.entries() for entry in batch]
    one = entries[0]
    right = [entry.id for entry in entries if entry.identity == one.identity and entry.id != one.id]
    wrong = [entry.id for entry in entries if entry.identity != one.identity][:12]
    store.close()
    cli.main(["gallery", "mark", gallery, one.id, "--right", *right, "--wrong", *wrong])
    assert f"Marked: {len(right) + 12} pairs" in capsys.readouterr().out
    said = failing(capsys, "gallery", "calibrate", gallery, "--far", "0.05", "--marks")
    assert f"{len(right)} pairs are marked right" in said
    assert "no entry 'x'" in failing(capsys, "gallery", "mark", gallery, one.id, "--right", "x")
    assert "--right or --wrong" in failing(capsys, "gallery", "mark", gallery, one.id)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("calibrate", "people.db", "--far", "0"), "--far: found 0.0, must be shares between 0 and 1"),
        (("calibrate", "people.db", "--prior", "1"), "--prior: found 1.0"),
        (("calibrate", "people.db", "--prior", "0.1", "--marks"), "leave out --prior or --marks"),
        (("calibrate", "people.db", "--data", "market1501"), "NAME=DIR"),
        (("calibrate", "people.db", "--html", "page.txt"), "must end in .html"),
        (("calibrate", "people.db"), "too little to calibrate on"),
        (("link", "people.db", "--out", "who.txt"), "must end in .csv"),
        (("link", "people.db", "--out", "who.csv", "--prior", "2"), "--prior: found 2.0"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_written(
    gallery: str, words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if words == ("calibrate", "people.db"):
        cli.main(["gallery", "remove", gallery, "--identity", *[f"{pid:04d}" for pid in range(151, 171)]])
    before = sorted(Path().iterdir())
    assert message in failing(capsys, "gallery", *words)
    assert [path for path in sorted(Path().iterdir()) if path.suffix != ".db-shm" and "-" not in path.suffix] == [
        path for path in before if "-" not in path.suffix
    ]


def test_options_of_links_that_do_not_fit(gallery: str, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["gallery", "calibrate", gallery, "--far", "0.05"])
    for words, message in (
        (("--overlap", "1,nine"), "no camera 'nine' in the gallery, which has 1, 2"),
        (("--overlap", "1"), "two cameras or more"),
        (("--apart", "-1"), "apart: found -1.0"),
        (("--camera", "nine"), "no entries to link"),
    ):
        assert message in failing(capsys, "gallery", "link", gallery, "--out", "who.csv", *words)
        assert not Path("who.csv").exists()
