"""`dgnet swap`: what it writes, and which files it never overwrites."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgnet import cli
from dgnet.experiment.figures.inputs import Wanted, pictures_of
from dgnet.experiment.figures.swap_names import MAX_BYTES, name_swaps
from dgnet.files.outputs import same_names


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a/1.jpg and b/1.jpg, pictures of two people."""
    monkeypatch.chdir(tmp_path)
    for folder, path in zip("ab", pictures_of(Wanted(count=2)).paths, strict=True):
        (tmp_path / folder).mkdir()
        shutil.copy(path, tmp_path / folder / "1.jpg")
    return tmp_path


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The message of a command that must fail."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(words)
    assert stopped.value.code == 1
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    assert "Picture" not in shown.out
    return shown.err


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "s3"], "--out: s3 has no suffix, must end in .png or .jpg or .jpeg or .pdf"),
        (["--out", "s3.webm"], "--out: s3.webm has the suffix .webm"),
        (["--out", "a"], "--out: a is a folder, must be a file"),
        (["--out", "a/1.jpg/x.png"], "1.jpg is not a folder"),
        (["--out", "a/1.jpg"], "--out: a/1.jpg is one of the inputs"),
        (["--onto", "b/1.jpg", "--out", "b/../b/1.jpg"], "is one of the inputs"),
        (["--each", "a/1.jpg"], "--each: a/1.jpg is a file, must be a folder"),
        (["--each", "single", "--out", "single/1_on_1.png"], "is one of the single swaps of --each"),
        (["--zoom", "0"], "--zoom: found 0, must be at least 1"),
        (["--zoom", "-3"], "--zoom: found -3, must be at least 1"),
        (["--zoom", "1000", "--out", "s.jpg"], "would be 140000 x 76000 pixels"),
        ([*["a"] * 63, "--onto", "b", "--zoom", "16", "--out", "s.jpg"], "a JPEG holds 65500 a side: name a .png"),
    ],
)
def test_case_20_and_31_outputs_are_checked_before_anything_is_drawn(
    words: list[str], message: str, people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files_below(people)
    assert message in refused(["swap", "bundled-small", "a/1.jpg", *words, "--device", "cpu"], capsys)
    assert files_below(people) == before


def test_case_31_two_pictures_of_one_name_give_swaps_of_their_own(
    people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["swap", "bundled-small", "a", "b/1.jpg", "--each", "single"])
    names = ["a_1_on_a_1.png", "a_1_on_b_1.png", "b_1_on_a_1.png", "b_1_on_b_1.png"]
    assert sorted(path.name for path in (people / "single").iterdir()) == names
    assert len({path.read_bytes() for path in (people / "single").iterdir()}) == 4
    before = files_below(people)
    capsys.readouterr()
    shown = refused(["swap", "bundled-small", "a", "b", "--each", "single"], capsys)
    assert "single/b_1_on_a_1.png and 1 more: there already, and not written over; name another folder" in shown
    assert files_below(people) == before


def test_case_31_what_is_there_is_replaced_only_where_it_is_named(people: Path) -> None:
    for _ in range(2):
        cli.main(["swap", "bundled-small", "a"])
        cli.main(["swap", "bundled-small", "a", "--out", "named.png"])
    assert sorted(path.name for path in people.glob("*.png")) == ["named.png", "swaps-2.png", "swaps.png"]


@pytest.mark.parametrize(
    ("rows", "columns", "first"),
    [
        (["a.jpg", "b.jpg"], ["c.jpg"], "a_on_c.png"),
        (["x/1.jpg", "y/1.jpg"], ["c.jpg"], "x_1_on_here_c.png"),
        (["x/1.jpg", "x/1.png"], ["c.jpg"], "1-jpg_on_c-jpg.png"),
        (["x/1.jpg", "X2/1.jpg", "x/1.png"], ["c.jpg"], "x_1-jpg_on_here_c-jpg.png"),
        (["IMG.jpg", "img.jpg"], ["c.jpg"], "1_IMG_on_1_c.png"),
        (["a", "a_on_b"], ["b_on_c", "c"], "here_a_on_here_b_on_c.png"),
        (["a.jpg", "a.jpg"], ["a.jpg"], "1_a_on_1_a.png"),
        (["p/x/1.jpg", "q/x/1.jpg"], ["c.jpg"], "1_1_on_1_c.png"),
        (["y" * 250], ["z" * 250], f"1_{'y' * 20}_on_1_{'z' * 20}.png"),
    ],
)
def test_case_31_swaps_are_named_by_what_tells_them_apart(rows: list[str], columns: list[str], first: str) -> None:
    names = name_swaps(*([Path("/here") / one for one in side] for side in (rows, columns)))
    assert names[0] == first
    assert len(names) == len(rows) * len(columns)
    assert not same_names(names)


PATHS = st.lists(
    st.builds(
        lambda folder, stem, suffix: Path("/", folder, stem + suffix),
        st.sampled_from(["a", "A", "a_on_b", "b"]),
        st.one_of(st.sampled_from(["1", "a", "A", "a_on_b", "b_on_a", "1-jpg"]), st.text("aA_on1é", min_size=1)),
        st.sampled_from([".jpg", ".JPG", ".png", ""]),
    ),
    min_size=1,
    max_size=5,
)


@given(PATHS, PATHS)
def test_case_31_no_two_swaps_ever_share_a_name(rows: list[Path], columns: list[Path]) -> None:
    names = name_swaps(rows, columns)
    assert len(names) == len(rows) * len(columns)
    assert not same_names(names)
    assert all(len(name.encode()) <= MAX_BYTES for name in names)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.jpg"], "IMAGES: nowhere.jpg: no such file or folder"),
        (["a", "--onto", "empty"], "--onto: empty: no images in this folder"),
        (["a", "note.txt"], "IMAGES[1]: note.txt: cannot be read as an image: not an image of a known format"),
        (["a", *["b"] * 64], "IMAGES: found 65 images; a picture holds 64 people a side"),
    ],
)
def test_images_that_cannot_be_used_are_named(
    words: list[str], message: str, people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (people / "empty").mkdir()
    (people / "note.txt").write_text("no image")
    assert message in refused(["swap", "bundled-small", *words], capsys)


def test_case_13_what_is_left_out_of_a_folder_is_warned_of(people: Path, caplog: pytest.LogCaptureFixture) -> None:
    (people / "a" / "x.heic").touch()
    (people / "a" / "gone.jpg").symlink_to("nowhere")
    (people / "a" / "deep").mkdir()
    shutil.copy(people / "a" / "1.jpg", people / "a" / "deep" / "y.jpg")
    found = pictures_of(Wanted([Path("a")]))
    assert all(path.parent == Path("a") for path in found.paths)
    (said,) = [record.message for record in caplog.records if "left out" in record.message]
    assert all(f"a/{name}" in said for name in ("x.heic", "gone.jpg", "deep/y.jpg"))
