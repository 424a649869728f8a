"""Calibrations and marks in a gallery: kept, read again, refused where they do not fit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from dgnet.gallery.calibration.calibration import Calibration
from dgnet.gallery.calibration.curve import CalibrationError, logistic, logit
from dgnet.gallery.calibration.marks import MARKS, Mark, add_marks, prior_of_marks, read_marks, remove_mark
from dgnet.gallery.calibration.stored import keep_calibration, require_calibration, stored_calibration
from dgnet.gallery.gallery import Gallery
from dgnet.gallery.stores.choice import open_store
from dgnet.gallery.stores.protocol import CALIBRATION, Entry


def fill(gallery: Gallery, num_people: int = 24, each: int = 4) -> tuple[list[str], np.ndarray]:
    """People with noisy features, by two cameras; ids and features as they are kept."""
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(num_people), each)
    features = rng.normal(size=(num_people, 24))[people] + 0.8 * rng.normal(size=(len(people), 24))
    features = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)
    entries = [Entry(f"{k:032x}", f"{k}", f"{k}.jpg", f"c{k % 2}", None, f"p{pid}") for k, pid in enumerate(people)]
    gallery.store.add(entries, features, [b""] * len(entries))
    return [entry.id for entry in entries], features


@pytest.fixture
def gallery(make_gallery: Callable[..., Gallery]) -> Gallery:
    made = make_gallery(precision="float32")
    fill(made)
    return made


def test_a_gallery_is_calibrated_on_its_own_known_people(gallery: Gallery) -> None:
    with pytest.raises(CalibrationError, match=r"not calibrated.*dgnet gallery calibrate"):
        require_calibration(gallery.store)
    found = gallery.calibrate(fars=(0.05, 0.01), prior=0.1)
    assert stored_calibration(gallery.store) == found
    assert (found.model_hash, found.num_images, set(found.cameras)) == ("colours-hash", 96, {("c0", "c1")})
    assert found.data == "the gallery's own entries of known identity"


def test_matches_say_how_sure_they_are(gallery: Gallery, picture: Callable[[int], bytes]) -> None:
    (before,) = gallery.search(picture(0), top=5)
    assert [match.probability for match in before.matches] == [None] * 5
    found = gallery.calibrate(fars=(0.05,))
    (after,) = gallery.search(picture(0), top=5)
    expected = found.probability([match.similarity for match in after.matches])
    assert [match.probability for match in after.matches] == pytest.approx(expected.tolist())
    (nobody,) = gallery.search(picture(0), far=0.05)
    assert nobody.threshold == found.threshold(0.05)
    with pytest.raises(CalibrationError, match=r"has thresholds for 0\.05"):
        gallery.search(picture(0), far=0.5)


def test_a_calibration_that_fails_leaves_the_old_one(gallery: Gallery) -> None:
    found = gallery.calibrate(fars=(0.05,))
    ids, features = [], np.zeros((4, 24), np.float32)
    features[:, 0] = 1
    with pytest.raises(CalibrationError, match="too little to calibrate on"):
        gallery.calibrate(features, ["a", "a", "b", "b"], fars=(0.05,))
    assert stored_calibration(gallery.store) == found
    assert not ids


def test_another_models_calibration_is_refused(gallery: Gallery) -> None:
    found = replace(gallery.calibrate(fars=(0.05,)), model_hash="another")
    with pytest.raises(CalibrationError, match=r"people\.db: the calibration is of another model"):
        keep_calibration(gallery.store, found)
    gallery.store.set_note(CALIBRATION, found.to_json())
    with pytest.raises(CalibrationError, match="calibrate again"):
        stored_calibration(gallery.store)
    gallery.store.set_note(CALIBRATION, "{")
    with pytest.raises(CalibrationError, match=r"people\.db: the calibration cannot be read"):
        stored_calibration(gallery.store)


def test_nobody_known_is_told(make_gallery: Callable[..., Gallery]) -> None:
    with pytest.raises(CalibrationError, match="no entry has an identity"):
        make_gallery().calibrate()


def test_marks_are_kept_and_the_later_counts(gallery: Gallery) -> None:
    a, b, c = (f"{k:032x}" for k in range(3))
    assert add_marks(gallery.store, [Mark(a, b, True), Mark(c, a, False)]) == 2
    assert add_marks(gallery.store, [Mark(b, a, False)]) == 2
    assert read_marks(gallery.store) == [Mark(a, b, False), Mark(a, c, False)]
    with pytest.raises(CalibrationError, match="given twice"):
        add_marks(gallery.store, [Mark(a, a, True)])
    with pytest.raises(CalibrationError, match="no entry 'nobody'"):
        add_marks(gallery.store, [Mark(a, "nobody", True)])
    gallery.store.set_note(MARKS, '{"a": 1}')
    with pytest.raises(CalibrationError, match="marks cannot be read"):
        read_marks(gallery.store)


def test_marks_that_two_make_at_once_are_all_kept(gallery: Gallery) -> None:
    stores = [open_store(gallery.store.address) for _ in range(2)]

    def mark(number: int) -> None:
        for other in range(2, 22):
            add_marks(stores[number], [Mark(f"{number:032x}", f"{20 * number + other:032x}", True)])
            remove_mark(stores[number], "nothing", "at all")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(mark, range(2)))
    assert len(read_marks(gallery.store)) == 40
    for store in stores:
        store.close()


def test_the_prior_is_the_one_that_expects_as_many_right_ones(gallery: Gallery) -> None:
    """Of all pairs that are at all similar, people are asked: the share that is right there gives the prior."""
    found: Calibration = gallery.calibrate(fars=(0.05,))
    vectors = gallery.store.vectors([f"{k:032x}" for k in range(96)])
    ids = sorted(vectors)
    marks = [
        Mark(one, two, int(one, 16) // 4 == int(two, 16) // 4)
        for place, one in enumerate(ids)
        for two in ids[place + 1 :]
        if vectors[one] @ vectors[two] > 0.3
    ]
    with pytest.raises(CalibrationError, match=r"pairs are marked (right|wrong), and at least 10"):
        prior_of_marks(found, gallery.store, marks[:5])
    marked = prior_of_marks(found, gallery.store, marks)
    llr = found.overall.curve.llr_of([vectors[mark.first] @ vectors[mark.second] for mark in marks])
    assert logistic(llr + logit(marked.prior)).sum() == pytest.approx(sum(mark.same for mark in marks))
    everybody = 24 * 6 / (96 * 95 / 2)
    assert marked.prior == pytest.approx(everybody, rel=0.6)
    gone = [*marks, Mark("gone", ids[0], True)]
    assert prior_of_marks(found, gallery.store, gone).prior == marked.prior
