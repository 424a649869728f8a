"""Adding, listing, naming and removing over HTTP, and drawing; the gallery's own file tells what became of it."""

from __future__ import annotations

import base64
import contextlib
import io
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import dgnet


def files(*paths: Path) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("images", (path.name, path.read_bytes(), "image/jpeg")) for path in paths]


def pixels(png: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))))


@pytest.fixture(scope="module")
def model() -> dgnet.Model:
    return dgnet.load("bundled-small")


def test_what_is_added_is_in_the_file(server: Any, queries: list[Path]) -> None:
    said = {"identity": "Jane", "camera": "gate", "time": "2026-11-28T08:00+00:00", "track": "7"}
    sent = [*files(queries[0], queries[1]), *files(queries[0]), ("images", ("../../no.png", b"GIF89a", "image/png"))]
    found = server.client.post("/v1/entries", files=sent, data=said).json()
    assert [one["source"] for one in found["added"]] == [f"upload:{queries[0].name}", f"upload:{queries[1].name}"]
    assert found["known"] == []
    assert [one["name"] for one in found["refused"]] == ["no.png"]
    again = server.client.post("/v1/entries", files=files(queries[1], queries[2])).json()
    assert [len(again[name]) for name in ("added", "known", "refused")] == [1, 1, 0]
    with dgnet.Gallery.open(server.output.parent / "people.db") as gallery:
        kept = gallery.store.get([one["id"] for one in found["added"]])
        assert gallery.verify() == []
        assert len(gallery) == 553
    for entry in kept.values():
        assert (entry.identity, entry.camera, entry.track, entry.time) == ("Jane", "gate", "7", 1795852800.0)
    nearest = server.client.post("/v1/search", files=files(queries[0]), data={"top": 1}).json()["results"][0]
    assert nearest["similarity"] == pytest.approx(1, abs=2e-3)
    assert nearest["id"] == found["added"][0]["id"]


def test_entries_are_listed_page_by_page(server: Any) -> None:
    listed: list[str] = []
    while True:
        page = server.client.get("/v1/entries", params={"offset": len(listed), "limit": 100, "camera": "1"}).json()
        listed += [one["id"] for one in page["entries"]]
        if not page["entries"]:
            break
    assert len(set(listed)) == len(listed) == page["total"]
    info = server.client.get("/v1/info").json()
    assert info["gallery"]["cameras"]["1"] == len(listed)
    assert server.client.get("/v1/entries", params={"limit": 201}).status_code == 422


def test_a_picture_is_shown_and_not_sent_twice(server: Any) -> None:
    entry = server.client.get("/v1/entries", params={"limit": 1}).json()["entries"][0]
    shown = server.client.get(entry["picture"])
    assert shown.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(shown.content)).size[1] <= 128
    again = server.client.get(entry["picture"], headers={"If-None-Match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_an_entry_is_named_and_removed_to_the_last_byte(server: Any, queries: list[Path]) -> None:
    entry = server.client.post("/v1/entries", files=files(queries[9])).json()["added"][0]
    renamed = server.client.patch(f"/v1/entries/{entry['id']}", json={"identity": "Zoë Unmistakable"})
    assert renamed.json()["identity"] == "Zoë Unmistakable"
    assert server.client.get(f"/v1/entries/{entry['id']}").json() == renamed.json()
    picture = server.client.get(entry["picture"])
    assert server.client.delete(f"/v1/entries/{entry['id']}").status_code == 204
    for path in (f"/v1/entries/{entry['id']}", entry["picture"]):
        gone = server.client.get(path, headers={"If-None-Match": picture.headers["etag"]})
        assert gone.status_code == 404
    assert server.client.delete(f"/v1/entries/{entry['id']}").status_code == 404
    left = b"".join(path.read_bytes() for path in server.output.parent.glob("people.db*"))
    assert entry["id"].encode() not in left
    assert "Zoë Unmistakable".encode() not in left
    assert picture.content not in left


def test_removing_again_cuts_what_an_earlier_removal_had_to_leave(server: Any, queries: list[Path]) -> None:
    entry = server.client.post("/v1/entries", files=files(queries[21])).json()["added"][0]
    path = server.output.parent / "people.db"
    journal = path.with_name("people.db-wal")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as killed:
        killed.execute("DELETE FROM entries WHERE id = ?", [entry["id"]])
        assert journal.stat().st_size > 0
        assert server.client.delete(f"/v1/entries/{entry['id']}").status_code == 404
        assert journal.stat().st_size == 0


def test_two_services_share_one_file(server: Any, start: Any, queries: list[Path], tmp_path: Path) -> None:
    """What one adds, the other finds; and what one removes, the other does not."""
    (tmp_path / "people.db").symlink_to(server.output.parent / "people.db")
    other = start("--rate", "0")
    entry = other.client.post("/v1/entries", files=files(queries[20])).json()["added"][0]
    found = server.client.post("/v1/search", files=files(queries[20]), data={"top": 1}).json()["results"]
    assert found[0]["id"] == entry["id"]
    assert server.client.delete(f"/v1/entries/{entry['id']}").status_code == 204
    found = other.client.post("/v1/search", files=files(queries[20]), data={"top": 5}).json()["results"]
    assert entry["id"] not in [one["id"] for one in found]


def test_info_is_of_now_whoever_has_changed_the_gallery(start: Any, queries: list[Path]) -> None:
    services = [start("--rate", "0"), start("--rate", "0")]
    held = services[0].client.get("/v1/info").json()["gallery"]
    for number, changing in enumerate(services):
        removed = changing.client.get("/v1/entries", params={"limit": 1}).json()["entries"][0]
        assert changing.client.delete(f"/v1/entries/{removed['id']}").status_code == 204
        said = {"camera": f"new {number}"}
        assert changing.client.post("/v1/entries", files=files(queries[30 + number]), data=said).status_code == 200
        for asked in services:
            now = asked.client.get("/v1/info").json()["gallery"]
            assert now["num_entries"] == held["num_entries"]
            assert now["cameras"][said["camera"]] == 1


def test_a_swap_is_the_models(server: Any, queries: list[Path], model: dgnet.Model) -> None:
    entry = server.client.get("/v1/entries", params={"limit": 1}).json()["entries"][0]
    found = server.client.post("/v1/swap", files=files(*queries[:2]), data={"entries": [entry["id"]]}).json()
    thumbnail = server.client.get(entry["picture"]).content
    people = [*(path.read_bytes() for path in queries[:2]), thumbnail]
    wanted = model.swap(people, people, every=True)
    assert (found["height"], found["width"]) == model.size
    for i in range(3):
        for j in range(3):
            np.testing.assert_array_equal(pixels(found["pictures"][i][j]), wanted[i, j])
    resized = np.asarray(Image.open(queries[0]).resize((32, 64), Image.Resampling.BICUBIC))
    np.testing.assert_allclose(pixels(found["people"][0]), resized, atol=1)


@pytest.mark.parametrize("code", ["appearance", "structure"])
def test_an_interpolation_is_the_models(server: Any, queries: list[Path], model: dgnet.Model, code: str) -> None:
    data = {"code": code, "steps": 4, "keep": "second"}
    found = server.client.post("/v1/interpolate", files=files(*queries[:2]), data=data).json()
    draw = model.interpolate if code == "appearance" else model.interpolate_structure
    wanted = draw(queries[0], queries[1], queries[1], 4)
    np.testing.assert_array_equal(np.stack([pixels(one) for one in found["pictures"]]), wanted)


def test_drawing_says_what_it_cannot_do(server: Any, queries: list[Path]) -> None:
    assert server.client.post("/v1/swap", files=files(queries[0])).status_code == 422
    assert server.client.post("/v1/interpolate", files=files(*queries[:3])).status_code == 422
    bad = server.client.post("/v1/swap", files=[*files(queries[0]), ("images", ("x.jpg", b"\xff\xd8junk"))])
    assert (bad.status_code, bad.json()["error"]["code"]) == (415, "not_a_picture")
    gone = server.client.post("/v1/swap", files=files(queries[0]), data={"entries": ["no such entry"]})
    assert gone.status_code == 404


def test_the_file_is_sound_in_the_end(server: Any) -> None:
    with sqlite3.connect(server.output.parent / "people.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
