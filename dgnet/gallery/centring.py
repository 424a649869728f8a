"""Centred galleries: what all images of a camera share is taken away from the features that are kept.

For each camera c of the gallery that it is made of, a centred gallery keeps the offset o_c of
`retrieval.features.camera_means`, and every feature f by c, of that gallery or added later, as (f - o_c) / |f - o_c|.
So whatever is done with features, on any server, is done without o_c. Offsets never change, since all that is kept was
moved by them; better ones make a new gallery. From a feature whose camera is not known, or was not there then, only the
mean of all is taken away.
"""

from __future__ import annotations

import base64
import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from dgnet.config.errors import nearest
from dgnet.data.records import name_some
from dgnet.gallery.calibration.marks import take_marks_over
from dgnet.gallery.rebuilding import check_rebuilt, name_of
from dgnet.gallery.stores.protocol import Float32Array, GalleryError, Store
from dgnet.retrieval.features.camera_means import moved, offset, offsets_of

logger = logging.getLogger(__name__)
NOTE = "camera means"  # the note that names the cameras; each camera's offset is in a note of its own
NOTE_OF_ALL = "mean of all cameras"  # galleries that were centred by earlier versions have none


@dataclass(frozen=True)
class CameraMeans:
    """The offsets of a gallery; one that is not centred has none, and then nothing moves.

    Args:
        source: the address of the gallery that they were measured on.
        offsets: of length dim, by camera.
        everybody: the offset of all other images, of length dim where there are offsets.
        complete: whether everything of `source` has been taken over.
    """

    source: str = ""
    offsets: Mapping[str, Float32Array] = field(default_factory=dict)
    everybody: Float32Array = field(default_factory=lambda: np.zeros(0, np.float32))
    complete: bool = True

    def taken_away(self, features: Float32Array, cameras: Sequence[str]) -> Float32Array:
        """Unit features N×dim as the gallery keeps them, of length 1."""
        return moved(features, cameras, self.offsets, self.everybody) if self.offsets else features

    def put_back(self, kept: Float32Array, cameras: Sequence[str]) -> Float32Array:
        """What `taken_away` was given: f = o + r k, for the r > 0 that makes it of length 1."""
        if not self.offsets:
            return kept
        o = offsets_of(cameras, self.offsets, self.everybody)
        along = (o * kept).sum(axis=1, keepdims=True)
        r = np.sqrt(np.maximum(along**2 + 1 - (o**2).sum(axis=1, keepdims=True), 0)) - along
        return o + r * kept

    def strangers(self, cameras: Iterable[str]) -> list[str]:
        """Those of the cameras that a centred gallery knows nothing of."""
        return sorted(set(cameras) - set(self.offsets) - {""}) if self.offsets else []

    def check_camera(self, camera: str, where: str) -> None:
        """Raise GalleryError where the gallery knows nothing of the camera of a query, or is not centred.

        An empty name is a camera that is not known, and always right.
        """
        if camera and not self.offsets:
            raise GalleryError(
                f"{where} is not centred, so the camera of a query changes nothing; leave {camera!r} out, or make a "
                "centred gallery with `dgnet gallery centre`"
            )
        if camera and camera not in self.offsets:
            raise GalleryError(f"{where} was not centred on a camera {camera!r}{nearest(camera, sorted(self.offsets))}")

    def check_cameras_of_labelled(self, cameras: Iterable[str], where: str) -> None:
        """Raise GalleryError where images that a gallery is to be calibrated on are by cameras it does not know."""
        if strangers := self.strangers(cameras):
            raise GalleryError(
                f"{where} was not centred on {name_some(strangers)}, so what is measured there would not hold here; "
                "take images by its own cameras, such as its own entries of known identity"
            )


NOT_CENTRED: Final = CameraMeans()


def read_means(store: Store) -> CameraMeans:
    """A gallery's offsets, none where it is not centred. Raises GalleryError where they are damaged."""
    text = store.note(NOTE)
    if text is None:
        return NOT_CENTRED
    try:
        said = json.loads(text)
        offsets = {camera: _vector(store.note(f"{NOTE} of {camera}"), store.meta.dim) for camera in said["cameras"]}
        of_all = store.note(NOTE_OF_ALL)
        everybody = np.zeros(store.meta.dim, np.float32) if of_all is None else _vector(of_all, store.meta.dim)
        return CameraMeans(said["source"], offsets, everybody, said["complete"])
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, GalleryError):
            raise
        damaged = f"{store.address}: its camera means are damaged: {error}"
        raise GalleryError(f"{damaged}; make it anew with `dgnet gallery centre`") from error


def complete_means(store: Store) -> CameraMeans:
    """The same, of a gallery that is to be used. Raises GalleryError where what made it was stopped before its end."""
    check_rebuilt(store)
    found = read_means(store)
    if not found.complete:
        raise GalleryError(
            f"{store.address}: not complete, since `dgnet gallery centre` was stopped; run `dgnet gallery centre "
            f"{found.source} --out {store.address}` again, and it goes on"
        )
    return found


def measured(source: Store, *, progress: bool = True) -> CameraMeans:
    """The offsets of a gallery's cameras, of all entries whose camera is known.

    Raises GalleryError where fewer than two cameras are known.
    """
    before = complete_means(source)
    sums: dict[str, npt.NDArray[np.float64]] = {}
    counts = Counter[str]()
    with _bar(source, "means", progress) as bar:
        for entries, kept in source.read():
            names = np.array([entry.camera for entry in entries])
            features = before.put_back(kept, names.tolist())
            for camera in sorted(set(names.tolist()) - {""}):
                own = features[names == camera]
                sums[camera] = sums.get(camera, np.zeros(source.meta.dim)) + own.sum(axis=0, dtype=np.float64)
                counts[camera] += len(own)
            bar.update(len(entries))
    if len(sums) < 2:
        raise GalleryError(
            f"{source.address}: entries of {len(sums)} known cameras, must be of two or more, since what is taken away "
            "is how each differs from all; say the cameras when adding (--camera, --pattern or --manifest)"
        )
    everybody = np.sum(list(sums.values()), axis=0) / counts.total()
    offsets = {name: offset(sums[name] / counts[name], everybody, counts[name]) for name in sums}
    return CameraMeans(name_of(source), offsets, everybody.astype(np.float32), complete=False)


def begin(source: Store, target: Store, means: CameraMeans) -> None:
    """Make a new, empty gallery one that is to be `source`, centred."""
    if target.count() or source.meta.model_hash != target.meta.model_hash:
        raise GalleryError(_other(source, target))
    vectors = {NOTE_OF_ALL: means.everybody, **{f"{NOTE} of {name}": one for name, one in means.offsets.items()}}
    for note, vector in vectors.items():
        target.set_note(note, base64.b64encode(vector.astype("<f4").tobytes()).decode())
    _say(target, means)


def take_over(source: Store, target: Store, *, progress: bool = True) -> tuple[int, CameraMeans]:
    """Take everything of `source` over to `target`, where `begin` was called; return how many entries were new there.

    The same call again goes on where it was stopped, with the same offsets, and warns of cameras that these do not
    know. Marks on pairs of entries go along, where nothing was said of the pair in `target`; the calibration does not,
    since similarities change.

    Raises GalleryError where `target` is of another gallery or model.
    """
    before, means = complete_means(source), read_means(target)
    if means.source != name_of(source) or source.meta.model_hash != target.meta.model_hash:
        raise GalleryError(_other(source, target))
    num_new = 0
    new_cameras: set[str] = set()
    with _bar(source, "centring", progress) as bar:
        for entries, kept in source.read(batch_size=1_000):
            cameras = [entry.camera for entry in entries]
            small = source.thumbnails([entry.id for entry in entries])
            features = means.taken_away(before.put_back(kept, cameras), cameras)
            new = target.add(entries, features, [small.get(entry.id, b"") for entry in entries])
            num_new += sum(new)
            new_cameras.update(camera for camera, is_new in zip(cameras, new, strict=True) if is_new)
            bar.update(len(entries))
    take_marks_over(source, target)
    means = replace(means, complete=True)
    _say(target, means)
    warn_of_strangers(target.address, means.strangers(new_cameras))
    return num_new, means


def warn_of_strangers(address: str, cameras: Sequence[str]) -> None:
    """Warn that entries were added by cameras that the means know nothing of; where there are none, do nothing."""
    if cameras:
        logger.warning(
            "%s: was centred before it knew %s, from whose features only the mean of all is taken away; centre it anew",
            *(address, name_some(cameras)),
        )


def _bar(source: Store, what: str, progress: bool) -> tqdm:
    return tqdm(total=source.count(), desc=what, unit="entry", dynamic_ncols=True, disable=not progress, delay=1)


def _other(source: Store, target: Store) -> str:
    return f"{target.address}: there is another gallery than that of {source.address}; give a new name"


def _say(store: Store, means: CameraMeans) -> None:
    said = {"source": means.source, "complete": means.complete, "cameras": sorted(means.offsets)}
    store.set_note(NOTE, json.dumps(said, ensure_ascii=False))


def _vector(text: str | None, dim: int) -> Float32Array:
    found = np.frombuffer(base64.b64decode(text or "", validate=True), "<f4").astype(np.float32)
    if len(found) != dim or not np.isfinite(found).all():
        raise ValueError(f"{len(found)} numbers, must be {dim} finite ones")
    return found
