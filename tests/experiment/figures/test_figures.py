"""Every figure of `dgnet generate`, made as a user would make it, and the messages where it cannot be made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dgnet import cli
from dgnet.experiment.figures.inputs import Wanted, pictures_of
from dgnet.files.pictures import save_picture


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a.png and b.png of people, w.png (wide), t.png (tiny), g.png (grey), a damaged bad.jpg."""
    monkeypatch.chdir(tmp_path)
    people = pictures_of(Wanted(count=2)).read((64, 32))
    for name, image in zip(("a.png", "b.png"), people, strict=True):
        save_picture(tmp_path / name, image)
    noise = np.random.default_rng(0).integers(0, 256, (30, 90, 3), dtype=np.uint8)
    save_picture(tmp_path / "w.png", noise)
    save_picture(tmp_path / "t.png", people[0][::6, ::6])
    Image.fromarray(people[0]).convert("L").save(tmp_path / "g.png")
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    return tmp_path


def size_of(path: str) -> tuple[int, int]:
    with Image.open(path) as picture:
        picture.load()
        return picture.size


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["grid", "bundled-small", "--count", "2"], "grid.png"),
        (
            ["grid", "bundled-small", "--data", "bundled", "--split", "gallery", "--count", "2", "--seed", "3"],
            "grid.png",
        ),
        (["grid", "bundled-small", "a.png", "--onto", "b.png", "a.png", "--out", "x.jpg", "--dpi", "300"], "x.jpg"),
        (["rainbow", "bundled-small", "--count", "12"], "rainbow.png"),
        (["rainbow", "bundled-small", "a.png", "g.png", "--onto", "b.png"], "rainbow.png"),
        (["rainbow", "bundled-small", "a.png", "g.png", "--clothes", "b.png", "--no_names"], "rainbow.png"),
        (
            ["appearance", "bundled-small", "a.png", "b.png", "--onto", "g.png", "--steps", "3", "--route", "both"],
            "appearance.png",
        ),
        (["structure", "bundled-small", "--count", "3", "--steps", "2"], "structure.png"),
        (
            ["structure", "bundled-small", "a.png", "b.png", "--clothes", "g.png", "--route", "spherical"],
            "structure.png",
        ),
        (["cases", "bundled-small", "--pairs", "12", "--count", "2"], "cases.png"),
        (["models", "bundled-small", "bundled-small", "--images", "a.png", "b.png"], "models.png"),
    ],
)
def test_every_figure_is_one_command(words: list[str], out: str, place: Path, capsys: pytest.CaptureFixture) -> None:
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    cli.main(["generate", *words, "--device", "cpu"])
    assert f"Picture: {place / out}" in capsys.readouterr().out
    width, height = size_of(out)
    assert width > 64
    assert height > 128
    assert {path.name for path in place.iterdir()} == {*before, out}
    assert all((place / name).read_bytes() == data for name, data in before.items())


def test_a_figure_for_paper_is_a_page_of_its_size(place: Path) -> None:
    cli.main(["generate", "grid", "bundled-small", "a.png", "--out", "x.pdf", "--dpi", "144"])
    cli.main(["generate", "grid", "bundled-small", "a.png", "--out", "x.png", "--dpi", "144"])
    page = (place / "x.pdf").read_bytes()
    assert page.startswith(b"%PDF")
    width, height = size_of("x.png")
    assert f"[ 0 0 {width / 2} {height / 2} ]".encode() in page  # in points, of which an inch has 72
    with Image.open("x.png") as picture:
        assert np.allclose(picture.info["dpi"], 144, atol=0.1)


@pytest.mark.parametrize(("out", "of"), [("film.gif", "appearance"), ("f.webp", "structure")])
def test_a_film_goes_round_once_and_repeats(out: str, of: str, place: Path) -> None:
    cli.main(["generate", "film", "bundled-small", "a.png", "b.png", "--of", of, "--steps", "3", "--out", out])
    with Image.open(out) as film:
        frames = [np.asarray(film.convert("RGB"), dtype=int) for k in range(film.n_frames) if film.seek(k) is None]
        assert film.info["loop"] == 0
    assert len(frames) == 6
    away = [np.abs(frame - frames[0]).mean() for frame in frames]
    assert away[3] == max(away)  # the other picture's code, half-way round


def test_mp4_needs_an_encoder_and_says_which(place: Path, capsys: pytest.CaptureFixture) -> None:
    words = ["generate", "film", "bundled-small", "a.png", "b.png", "--steps", "2", "--out", "f.mp4"]
    try:
        import imageio_ffmpeg
    except ImportError:
        with pytest.raises(SystemExit):
            cli.main(words)
        assert 'MP4 needs an encoder: pip install "dgnet[film]", or name a .gif' in capsys.readouterr().err
        return
    cli.main(words)
    num_frames, seconds = imageio_ffmpeg.count_frames_and_secs("f.mp4")
    assert num_frames == 4
    assert seconds == pytest.approx(4 / 12, abs=0.01)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["appearance", "bundled-small", "a.png"],
            "IMAGES: found 1 picture; from one code to another it takes two or more",
        ),
        (["structure", "bundled-small", "a.png", "b.png", "--steps", "1"], "--steps: found 1, must be at least 2"),
        (["film", "bundled-small", "a.png"], "IMAGES: found 1 picture; a film goes from one to another"),
        (
            ["film", "bundled-small", "a.png", "b.png", "--out", "f.avi"],
            "--out: f.avi has the suffix .avi, must end in .gif",
        ),
        (["rainbow", "bundled-small", "a.png"], "IMAGES: found 1 and 0 pictures"),
        (
            ["rainbow", "bundled-small", "a.png", "--onto", "b.png", "--clothes", "b.png"],
            "--clothes: found beside --onto",
        ),
        (["models", "bundled-small", "--images", "a.png"], "a swap takes two or more"),
        (
            ["grid", "bundled-small", "a.png", "--data", "bundled"],
            "--data: found 'bundled' and 1 IMAGES; give one",
        ),
        (
            ["grid", "bundled-small", "--data", "bundled", "--count", "65"],
            "--count: found 65; a picture holds 64 people",
        ),
        (["grid", "bundled-small", "--data", "nowhere"], "nowhere"),
        (["grid", "bundled-small", "a.png", "bad.jpg"], "IMAGES[1]: bad.jpg: cannot be read as an image"),
        (["grid", "bundled-small", "a.png", "--dpi", "-1"], "--dpi: found -1, must be at least 1, or 0 for none"),
        (["cases", "bundled-small", "--judge", "nowhere"], "nowhere: no such file or folder"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    words: list[str], message: str, place: Path, capsys: pytest.CaptureFixture
) -> None:
    before = sorted(path.name for path in place.iterdir())
    with pytest.raises(SystemExit) as stopped:
        cli.main(["generate", *words])
    assert stopped.value.code == 1
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert sorted(path.name for path in place.iterdir()) == before


def test_pictures_of_another_shape_are_drawn_and_warned_of(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    cli.main(["generate", "grid", "bundled-small", "w.png", "t.png", "g.png"])
    assert (place / "grid.png").is_file()
    assert "w.png (90 x 30, width x height)" in caplog.text
    assert "t.png (only 11 pixels high)" in caplog.text
    assert "g.png" not in caplog.text


def test_equal_names_in_two_folders_are_told_apart(place: Path) -> None:
    for folder in ("x", "y"):
        (place / folder).mkdir()
        (place / "a.png").rename(place / folder / "1.png") if folder == "x" else (place / "b.png").rename(
            place / "y/1.png"
        )
    assert pictures_of(Wanted([Path("x"), Path("y")])).names == ["x/1", "y/1"]
