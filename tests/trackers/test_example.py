"""The example that tracks a film runs as it stands, and its trackers really use what they are given."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from dgnet.mannequin.film.film import Frame
from dgnet.trackers.scores import score_tracks

EXAMPLE = Path(__file__).parents[2] / "examples" / "track_film.py"

pytest.importorskip("deep_sort_realtime", reason='pip install "dgnet[trackers]", to run the example')
cv2 = pytest.importorskip("cv2", reason='pip install "dgnet[trackers]", to run the example')
pytest.importorskip("scipy", reason='pip install "dgnet[trackers]", to run the example')
_spec = importlib.util.spec_from_file_location("track_film", EXAMPLE)
assert _spec
assert _spec.loader
example = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(example)


def squares(num_frames: int) -> list[Frame]:
    """A red and a blue figure: both gone for 20 frames, then each where the other one was."""
    film = []
    for number in range(num_frames):
        image = np.full((120, 160, 3), 90, np.uint8)
        if 15 <= number < 35:
            film.append(Frame(image, np.empty(0, np.int64), np.empty((0, 4)), np.empty(0)))
            continue
        places = [20, 100] if number < 15 else [100, 20]
        for x, colour in zip(places, ((200, 30, 30), (30, 30, 200)), strict=True):
            image[30:100, x : x + 30] = colour
        boxes = np.array([[x, 30, x + 30, 100] for x in places], float)
        film.append(Frame(image, np.array([1, 2]), boxes, np.ones(2)))
    return film


def test_appearance_is_what_the_tracker_goes_by() -> None:
    """By colour each keeps its number; without appearance, both come back as somebody new."""
    film = squares(50)
    truth = [(frame.pids.tolist(), frame.boxes) for frame in film]
    alone = score_tracks(truth, example.track(film, example.nothing, -1.0, 0))
    coloured = score_tracks(truth, example.track(film, example.histogram, 0.3, 0))
    assert (alone.num_tracks, alone.num_switches) == (4, 2)
    assert (coloured.num_tracks, coloured.num_switches) == (2, 0)
    assert coloured.idf1 > 0.9 > alone.idf1


@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("anny")
    film, out = tmp_path / "film.npz", tmp_path / "tracks.mp4"
    words = ["track_film.py", "--people", "2", "--frames", "6", "--film", str(film), "--out", str(out)]
    monkeypatch.setattr(sys, "argv", words)
    example.main()
    first = capsys.readouterr().out
    assert all(f"\n{name}" in first for name in ("boxes alone", "colour histogram", "dgnet (bundled)", "Film: "))
    written = cv2.VideoCapture(str(out))
    frames = [frame for there, frame in iter(written.read, (False, None)) if there]
    assert [frame.shape for frame in frames] == [(540, 480, 3)] * 6
    monkeypatch.setattr(example, "render_film", None)  # from now on the film is read
    example.main()
    assert "boxes alone" in capsys.readouterr().out
