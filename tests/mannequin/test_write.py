"""Writing a data set: the same bytes in however many processes, and no half-written folder under the final name."""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dgnet.data.readers.detect import read_dataset
from dgnet.files.unfinished import unfinished, unfinished_path
from dgnet.mannequin import bundled_root, swap_targets
from dgnet.mannequin.editions.plan import plan_people, plan_shots, plan_swaps
from dgnet.mannequin.editions.spec import EditionSpec
from dgnet.mannequin.editions.write import factors, write_edition
from dgnet.mannequin.render import render

pytestmark = pytest.mark.timeout(900)  # anny's first use on a machine builds its cache: minutes
SMALL = EditionSpec(
    num_train_ids=2, num_test_ids=3, num_swap_targets=6, num_distractors=1, cameras_per_id=2, images_per_camera=2,
    size=(64, 32), seed=5,
)  # fmt: skip
WILD = replace(SMALL, edition="wild", num_swap_targets=3, num_train_swaps=4)
SPECS = pytest.mark.parametrize("spec", [SMALL, WILD], ids=["cameras", "wild"])


def content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@SPECS
def test_editions_do_not_depend_on_the_workers(spec: EditionSpec, tmp_path: Path) -> None:
    one = content(write_edition(tmp_path / "one", spec, workers=1, progress=False))
    two = content(write_edition(tmp_path / "two", spec, workers=2, progress=False))
    assert one == two
    assert sum(name.endswith(".jpg") for name in one) == 5 * 2 * 2 + 1 + spec.num_swap_targets + spec.num_train_swaps
    assert ("train_swaps.csv" in one) == (spec.num_train_swaps > 0)
    assert "LICENSE.txt" in one
    assert not any(name.startswith(".") for name in one)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def killed(out: Path, spec: EditionSpec, after: int) -> dict[str, int]:
    """Write in a process that is killed once `after` images are there; returns each image's time of writing."""
    process = multiprocessing.get_context("spawn").Process(
        target=write_edition, args=(out, spec), kwargs={"progress": False}
    )
    process.start()
    folder = unfinished_path(out)
    until = time.monotonic() + 300
    while len([path for path in folder.rglob("*.jpg") if path.name[0] != "."]) < after:
        assert process.is_alive()
        assert time.monotonic() < until
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not out.exists()
    names = (path for path in folder.rglob("*.jpg") if path.name[0] != ".")
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in names}


def test_a_killed_edition_goes_on_with_the_same_settings_alone(tmp_path: Path) -> None:
    whole = content(write_edition(tmp_path / "whole", WILD, progress=False))
    out = tmp_path / "out"
    kept = killed(out, WILD, after=4)
    folder = unfinished_path(out)
    with pytest.raises(ValueError, match=r"other settings \(seed 5 there, 6 here\): ask for those"):
        write_edition(out, replace(WILD, seed=6), progress=False)
    with pytest.raises(ValueError, match="edition wild there, cameras here"):
        write_edition(out, SMALL, progress=False)
    damaged, *others = sorted(kept)
    (folder / damaged).write_bytes((folder / damaged).read_bytes()[:-100])  # as a machine without power leaves it
    (folder / "query" / ".x.1.partial.jpg").write_bytes(b"half")
    assert content(write_edition(out, WILD, progress=False)) == whole
    assert others
    assert all((out / name).stat().st_mtime_ns == kept[name] for name in others)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "whole"]


def test_a_folder_that_another_process_writes_is_left_alone(tmp_path: Path) -> None:
    with (
        unfinished(tmp_path / "out", {"seed": 1}),
        pytest.raises(ValueError, match="is being written by another process"),
        unfinished(tmp_path / "out", {"seed": 1}),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failure_keeps_what_is_finished(tmp_path: Path) -> None:
    def run(*images: str) -> None:
        with unfinished(tmp_path / "out", {}) as folder:
            for name in images:
                (folder / name).write_bytes(b"finished")
            raise OSError(28, "No space left")

    with pytest.raises(OSError, match="No space left"):
        run()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match="No space left"):
        run("image.jpg")
    assert [path.name for path in tmp_path.iterdir()] == [".out.unfinished"]
    with unfinished(tmp_path / "out", {}) as folder:
        assert (folder / "image.jpg").read_bytes() == b"finished"
    assert content(tmp_path) == {"out/image.jpg": b"finished"}


def test_what_is_no_unfinished_data_set_is_left_alone(tmp_path: Path) -> None:
    folder = unfinished_path(tmp_path / "out")
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="was not left by an unfinished data set"):
        write_edition(tmp_path / "out", WILD, progress=False)
    (folder / ".settings.json").write_text("{")
    with pytest.raises(ValueError, match="is damaged"):
        write_edition(tmp_path / "out", WILD, progress=False)
    assert (folder / "mine.txt").read_text() == "mine"


def test_both_editions_are_read_as_data_sets(tmp_path: Path) -> None:
    root = write_edition(tmp_path / "edition", replace(WILD, cameras_per_id=None), progress=False)
    data = read_dataset("auto", root)
    assert {record.pid for record in data.train} == {1, 2}
    for pid in (3, 4, 5):
        cameras = {record.camid for record in data.query if record.pid == pid}
        assert 3 <= len(cameras) <= 6
        assert cameras <= set(range(1, 301))


def test_the_bundled_images_are_drawn_again() -> None:
    """The six-camera edition never changes. Not every byte is compared, because processors may round differently."""
    spec, root = EditionSpec(), bundled_root()
    shots = [plan_shots(spec, person)[7 * person % 15] for person in (1, 2, 60, 151, 160, 200)]
    for item in (*shots, *plan_swaps(spec)[::60]):
        again = render(*factors(spec, item), spec.size)
        file = io.BytesIO()
        Image.fromarray(again).save(file, "jpeg", quality=spec.quality, subsampling=2, optimize=True)
        written, drawn = (np.asarray(Image.open(source), float) for source in (root / item.path, file))
        assert np.abs(written - drawn).mean() < 0.2, item.path
    names = {str(path.relative_to(root)) for path in root.rglob("*.jpg")}
    assert names == {shot.path for person in plan_people(spec) for shot in plan_shots(spec, person)} | {
        swap.path for swap in plan_swaps(spec)
    }


def test_written_targets_are_the_true_swaps(tmp_path: Path) -> None:
    root = write_edition(tmp_path / "edition", replace(SMALL, quality=100), progress=False)
    swaps = swap_targets(root)
    assert len(swaps) == 6
    for swap in swaps:
        target, source = (np.asarray(Image.open(path), float) for path in (swap.target, swap.structure))
        assert target.shape == (64, 32, 3)
        corners = np.s_[:6, [0, 1, 2, -3, -2, -1]]  # no person reaches into the upper corners
        assert np.abs(target[corners] - source[corners]).mean() < 4
        assert np.abs(target - source).mean() > 1


def test_a_folder_that_holds_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="exists and is not empty: name a new folder"):
        write_edition(tmp_path, SMALL, progress=False)
    with pytest.raises(ValueError, match="is a file, must be a folder"):
        write_edition(tmp_path / "mine.txt", SMALL, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_mount_point_is_refused_before_anything_is_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == tmp_path)
    with pytest.raises(ValueError, match="is a mount point: name a new folder in it"):
        write_edition(tmp_path, SMALL, progress=False)
    assert not [*tmp_path.iterdir()]


def test_workers_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        write_edition(tmp_path / "edition", SMALL, workers=0)
