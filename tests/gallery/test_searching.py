"""Searching: filters before the top k, several pictures of one person, nobody, re-ranking."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from dgnet.data.records import DataError
from dgnet.gallery.crops import Item
from dgnet.gallery.gallery import Gallery
from dgnet.gallery.stores.protocol import Entry, Filter, GalleryError
from dgnet.retrieval.ranking.rerank import rerank

NUMBER = 300


@pytest.fixture
def gallery(make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes]) -> Gallery:
    made = make_gallery()
    made.add(
        Item(picture(n), str(n), f"c{n % 4}", None if n % 7 == 0 else float(n), f"p{n}" if n % 3 else "")
        for n in range(NUMBER)
    )
    return made


def ranked(gallery: Gallery, query: bytes, passes: Callable[[Entry], bool]) -> list[str]:
    """The sources that pass, by similarity in float64."""
    entries, vectors = next(iter(gallery.store.read()))
    pixels = np.asarray(Image.open(io.BytesIO(query)).resize((16, 32), Image.Resampling.BICUBIC))
    similarity = vectors.astype(np.float64) @ gallery.embedder.features(pixels[None])[0].astype(np.float64)
    return [entries[place].source for place in np.argsort(-similarity, kind="stable") if passes(entries[place])]


@pytest.mark.parametrize(
    ("only", "passes"),
    [
        (Filter(), lambda _: True),
        (Filter(cameras=("c1", "c9")), lambda entry: entry.camera == "c1"),
        (Filter(not_cameras=("c1", "c2")), lambda entry: entry.camera not in ("c1", "c2")),
        (Filter(after=100.0), lambda entry: entry.time is not None and entry.time >= 100),
        (Filter(before=30.0, known=True), lambda entry: entry.time is not None and entry.time < 30 and entry.identity),
        (Filter(known=False), lambda entry: not entry.identity),
        (Filter(cameras=("' OR 1=1 --",)), lambda _: False),
    ],
)
@pytest.mark.parametrize("num_queries", [1, 4])
def test_the_filter_comes_before_the_top_k(
    gallery: Gallery, picture: Callable[[int], bytes], only: Filter, passes: Callable, num_queries: int
) -> None:
    answers = gallery.search([picture(1000 + n) for n in range(num_queries)], top=12, only=only)
    assert len(answers) == num_queries
    for number, answer in enumerate(answers):
        expected = ranked(gallery, picture(1000 + number), passes)[:12]
        assert [match.entry.source for match in answer.matches] == expected
        assert [match.rank for match in answer.matches] == list(range(1, len(expected) + 1))


def test_several_pictures_of_one_person_are_one_query(gallery: Gallery, picture: Callable[[int], bytes]) -> None:
    (answer,) = gallery.search([picture(5), picture(6)], top=2, together=True)
    assert {match.entry.source for match in answer.matches} == {"5", "6"}
    assert len(answer.query) == 2
    one, two = gallery.search([[picture(5), picture(6)], [picture(7)]], top=1)
    assert one.matches[0] == answer.matches[0]
    assert two.matches[0].entry.source == "7"


def test_nobody_reaches_the_threshold(gallery: Gallery, picture: Callable[[int], bytes]) -> None:
    (there,) = gallery.search(picture(5), threshold=0.999)
    assert [match.entry.source for match in there.matches] == ["5"]
    (nobody,) = gallery.search(picture(2000), threshold=0.999)
    assert nobody.nobody
    assert nobody.best is not None
    assert nobody.best < 0.999
    (empty,) = gallery.search(picture(5), only=Filter(cameras=()))
    assert (empty.nobody, empty.best) == (True, None)


def test_reranking_is_that_of_the_evaluation(gallery: Gallery, picture: Callable[[int], bytes]) -> None:
    (plain,), (again,) = (gallery.search(picture(2000), top=NUMBER, rerank=r) for r in (False, True))
    first = [match.entry for match in plain.matches]
    assert len(again.matches) == NUMBER
    vectors = gallery.store.vectors([entry.id for entry in first])
    pixels = np.asarray(Image.open(io.BytesIO(picture(2000))).resize((16, 32), Image.Resampling.BICUBIC))
    query = gallery.embedder.features(pixels[None])
    distances = rerank(query, np.stack([vectors[entry.id] for entry in first]), progress=False)[0]
    expected = [first[place].source for place in np.argsort(distances, kind="stable")]
    found = [match.entry.source for match in again.matches]
    assert found == expected
    assert found != [entry.source for entry in first]


def test_a_query_that_cannot_be_read_is_named(gallery: Gallery) -> None:
    with pytest.raises(DataError, match=r"/nowhere/a\.jpg: no such file"):
        gallery.search("/nowhere/a.jpg")
    with pytest.raises(DataError, match="no picture was given"):
        gallery.search([])
    with pytest.raises(GalleryError, match="top: found 0"):
        gallery.search(np.zeros((4, 4, 3), np.uint8), top=0)


def test_what_is_there_is_counted(gallery: Gallery) -> None:
    info = gallery.info()
    assert (info.num_entries, info.num_known, info.num_identities) == (300, 200, 200)
    assert info.cameras == {f"c{n}": 75 for n in range(4)}
    assert (info.earliest, info.latest) == (1.0, 299.0)
