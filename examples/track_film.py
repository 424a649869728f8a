"""Track people on a film with deep_sort_realtime, with and without dgnet's features: python examples/track_film.py

The film is rendered: synthetic people who cross each other, leave the picture and come back, with the true box of
everyone in every frame. The detections that the tracker gets are the true boxes of people of whom at least a third is
visible, moved by a little noise. It runs three times with the same settings:

  boxes alone        no two boxes count as alike, so tracks go on by motion and overlap alone
  colour histogram   what costs nothing: colours of six horizontal stripes
  dgnet              the features of a model

Printed for each: IDF1, identity switches, and how many numbers were given to how many people. Written: the film
(MP4) with dgnet's tracks below those of boxes alone, each number in a colour of its own.

Needs: pip install "dgnet[mannequin,trackers,film]", and "dgnet[export]" for --engine onnxruntime. The film takes some
minutes to render; --film keeps it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from tqdm import tqdm

from dgnet.files.outputs import check_output_file
from dgnet.files.whole_file import written_whole
from dgnet.mannequin.film.film import Frame, render_film
from dgnet.mannequin.film.walks import FRAMES_PER_SECOND, draw_walkers
from dgnet.trackers import Embedder
from dgnet.trackers.scores import Tracks, TrackScores, score_tracks

LEAST_VISIBLE = 0.33
NOISE = 0.02  # of a box's height: the deviation of a detection's edges
HISTOGRAM_APART = 0.25  # cosine distance beyond which histograms are not of one person; the best on the film of seed 0
AWAY = 80  # frames that a person may be out of sight and still be known
Describe = Callable[[np.ndarray, np.ndarray], np.ndarray]  # a BGR frame and boxes N x 4 -> N x F


def detect(frame: Frame, rng: np.random.Generator) -> np.ndarray:
    """What a detector would give: left, top, width, height of the people who can be seen."""
    boxes = frame.boxes[frame.visible >= LEAST_VISIBLE]
    boxes = boxes + rng.normal(0, NOISE, boxes.shape) * (boxes[:, 3:] - boxes[:, 1:2])
    return np.concatenate([boxes[:, :2], np.maximum(boxes[:, 2:] - boxes[:, :2], 2)], axis=1)


def nothing(_: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """A feature that says nothing."""
    return np.ones((len(boxes), 1))


def histogram(bgr: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Square roots of the colour histograms (4 x 4 x 4) of six horizontal stripes of the box's middle half."""
    rows = np.zeros((len(boxes), 6 * 64))
    for row, (left, top, width, height) in zip(rows, boxes, strict=True):
        x1, x2 = int(max(0, left + width / 4)), int(max(1, left + 3 * width / 4))
        crop = bgr[int(max(0, top)) : int(max(1, top + height)), x1:x2]
        crop = crop if crop.size else np.zeros((6, 1, 3), np.uint8)
        counts = [
            np.histogramdd(part.reshape(-1, 3), bins=4, range=[(0, 256)] * 3)[0] for part in np.array_split(crop, 6)
        ]
        row[:] = np.sqrt(np.concatenate([one.ravel() for one in counts]))
    return rows / np.maximum(1e-9, np.linalg.norm(rows, axis=1, keepdims=True))


def track(film: list[Frame], describe: Describe, most_apart: float, seed: int) -> Tracks:
    """The tracker's confirmed tracks in each frame: numbers, and boxes x1, y1, x2, y2."""
    from deep_sort_realtime.deepsort_tracker import DeepSort

    tracker = DeepSort(max_age=AWAY, n_init=2, max_cosine_distance=most_apart, nn_budget=100, embedder=None)
    rng, found = np.random.default_rng(seed), []
    for frame in film:
        boxes = detect(frame, rng)
        bgr = frame.image[:, :, ::-1]
        embeds = describe(bgr, boxes)
        tracks = tracker.update_tracks([(box, 1.0, "person") for box in boxes.tolist()], embeds=list(embeds))
        now = [one for one in tracks if one.is_confirmed() and one.time_since_update == 0]
        corners = [one.to_ltrb(orig=True) for one in now]
        found.append(([int(one.track_id) for one in now], np.array(corners, float).reshape(-1, 4)))
    return found


def draw(frame: Frame, tracks: tuple[list[int], np.ndarray], heading: str) -> Image.Image:
    """The frame with every track's box and number, in a colour by the number."""
    image = Image.fromarray(frame.image)
    pen = ImageDraw.Draw(image)
    for number, box in zip(*tracks, strict=True):
        colour = tuple(np.random.default_rng(number * 7).integers(60, 256, 3).tolist())
        pen.rectangle(box.tolist(), outline=colour, width=2)
        pen.rectangle([box[0], box[1] - 12, box[0] + 9 * len(str(number)) + 4, box[1]], fill=colour)
        pen.text((box[0] + 3, box[1] - 12), str(number), fill="black")
    pen.text((6, 4), heading, fill="white", stroke_width=1, stroke_fill="black")
    return image


def write_film(path: Path, pictures: list[Image.Image]) -> None:
    """Write pictures as an MP4 film, whole or not at all."""
    import cv2

    with written_whole(path) as partial:
        writer = cv2.VideoWriter(str(partial), cv2.VideoWriter.fourcc(*"mp4v"), FRAMES_PER_SECOND, pictures[0].size)
        for picture in pictures:
            writer.write(np.asarray(picture)[:, :, ::-1])
        writer.release()


def read_or_render(arguments: argparse.Namespace) -> list[Frame]:
    """The film from the file, where there is one; else rendered, and kept there."""
    names = ("image", "pids", "boxes", "visible")
    if arguments.film and arguments.film.exists():
        with np.load(arguments.film) as saved:
            return [Frame(*(saved[f"{name}{number}"] for name in names)) for number in range(len(saved.files) // 4)]
    walkers = draw_walkers(arguments.seed, arguments.people, arguments.frames)
    frames = render_film(walkers, arguments.frames, seed=arguments.seed)
    film = list(tqdm(frames, total=arguments.frames, desc="film", unit="frame"))
    if arguments.film:
        arrays = {f"{name}{number}": getattr(one, name) for number, one in enumerate(film) for name in names}
        np.savez_compressed(arguments.film, allow_pickle=False, **arrays)
    return film


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="bundled", help="what dgnet.load takes")
    parser.add_argument("--engine", default="auto", help="auto, torch, onnxruntime or openvino")
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--frames", type=int, default=200, help=f"{FRAMES_PER_SECOND} are a second")
    parser.add_argument("--seed", type=int, default=0, help="other seeds give other people, walks and noise")
    parser.add_argument(
        "--most_apart",
        type=float,
        default=0.4,
        help="cosine distance of dgnet's features beyond which nobody is the same",
    )
    parser.add_argument("--film", type=Path, help="an .npz file: read the film from it, or keep it there")
    parser.add_argument("--out", type=Path, default=Path("tracks.mp4"), help="the film to look at, .mp4")
    arguments = parser.parse_args()

    check_output_file(arguments.out, "--out", suffixes=(".mp4",))
    embedder = Embedder(arguments.model, engine=arguments.engine)
    film = read_or_render(arguments)
    ways: dict[str, tuple[Describe, float]] = {
        "boxes alone": (nothing, -1.0),  # no distance is below this
        "colour histogram": (histogram, HISTOGRAM_APART),
        f"dgnet ({arguments.model})": (embedder.of_ltwh, arguments.most_apart),
    }
    seen = [frame.visible >= LEAST_VISIBLE for frame in film]
    truth = [(frame.pids[there].tolist(), frame.boxes[there]) for frame, there in zip(film, seen, strict=True)]
    found: dict[str, Tracks] = {}
    print(f"{'':24}{'IDF1':>6}{'switches':>10}{'numbers':>9} of {len({pid for ids, _ in truth for pid in ids})} people")
    for name, (describe, most_apart) in ways.items():
        began = time.perf_counter()
        found[name] = track(film, describe, most_apart, arguments.seed)
        scores: TrackScores = score_tracks(truth, found[name])
        seconds = (time.perf_counter() - began) / len(film)
        print(f"{name:24}{scores.idf1:6.3f}{scores.num_switches:10}{scores.num_tracks:9}   {seconds:.3f} s per frame")
    shown, pictures = [next(iter(ways)), list(ways)[-1]], []
    for number, frame in enumerate(film):
        sides = [draw(frame, found[name][number], name) for name in shown]
        both = Image.new("RGB", (sides[0].width, 2 * sides[0].height))
        both.paste(sides[0], (0, 0))
        both.paste(sides[1], (0, sides[0].height))
        pictures.append(both)
    write_film(arguments.out, pictures)
    print(f"Film: {arguments.out.resolve()}")


if __name__ == "__main__":
    main()
