"""Rendering a film: people in front of one camera, the nearer over the farther, with their true boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dgnet.files.images import ImagesU8
from dgnet.mannequin.body.gait import Arms
from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.editions.cameras.stations import station
from dgnet.mannequin.editions.cameras.views import Window
from dgnet.mannequin.film.walks import Pose, Walker
from dgnet.mannequin.render import render_person
from dgnet.mannequin.scene.sensor import expose
from dgnet.mannequin.structure import Moment, Structure

# The camera, in fractions of the frame's height: how large a metre is one metre away, where the ground meets the
# horizon, and how far below it the ground is one metre away.
FOCAL, HORIZON, GROUND = 2.17, 0.45, 3.49
STATURE, FILLED = 1.70, 0.8  # metres; how much of a tile's height a person of that stature fills
WIDE = 0.8  # a tile's width in its heights
COVERED = 0.5  # a pixel belongs to a person who covers so much of it
LEAST_PIXELS = 20  # that a person has in the frame to be in it


@dataclass(frozen=True)
class Frame:
    """One frame.

    `image` is uint8 H x W x 3 RGB. Of everyone in it: `pids` (N), `boxes` (N x 4: x1, y1, x2, y2 in pixels, of the
    whole person, cut at the frame's edge), and `visible` (N): how much of the person is in the frame and not behind
    others, from 0 to 1.
    """

    image: ImagesU8
    pids: npt.NDArray[np.int64]
    boxes: npt.NDArray[np.float64]
    visible: npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Placed:
    """A person's cover and light, put at their place in the frame."""

    pid: int
    box: tuple[float, float, float, float]
    cover: Floats  # H x W
    light: Floats  # H x W x 3
    shadow: Floats  # H x W
    area: float  # of the whole person, beyond the frame too


def render_film(
    walkers: Sequence[Walker], num_frames: int, *, size: tuple[int, int] = (270, 480), camid: int = 1, seed: int = 0
) -> Iterator[Frame]:
    """The frames one by one; each depends on its number alone.

    Args:
        size: (height, width); people are between a quarter and half of the height.
        camid: which of mannequin's six cameras (1 to 6) gives backdrop, light and colours.
        seed: of the sensor's noise.
    """
    here = station(camid)
    backdrop = Window(here.view, 0.4, 1.0).paint(*size)
    for number in range(num_frames):
        poses = [(walker, pose) for walker in walkers if (pose := walker.pose(number))]
        poses.sort(key=lambda one: -one[1].z)  # the farthest first
        image, placed = backdrop, []
        for walker, pose in poses:
            one = _place(walker, pose, size, camid)
            if one is None:
                continue
            image = image * (1 - one.shadow[..., None])
            image = image * (1 - one.cover[..., None]) + one.light
            placed.append(one)
        exposed = expose(image, here.camera, 0.0, seed * 1_000_003 + number)
        yield Frame(
            exposed,
            np.array([one.pid for one in placed], np.int64),
            np.array([one.box for one in placed], np.float64).reshape(-1, 4),
            np.array([_visible(placed, index) for index in range(len(placed))], np.float64),
        )


def _visible(placed: Sequence[_Placed], index: int) -> float:
    seen = placed[index].cover
    for nearer in placed[index + 1 :]:
        seen = seen * (1 - nearer.cover)
    return float(seen.sum() / placed[index].area)


def _place(walker: Walker, pose: Pose, size: tuple[int, int], camid: int) -> _Placed | None:
    """A person at their place; None where the frame shows nothing of them."""
    height, width = size
    metre = FOCAL * height / pose.z
    tall = max(16, round(STATURE * metre / FILLED))
    wide = round(tall * WIDE)
    moment = _moment(pose, camid)
    person = render_person(walker.person.appearance, Structure(walker.person.physique, moment), (tall, wide))
    rows, columns = (np.flatnonzero((person.cover > COVERED).any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    # The lowest covered row stands on the ground; the tile's middle is the person's.
    top = round((HORIZON + GROUND / pose.z) * height) - int(rows[-1]) - 1
    left = round(width / 2 + pose.x * metre - wide / 2)
    inside = (slice(max(0, top), min(height, top + tall)), slice(max(0, left), min(width, left + wide)))
    if inside[0].stop <= inside[0].start or inside[1].stop <= inside[1].start:
        return None
    taken = tuple(slice(one.start - start, one.stop - start) for one, start in zip(inside, (top, left), strict=True))
    cover, shadow = np.zeros(size, np.float32), np.zeros(size, np.float32)
    light = np.zeros((*size, 3), np.float32)
    cover[inside], light[inside], shadow[inside] = person.cover[taken], person.light[taken], person.ground_shadow[taken]
    box = (
        float(np.clip(left + columns[0], 0, width)),
        float(np.clip(top + rows[0], 0, height)),
        float(np.clip(left + columns[-1] + 1, 0, width)),
        float(np.clip(top + rows[-1] + 1, 0, height)),
    )
    if (cover > COVERED).sum() < LEAST_PIXELS:
        return None
    return _Placed(walker.person.pid, box, cover, light, shadow, float(person.cover.sum()))


def _moment(pose: Pose, camid: int) -> Moment:
    here = station(camid)
    return Moment(
        camera=replace(here.camera, pitch=0.06, samples=2),
        light=here.light,
        backdrop=Window(here.view, 0.4, 1.0),
        azimuth=pose.azimuth,
        phase=pose.phase,
        stride=0.8,
        arms=Arms.SWING,
        gaze=0.0,
        shift=(0.0, 0.0),
        scale=FILLED,
        exposure=0.0,
        occluders=(),
        noise_seed=0,
    )
