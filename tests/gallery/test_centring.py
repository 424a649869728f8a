"""Galleries without what all images of a camera share: their arithmetic, what is added later, and ends on the way."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgnet.gallery import centring
from dgnet.gallery.calibration.calibration import calibrate
from dgnet.gallery.calibration.marks import Mark, add_marks, read_marks, remove_mark
from dgnet.gallery.centring import NOTE, CameraMeans, begin, complete_means, measured, read_means, take_over
from dgnet.gallery.crops import Item
from dgnet.gallery.gallery import Gallery
from dgnet.gallery.stores.choice import open_store
from dgnet.gallery.stores.protocol import Entry, Filter, GalleryError, Store
from dgnet.retrieval.features.camera_means import each_without_its_cameras_mean


def features_of(store: Store) -> tuple[np.ndarray, list[str]]:
    """Everything that is kept, in the order of its sources, with the cameras."""
    rows = [(entry, vector) for batch, vectors in store.read() for entry, vector in zip(batch, vectors, strict=True)]
    rows.sort(key=lambda row: row[0].source)
    return np.stack([vector for _, vector in rows]), [entry.camera for entry, _ in rows]


def centre(source: Store, target: Store) -> tuple[int, CameraMeans]:
    begin(source, target, measured(source, progress=False))
    return take_over(source, target, progress=False)


@pytest.fixture
def centred(make_gallery: Callable[..., Gallery], picture: Any, embedder: Any) -> tuple[Gallery, Gallery]:
    """A gallery of 90 pictures by cameras that differ in light, and the same without camera means; in float32."""
    plain = make_gallery("plain.db", precision="float32")
    pixels = np.random.default_rng(0).integers(0, 60, (90, 32, 16, 3), dtype=np.uint8)
    for number, image in enumerate(pixels):
        camera = number % 3
        image[..., camera] += np.uint8(60 * camera)
        plain.add(Item(image, f"{number:03d}", f"c{camera}", float(number), f"person {number % 10}"))
    target = make_gallery("centred.db", precision="float32").store
    assert centre(plain.store, target)[0] == 90
    return plain, Gallery(target, lambda: embedder)


def test_it_keeps_what_evaluation_computes(centred: tuple[Gallery, Gallery]) -> None:
    plain, without = centred
    features, cameras = features_of(plain.store)
    expected = each_without_its_cameras_mean(features, np.array([int(camera[1:]) for camera in cameras]))
    kept, _ = features_of(without.store)
    np.testing.assert_allclose(kept, expected, atol=1e-6)
    assert np.abs(kept - features).max() > 0.01
    assert without.means.offsets
    np.testing.assert_allclose(without.means.put_back(kept, cameras), features, atol=1e-6)
    assert plain.info().centred == ()
    assert without.info().centred == ("c0", "c1", "c2")
    assert without.verify() == []


def test_entries_thumbnails_and_marks_go_along(centred: tuple[Gallery, Gallery], embedder: Any, tmp_path: Path) -> None:
    plain, without = centred
    ids = [entry.id for batch in plain.store.entries() for entry in batch]
    assert without.store.get(ids) == plain.store.get(ids)
    assert without.store.thumbnails(ids) == plain.store.thumbnails(ids)
    add_marks(plain.store, [Mark(ids[0], ids[1], False), Mark("query:1", ids[2], True, 0.5)])
    assert take_over(plain.store, without.store, progress=False)[0] == 0
    assert read_marks(without.store) == [Mark(*sorted(ids[:2]), False)]  # a picture's similarity has changed


def test_going_on_keeps_what_was_said_there_of_pairs(centred: tuple[Gallery, Gallery]) -> None:
    plain, without = centred
    a, b, c, d = (entry.id for entry in next(plain.store.entries(batch_size=4)))
    add_marks(plain.store, [Mark(a, b, True), Mark(a, c, True), Mark(a, d, True)])
    take_over(plain.store, without.store, progress=False)
    add_marks(without.store, [Mark(b, a, False)])
    remove_mark(without.store, a, c)
    add_marks(without.store, [Mark(c, d, False)])
    add_marks(plain.store, [Mark(c, d, True), Mark(b, c, True)])
    take_over(plain.store, without.store, progress=False)
    kept = {frozenset((mark.first, mark.second)): mark.same for mark in read_marks(without.store)}
    said_there = {frozenset((a, b)): False, frozenset((c, d)): False}
    assert kept == {**said_there, frozenset((a, d)): True, frozenset((b, c)): True}


def test_going_on_names_cameras_that_were_not_there_then(
    centred: tuple[Gallery, Gallery], caplog: pytest.LogCaptureFixture
) -> None:
    plain, without = centred
    image = np.random.default_rng(1).integers(0, 60, (32, 16, 3), dtype=np.uint8)
    plain.add([Item(image, "1", "roof"), Item(255 - image, "2", "c1")])
    for expected in (1, 0):  # the second time they are there
        caplog.clear()
        take_over(plain.store, without.store, progress=False)
        said = [record.getMessage() for record in caplog.records]
        assert [f"{without.store.address}: was centred before it knew roof," in one for one in said] == [
            True
        ] * expected


def test_what_is_added_and_searched_for_later_is_moved_too(
    centred: tuple[Gallery, Gallery], caplog: pytest.LogCaptureFixture
) -> None:
    plain, without = centred
    image = np.random.default_rng(1).integers(0, 60, (32, 16, 3), dtype=np.uint8)
    for gallery in centred:
        gallery.add(image, camera="c2", source="later")
        with caplog.at_level(logging.WARNING):
            gallery.add(255 - image, camera="roof", source="zz of a new camera")
    (warning,) = [record.getMessage() for record in caplog.records]
    assert warning.startswith(
        f"{without.store.address}: was centred before it knew roof, from whose features only the mean of"
    )
    assert without.means.offsets
    raw, cameras = features_of(plain.store)
    kept, _ = features_of(without.store)
    np.testing.assert_allclose(kept, without.means.taken_away(raw, cameras), atol=1e-6)
    less = raw[-1] - without.means.everybody
    np.testing.assert_allclose(kept[-1], less / np.linalg.norm(less), atol=1e-6)
    assert without.search(image, camera="c2")[0].matches[0].similarity == pytest.approx(1, abs=1e-6)
    assert without.search(image)[0].matches[0].similarity < 0.999


def test_a_gallery_that_an_earlier_version_centred_is_used_as_it_is(
    centred: tuple[Gallery, Gallery], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows no mean of all: a feature whose camera is not known stays as it is."""
    _, without = centred
    monkeypatch.setattr(centring, "NOTE_OF_ALL", "no such note")
    old = read_means(without.store)
    unit = np.eye(len(without.means.everybody), dtype=np.float32)[:1]
    np.testing.assert_array_equal(old.taken_away(unit, [""]), unit)
    np.testing.assert_array_equal(old.taken_away(unit, ["c1"]), without.means.taken_away(unit, ["c1"]))
    assert np.abs(without.means.taken_away(unit, [""]) - unit).max() > 0.01


def test_a_centred_gallery_is_centred_anew_from_what_the_model_gave(
    centred: tuple[Gallery, Gallery], make_gallery: Callable[..., Gallery]
) -> None:
    _, without = centred
    again = make_gallery("again.db", precision="float32").store
    centre(without.store, again)
    np.testing.assert_allclose(features_of(again)[0], features_of(without.store)[0], atol=1e-5)


def test_the_camera_of_a_query_is_one_that_the_gallery_knows(centred: tuple[Gallery, Gallery]) -> None:
    plain, without = centred
    image = np.zeros((32, 16, 3), np.uint8)
    with pytest.raises(GalleryError, match=r"centred.db was not centred on a camera 'c3'; there are: c0, c1, c2"):
        without.search(image, camera="c3")
    with pytest.raises(GalleryError, match=r"plain.db is not centred, so the camera of a query changes nothing"):
        plain.search(image, camera="c1")


def test_a_camera_may_be_a_number(centred: tuple[Gallery, Gallery], make_gallery: Callable[..., Gallery]) -> None:
    plain = make_gallery("numbers.db", precision="float32")
    pixels = np.random.default_rng(0).integers(0, 60, (20, 32, 16, 3), dtype=np.uint8)
    pixels[::2, ..., 0] += 60
    for number, image in enumerate(pixels):
        plain.add(image, camera=number % 2, identity=number // 4, track=7, source=str(number))  # type: ignore[arg-type]
    store = make_gallery("both.db", precision="float32").store
    without = Gallery(store, lambda: plain.embedder) if centre(plain.store, store) else plain
    image = 255 - pixels[0]
    without.add(image, camera=1, source="later")  # type: ignore[arg-type]
    for camera in (1, np.int64(1), "1"):
        assert without.search(image, camera=camera)[0].best == pytest.approx(1, abs=1e-6)  # type: ignore[arg-type]
    only = Filter(cameras=(1,), identities=(0, 1), not_cameras=(0,))  # type: ignore[arg-type]
    assert without.store.count(only) == 4
    (entry,) = without.store.get([hit.entry.id for hit in without.search(image, camera="1", top=1)[0].matches]).values()
    assert entry == Entry(entry.id, entry.content_hash, "later", camera="1")
    assert Item(image, camera=None) == Item(image)  # type: ignore[arg-type]


def test_it_is_calibrated_on_its_own_cameras_alone(centred: tuple[Gallery, Gallery]) -> None:
    plain, without = centred
    features, cameras = features_of(plain.store)
    people = [f"person {number // 3}" for number in range(len(cameras))]
    with pytest.raises(GalleryError, match=r"cameras: .*centred.db was not centred on c1x, so what is measured there"):
        without.calibrate(features, people, [f"{camera}x" if camera == "c1" else camera for camera in cameras])
    given = without.calibrate(features, people, cameras, fars=(0.2,))
    kept, _ = features_of(without.store)
    assert given.overall == calibrate(kept, people, cameras, fars=(0.2,), model_hash="colours-hash").overall
    assert given.overall != plain.calibrate(features, people, cameras, fars=(0.2,)).overall


class StoppedError(Exception):
    """Stands for whatever ends the process."""


def test_stopped_on_the_way_it_says_so_and_goes_on(
    centred: tuple[Gallery, Gallery],
    make_gallery: Callable[..., Gallery],
    embedder: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain, without = centred
    half = make_gallery("half.db", precision="float32").store
    read = type(plain.store).read

    def in_tens(self: Any, *arguments: Any, **named: Any) -> Any:
        for number, batch in enumerate(read(self, batch_size=10)):
            if named and number == 5:  # the second reading, which takes the entries over
                raise StoppedError
            yield batch

    with monkeypatch.context() as patch:
        patch.setattr(type(plain.store), "read", in_tens)
        with pytest.raises(StoppedError):
            centre(plain.store, half)
    assert half.count() == 50
    with pytest.raises(GalleryError, match=r"half.db: not complete.*gallery centre .*plain.db --out .*half.db` again"):
        Gallery(open_store(half.address), lambda: embedder)
    with pytest.raises(GalleryError, match=r"half.db: not complete"):
        measured(half, progress=False)
    plain.add(np.zeros((32, 16, 3), np.uint8), camera="c0", source="meanwhile")  # the means do not move on the way
    assert take_over(plain.store, half, progress=False)[0] == 41
    kept, _ = features_of(half)
    np.testing.assert_allclose(kept[:-1], features_of(without.store)[0], atol=1e-6)
    assert complete_means(half).offsets


def test_galleries_that_cannot_be_centred(
    centred: tuple[Gallery, Gallery], make_gallery: Callable[..., Gallery], picture: Any
) -> None:
    plain, without = centred
    one = make_gallery("one.db")
    one.add([Item(picture(n), f"{n}", "gate" if n else "") for n in range(3)])
    with pytest.raises(GalleryError, match=r"one.db: entries of 1 known cameras, must be of two or more"):
        measured(one.store, progress=False)
    with pytest.raises(GalleryError, match=r"one.db: there is another gallery than that of .*plain.db"):
        centre(plain.store, one.store)
    for target in (without, plain):
        with pytest.raises(GalleryError, match=r"db: there is another gallery than that of .*one.db; give a new name"):
            take_over(one.store, target.store, progress=False)
    without.store.set_note(f"{NOTE} of c1", "")
    with pytest.raises(GalleryError, match=r"centred.db: its camera means are damaged: 0 numbers"):
        read_means(without.store)
