"""Embedding, searching, comparing and marking over HTTP give what the gallery itself gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dgnet
from dgnet.experiment.galleries.centre import centre
from dgnet.gallery.calibration.marks import read_marks
from dgnet.gallery.stores.protocol import Filter


def files(*paths: Path) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("images", (path.name, path.read_bytes(), "image/jpeg")) for path in paths]


@pytest.fixture(scope="module")
def gallery(people_db: Path) -> dgnet.Gallery:
    return dgnet.Gallery.open(people_db)


def test_features_are_the_models(server: Any, gallery: dgnet.Gallery, queries: list[Path]) -> None:
    found = server.client.post("/v1/embed", files=[*files(*queries[:3]), ("images", ("no.jpg", b"nothing"))]).json()
    wanted = dgnet.load("bundled-small").features(queries[:3])
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(found["features"][:3], wanted, atol=1e-5)
    assert found["features"][3] is None
    assert [one["name"] for one in found["refused"]] == ["no.jpg"]
    assert found["dim"] == wanted.shape[1]


@pytest.mark.parametrize("number", [1, 3])
def test_a_search_finds_what_the_gallery_finds(
    server: Any, gallery: dgnet.Gallery, queries: list[Path], number: int
) -> None:
    only = {"cameras": ["1", "3"], "known": "true"}
    found = server.client.post(
        "/v1/search", files=files(*queries[:number]), data={"top": 5, "far": 0.01, **only}
    ).json()
    (wanted,) = gallery.search(
        queries[:number], top=5, far=0.01, only=Filter(cameras=("1", "3"), known=True), together=True
    )
    assert [one["id"] for one in found["results"]] == [match.entry.id for match in wanted.matches]
    assert found["threshold"] == wanted.threshold
    for one, match in zip(found["results"], wanted.matches, strict=True):
        assert one["similarity"] == pytest.approx(match.similarity, abs=1e-3)  # the query was rounded to half precision
        assert one["probability"] == pytest.approx(match.probability, abs=0.02)
        assert (one["camera"], one["identity"]) == (match.entry.camera, match.entry.identity)


def test_a_query_can_be_asked_again_with_other_filters(server: Any, queries: list[Path]) -> None:
    first = server.client.post("/v1/search", files=files(queries[0])).json()
    again = server.client.post("/v1/search", data={"query": first["query"]}).json()
    assert again == first
    other = server.client.post("/v1/search", data={"query": first["query"], "not_cameras": ["1", "2"]}).json()
    assert other["results"]
    assert {one["camera"] for one in other["results"]}.isdisjoint({"1", "2"})


def test_an_entry_finds_others_but_not_itself(server: Any, gallery: dgnet.Gallery) -> None:
    known = next(entry for batch in gallery.store.entries() for entry in batch if entry.identity)
    found = server.client.post("/v1/search", data={"entries": [known.id], "top": 3}).json()
    assert len(found["results"]) == 3
    assert known.id not in [one["id"] for one in found["results"]]
    assert found["results"][0]["identity"] == known.identity
    assert found["best"] == found["results"][0]["similarity"]


def test_nobody_is_an_answer(server: Any, queries: list[Path]) -> None:
    found = server.client.post("/v1/search", files=files(queries[0]), data={"after": "2030-01-01"}).json()
    assert (found["nobody"], found["results"], found["best"]) == (True, [], None)


def test_two_pictures_are_compared(server: Any, gallery: dgnet.Gallery, queries: list[Path]) -> None:
    one, same = [path for path in queries if path.name.startswith(queries[0].name[:4])][:2]
    other = queries[-1]
    right = server.client.post("/v1/compare", files=files(one, same)).json()
    wrong = server.client.post("/v1/compare", files=files(one, other)).json()
    features = dgnet.load("bundled-small").features([one, same])
    cosine = features[0] @ features[1] / np.prod(np.linalg.norm(features, axis=1))
    assert right["similarity"] == pytest.approx(cosine, abs=1e-5)
    assert (right["same"], wrong["same"], right["far"]) == (True, False, 0.01)
    assert right["probability"] > 0.5 > wrong["probability"]
    assert server.client.post("/v1/compare", files=files(one)).status_code == 422


def test_marks_are_kept_where_calibrate_reads_them(server: Any, queries: list[Path]) -> None:
    found = server.client.post("/v1/search", files=files(queries[1]), data={"top": 2}).json()
    first, second = (one["id"] for one in found["results"])
    for entry, right in ((first, True), (second, True), (second, False)):
        done = server.client.post("/v1/marks", json={"query": found["query"], "entry": entry, "right": right})
        assert done.status_code == 200, done.text
    assert server.client.post("/v1/marks", json={"query_entry": first, "entry": second, "right": False}).is_success
    again = server.client.post("/v1/search", files=files(queries[1]), data={"top": 2}).json()
    assert [one["marked"] for one in again["results"]] == [True, False]
    around = server.client.post("/v1/search", data={"entries": [first], "top": 200}).json()
    assert next(one["marked"] for one in around["results"] if one["id"] == second) is False
    with dgnet.Gallery.open(server.output.parent / "people.db") as gallery:
        kept = {(mark.second, mark.same): mark for mark in read_marks(gallery.store) if mark.similarity is not None}
    assert kept.keys() == {(first, True), (second, False)}
    assert kept[first, True].similarity == pytest.approx(found["results"][0]["similarity"], abs=1e-3)
    for what in ({"query": found["query"], "entry": first}, {"query": found["query"], "entry": second}):
        server.client.post("/v1/marks", json={**what, "right": None})
    left = server.client.post("/v1/marks", json={"query_entry": first, "entry": second, "right": None}).json()
    assert left == {"num_marks": 0}


def test_searches_are_audited(server: Any, queries: list[Path]) -> None:
    found = server.client.post("/v1/search", files=files(queries[2]), data={"top": 2}).json()
    line = [json.loads(text) for text in server.errors.read_text().splitlines() if '"audit":"search"' in text][-1]
    assert line["shown"] == [one["id"] for one in found["results"]]
    assert line["client"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"far": "0.5"}, "far"),
        ({"far": "x"}, "far"),
        ({"top": "0"}, "top"),
        ({"top": "1000"}, "top"),
        ({"after": "yesterday"}, "after"),
        ({"cameras": "x" * 300}, "cameras"),
        ({"from_camera": "1"}, "from_camera: the gallery is not centred"),
        ({"from_camera": "x" * 300}, "from_camera"),
        ({"query": "AAAA"}, "query"),
        ({"known": "perhaps"}, "known"),
        ({"camera": "1"}, "camera: the form has no field of this name; did you mean cameras?"),
        ({"x" * 300: "1"}, f"{'x' * 50}: the form has no field of this name; it takes images"),
    ],
)
def test_wrong_fields_are_named(server: Any, queries: list[Path], fields: dict[str, str], said: str) -> None:
    found = server.client.post("/v1/search", files=files(queries[0]), data=fields)
    assert found.status_code == 422
    assert said in found.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "address", "sent", "said"),
    [
        ("GET", "/v1/entries?camra=1", {}, "camra: the address takes no parameter of this name; did you mean camera"),
        ("POST", "/v1/embed?top=3", {}, "top: the address takes no parameter of this name; it takes none"),
        ("PATCH", "/v1/entries/x", {"json": {"name": "Jane"}}, "name: there is no field of this name"),
        ("POST", "/v1/marks", {"json": {"entry": "x", "right": True, "wrong": 1}}, "wrong: there is no field"),
        ("POST", "/v1/search", {"data": {"images": "photo.jpg"}}, "images: must be a file, not text"),  # curl without @
        ("PATCH", "/v1/entries/x", {"content": '{"identity": "Jane"}'}, "sent with Content-Type: application/json"),
        ("PATCH", "/v1/entries/x", {"json": ["Jane"]}, "must be a JSON object"),
        ("POST", "/v1/marks", {"content": b"{", "headers": {"Content-Type": "application/json"}}, "is not valid JSON"),
    ],
)
def test_what_is_of_a_wrong_kind_or_name_is_explained(
    server: Any, method: str, address: str, sent: dict[str, Any], said: str
) -> None:
    found = server.client.request(method, address, **sent)
    assert found.status_code == 422
    message = found.json()["error"]["message"]
    assert said in message
    assert "class" not in message  # no word of Python's


def test_a_gallery_without_camera_means_is_served(
    start: Any, tmp_path: Path, people_db: Path, queries: list[Path]
) -> None:
    centre(str(people_db), str(tmp_path / "people.db"), progress=False)
    server = start()

    def camera_of(path: Path) -> str:
        return path.name.split("_c")[1][0]

    with dgnet.Gallery.open(tmp_path / "people.db") as gallery:
        best = {
            query: [gallery.search(query, camera=said, top=1)[0].best or 0.0 for said in ("", camera_of(query))]
            for query in queries[:40]
        }
        query = max(best, key=lambda query: abs(best[query][1] - best[query][0]))
        assert abs(best[query][1] - best[query][0]) > 0.003  # answers are rounded to half precision
        for data, wanted in zip(({}, {"from_camera": camera_of(query)}), best[query], strict=True):
            found = server.client.post("/v1/search", files=files(query), data=data).json()["results"][0]
            assert found["similarity"] == pytest.approx(wanted, abs=1e-3)
        two = [query, next(path for path in queries if camera_of(path) != camera_of(query))]
        raw = dgnet.load("bundled-small").features(two)
        unit = raw / np.linalg.norm(raw, axis=1, keepdims=True)
        moved = gallery.means.taken_away(unit, [camera_of(path) for path in two])
        data = {"from_camera": [camera_of(path) for path in two]}
        compared = server.client.post("/v1/compare", files=files(*two), data=data).json()
        assert compared["similarity"] == pytest.approx(float(moved[0] @ moved[1]), abs=1e-3)
        assert compared["similarity"] != server.client.post("/v1/compare", files=files(*two)).json()["similarity"]
        one = {"from_camera": camera_of(query)}
        refused = server.client.post("/v1/compare", files=files(*two), data=one)
        assert "found 1 cameras for 2 pictures" in refused.json()["error"]["message"]
        unknown = server.client.post("/v1/compare", files=files(*two), data={"from_camera": ["1", "gate"]})
        assert "not centred on a camera 'gate'" in unknown.json()["error"]["message"]
        added = queries[-1]
        data = {"camera": camera_of(added)}
        assert server.client.post("/v1/entries", files=files(added), data=data).json()["strangers"] == []
        new = server.client.post("/v1/entries", files=files(added, queries[-2]), data={"camera": "gate"}).json()
        assert (len(new["added"]), new["strangers"]) == (1, ["gate"])
        again = server.client.post("/v1/entries", files=files(queries[-2]), data={"camera": "gate"}).json()
        assert (len(again["known"]), again["strangers"]) == (1, [])
        assert gallery.search(added, camera=camera_of(added))[0].best == pytest.approx(1, abs=1e-3)
        assert gallery.search(added)[0].best != pytest.approx(1, abs=1e-3)
