"""Features of the people in a tracker's boxes, in the call shapes of several trackers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dgnet.experiment.models.find import RUN
from dgnet.experiment.models.load import load
from dgnet.experiment.models.model import Model
from dgnet.files.images import ImagesU8
from dgnet.trackers.frames import BoxError, as_boxes, as_rgb, crop, crop_rotated

Features = npt.NDArray[np.float32]
BATCH_SIZE = 64
GREY = 114  # the mean of ImageNet's three channels, nearly


class Embedder:
    """A re-id model as trackers call it. Pictures are BGR, as OpenCV reads them; features are float32 of length 1.

    | tracker | what to give it |
    |---|---|
    | BoxMOT | the object itself: `get_features(boxes, frame)`, `embedding_dim`, `requirements`, `encode(...)` |
    | deep_sort_realtime | `predict(crops)`, or `embeds=embedder.of_ltwh(frame, boxes)` of `update_tracks` |
    | Roboflow's trackers | `extract_features(detections, frame)` or `extract_embeddings(detections, frame)` |
    | ultralytics | the object itself, called: `embedder(frame, boxes)` |

    Boxes are not stretched or padded: a crop is exactly the pixels that the box touches (`dgnet.trackers.frames.crop`),
    resized as in training. What shows nobody (a box with NaN, without area, outside the frame) gets the feature of an
    empty grey picture, so that rows are finite, of length 1 and in the tracker's order; ultralytics gets None.

    Args:
        model: what `dgnet.load` takes, or a model that it gave.
        device, engine, input: as of `dgnet.load`, unless `model` is loaded already.
        part: one of the model's `parts`; empty means the first.
        mirror: average the features of the crop and its mirror, in twice the time, as `dgnet evaluate` does.
        batch_size: how many crops are processed at a time.

    Raises:
        DgnetError: as `dgnet.load` does.
    """

    requirements: tuple[str, ...] = ()  # packages that a tracker should install before it uses this: none

    def __init__(
        self,
        model: RUN | Model = "bundled",
        *,
        device: str | int | torch.device = "auto",
        engine: str = "auto",
        input: str = "",
        part: str = "",
        mirror: bool = False,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        self.model = model if isinstance(model, Model) else load(model, device, engine=engine, input=input)
        self.part, self.mirror, self.batch_size = part, mirror, batch_size
        # Of no one. Wrong arguments are found by it too, now and not in the first frame.
        self._nobody = self._describe([np.full((*self.model.size, 3), GREY, np.uint8)])[0]

    @property
    def embedding_dim(self) -> int:
        """The number F of a feature's numbers."""
        return len(self._nobody)

    def get_features(self, xyxys: Any, img: Any) -> Features:
        """BoxMOT: boxes N x 4 `x1, y1, x2, y2`, or N x 5 `cx, cy, w, h, angle`, and a frame -> N x F, finite.

        No boxes give 0 x F.

        Raises:
            BoxError: the frame is no uint8 picture, or the boxes are not N x 4 or N x 5.
        """
        boxes, frame = as_boxes(xyxys, (4, 5), "boxes"), as_rgb(img)
        cut = crop_rotated if boxes.shape[1] == 5 else crop
        return self._rows([cut(frame, box) for box in boxes])

    def encode(self, frames: Sequence[Any], detections: Sequence[Any]) -> list[torch.Tensor]:
        """BoxMOT: several frames, and for each the boxes as of `get_features` -> for each a tensor N x F.

        Confidence and class after them are not read: six columns are an upright box with both, seven a turned one.
        """
        if len(frames) != len(detections):
            raise BoxError(f"encode: found {len(frames)} frames and detections of {len(detections)}")
        return [
            torch.from_numpy(self.get_features(_without_scores(boxes), frame))
            for frame, boxes in zip(frames, detections, strict=True)
        ]

    def predict(self, np_images: Sequence[Any]) -> list[Features]:
        """deep_sort_realtime: a list of BGR crops -> a list of features. A crop may have no pixels."""
        crops = []
        for index, one in enumerate(np_images):
            empty = isinstance(one, np.ndarray) and one.ndim in (2, 3) and 0 in one.shape
            crops.append(None if empty else as_rgb(one, f"np_images[{index}]"))
        return list(self._rows(crops))

    def of_ltwh(self, frame: Any, boxes: Any) -> Features:
        """Boxes N x 4 `left, top, width, height` -> N x F, for `embeds` of deep_sort_realtime's `update_tracks`.

        That tracker leaves out boxes without area before it pairs them with `embeds`: give it none.
        """
        found = as_boxes(boxes, (4,), "boxes")
        return self.get_features(np.concatenate([found[:, :2], found[:, :2] + found[:, 2:]], axis=1), frame)

    def extract_features(self, detections: Any, frame: Any) -> Features:
        """Roboflow: detections with `.xyxy` (N x 4), or such an array, and a frame -> N x F."""
        return self.get_features(as_boxes(getattr(detections, "xyxy", detections), (4,), "detections.xyxy"), frame)

    def extract_embeddings(self, detections: Any, frame: Any, *, batch_size: int | None = None) -> Features:
        """Roboflow's re-ID package: as `extract_features`, with a batch size of its own."""
        before = self.batch_size
        try:
            self.batch_size = batch_size or before
            return self.extract_features(detections, frame)
        finally:
            self.batch_size = before

    def __call__(self, img: Any, dets: Any) -> list[Features | None]:
        """ultralytics: a frame, and boxes N x 4 (or more columns) `cx, cy, w, h, ...` -> a feature or None for each."""
        boxes, frame = as_boxes(_first_columns(dets, 4), (4,), "dets"), as_rgb(img)
        corners = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], axis=1)
        crops = [crop(frame, box) for box in corners]
        return [row if cut is not None else None for cut, row in zip(crops, self._rows(crops), strict=True)]

    def _rows(self, crops: Sequence[ImagesU8 | None]) -> Features:
        """N x F: a feature for each crop."""
        rows = np.tile(self._nobody, (len(crops), 1))
        there = [index for index, one in enumerate(crops) if one is not None]
        if there:
            rows[there] = self._describe([crops[index] for index in there])
        return rows

    def _describe(self, crops: Iterable[Any]) -> Features:
        found = self.model.features(crops, part=self.part, batch_size=self.batch_size, mirror=self.mirror)
        return found / np.linalg.norm(found, axis=1, keepdims=True)  # `both` has length sqrt(1 + alpha)


def _first_columns(boxes: Any, count: int) -> Any:
    array = boxes.detach().cpu().numpy() if isinstance(boxes, torch.Tensor) else np.asarray(boxes)
    return array[:, :count] if array.ndim == 2 else array


def _without_scores(boxes: Any) -> Any:
    """Boxes of detections: x1, y1, x2, y2, confidence, class have six columns; of turned ones there are seven."""
    array = boxes.detach().cpu().numpy() if isinstance(boxes, torch.Tensor) else np.asarray(boxes)
    if array.ndim != 2 or array.shape[1] < 6:
        return array
    return array[:, : 5 if array.shape[1] > 6 else 4]
