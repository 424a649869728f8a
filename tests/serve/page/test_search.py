"""Search: every way to give a picture, what is found, and what can be done with it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import dgnet
from dgnet.experiment.galleries.centre import centre
from dgnet.gallery.calibration.marks import read_marks
from dgnet.gallery.stores.choice import open_store

# Files reach a page by a drop or a paste as objects of its own, so they are made within it.
GIVE = """([kind, name, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, {type: "image/jpeg"}));
  const how = {dataTransfer: data, clipboardData: data, bubbles: true, cancelable: true};
  const events = {
    drop: ["dragenter", "dragover", "drop"].map((type) => new DragEvent(type, how)),
    paste: [new ClipboardEvent("paste", how)],
  }[kind];
  for (const event of events) document.querySelector("main").dispatchEvent(event);
}"""

# The fields of every form that the page sends; a browser does not tell them where there are files.
SENT = """() => {
  const before = window.fetch;
  window.sent = [];
  window.files = [];
  window.fetch = (path, options) => {
    if (options?.body instanceof FormData) {
      window.sent.push([...options.body.keys()]);
      window.files.push(options.body.getAll("images").map(({name, size, type}) => ({name, size, type})));
    }
    return before(path, options);
  };
}"""


def choose(page: Any, *paths: Path) -> None:
    page.locator("input[type=file]:not([capture])").set_input_files([str(path) for path in paths])


def found_people(page: Any) -> list[str]:
    """The names of those found, in order."""
    page.wait_for_selector(".results:not(.waiting)")
    return page.locator(".result .who").all_inner_texts()


def of_gallery(crops: list[Path], people_db: Path) -> Path:
    """A picture of a person with a name in the gallery."""
    with closing(open_store(str(people_db))) as store:
        names = {entry.identity for batch in store.entries() for entry in batch}
    return next(path for path in crops if path.name[:4] in names)


@pytest.mark.parametrize("way", ["choose", "drop", "paste"])
def test_a_picture_finds_its_person(
    open_page: Callable[..., Any], server: Any, crops: list[Path], people_db: Path, way: str
) -> None:
    page = open_page(server)
    picture = of_gallery(crops, people_db)
    page.wait_for_selector(".hero")
    if way == "choose":
        choose(page, picture)
    else:
        page.evaluate(GIVE, [way, picture.name, base64.b64encode(picture.read_bytes()).decode()])
    names = found_people(page)
    assert len(names) == 20
    assert names[0] == picture.name[:4]
    first = page.locator(".result").first
    assert first.locator(".sure b").inner_text().endswith("%")
    assert "camera" in first.inner_text()
    assert "27 Nov" in first.inner_text()
    assert "probability" not in page.locator(".note").inner_text()
    assert "calibration" in page.locator(".note").inner_text()
    assert page.locator("[role=status]").inner_text() == "20 pictures found, most similar first"


@pytest.mark.parametrize("kind", ["large", "gif"])
def test_what_is_large_or_of_another_kind_is_drawn_anew_before_it_is_sent(
    open_page: Callable[..., Any], server: Any, crops: list[Path], people_db: Path, tmp_path: Path, kind: str
) -> None:
    from PIL import Image

    picture = of_gallery(crops, people_db)
    given = tmp_path / ("person.gif" if kind == "gif" else "person.png")
    size = (64, 128) if kind == "gif" else (2000, 4000)
    Image.open(picture).resize(size, Image.Resampling.BICUBIC).save(given)
    assert (given.stat().st_size > 1_000_000) == (kind == "large")
    page = open_page(server)
    page.wait_for_selector(".hero")
    page.evaluate(SENT)
    choose(page, given)
    assert found_people(page)[0] == picture.name[:4]
    (sent,) = page.evaluate("window.files.at(-1)")
    assert sent["type"] == "image/jpeg"
    assert sent["size"] < 300_000


def test_a_photograph_is_cropped_before_it_is_searched_for(
    open_page: Callable[..., Any], server: Any, crops: list[Path], street: Any, tmp_path: Path, until: Callable
) -> None:
    from PIL import Image

    street.save(tmp_path / "street.jpg", quality=95)
    page = open_page(server)
    page.locator("input[type=file][capture]").set_input_files(str(tmp_path / "street.jpg"))
    frame = page.locator(".cropping .frame")
    for _ in range(40):
        frame.press("ArrowLeft")  # to the left edge, where the first of the four stands
    assert frame.get_attribute("aria-label", timeout=5000).startswith("0 per cent from the left")
    page.get_by_role("button", name="Use the frame").click()
    page.wait_for_selector(".results:not(.waiting)")
    cut = page.locator(".chosen img")
    assert cut.evaluate("one => one.naturalWidth / one.naturalHeight") == pytest.approx(0.5, abs=0.01)
    pixels = (
        "one => {const c = document.createElement('canvas'); c.width = 16; c.height = 32; const p = c.getContext('2d');"
    )
    shown = cut.evaluate(pixels + " p.drawImage(one, 0, 0, 16, 32); return [...p.getImageData(0, 0, 16, 32).data]}")
    wanted = list(Image.open(crops[0]).convert("RGBA").resize((16, 32)).tobytes())
    assert sum(abs(a - b) for a, b in zip(shown, wanted, strict=True)) / len(wanted) < 12
    # It can be framed anew, and the whole picture taken instead.
    page.get_by_role("button", name="Crop Your picture street.jpg").click()
    page.get_by_role("button", name="Use the whole").click()
    page.wait_for_selector(".cropping", state="detached")
    until(lambda: page.locator(".chosen img").evaluate("one => one.naturalWidth") == 640)


def test_several_pictures_are_one_question(open_page: Callable[..., Any], server: Any, crops: list[Path]) -> None:
    page = open_page(server)
    page.wait_for_selector(".hero")
    page.evaluate(SENT)
    choose(page, *crops[:3])
    found_people(page)
    assert page.evaluate("window.sent.at(-1)").count("images") == 3
    assert page.locator(".chosen li").count() == 3
    # Each step searches anew; its answer is awaited, or the next step would take it for its own.
    with page.expect_response("**/v1/search"):
        page.get_by_role("button", name="from the search").first.click()
    assert len(found_people(page)) == 20
    assert page.locator(".chosen li").count() == 2
    assert page.evaluate("window.sent.at(-1)").count("images") == 2
    with page.expect_response("**/v1/search"):
        page.locator(".result").nth(1).get_by_role("button", name="to the search").click()
    fields = page.evaluate("window.sent.at(-1)")
    assert (fields.count("images"), fields.count("entries")) == (2, 1)


def test_a_result_is_searched_on_and_back_returns(
    open_page: Callable[..., Any], server: Any, crops: list[Path]
) -> None:
    page = open_page(server)
    page.wait_for_selector(".hero")
    choose(page, crops[3])
    before = found_people(page)
    clicked = page.locator(".result .picture").nth(4)
    address = clicked.locator("img").get_attribute("src")
    clicked.click()
    page.wait_for_selector(f".chosen img[src='{address}']")
    page.wait_for_selector(".results:not(.waiting)")
    shown = page.locator(".result img").evaluate_all("all => all.map((one) => one.getAttribute('src'))")
    assert address not in shown  # the person asked for is not their own answer
    page.go_back()
    page.wait_for_selector(".chosen img[src^='blob:']")
    assert found_people(page) == before
    page.go_back()
    page.wait_for_selector(".hero")


def test_filters_choose_what_may_be_found(open_page: Callable[..., Any], server: Any, crops: list[Path]) -> None:
    page = open_page(server)
    page.wait_for_selector(".hero")
    choose(page, crops[0])
    found_people(page)
    if not page.locator(".filters[open]").count():
        page.locator(".filters summary").click()

    def again(act: Callable[[], object]) -> list[str]:
        with page.expect_response("**/v1/search"):
            act()
        page.wait_for_selector(".results:not(.waiting), .panel")
        return page.locator(".result").all_inner_texts()

    only = again(lambda: page.locator(".chip", has_text="camera 2").click())
    assert only
    assert all("camera 2" in text for text in only)
    assert page.locator(".filters summary").inner_text() == "Filters (1)"
    assert len(again(lambda: page.get_by_role("combobox", name="Results").select_option("10"))) == 10
    early = again(lambda: page.get_by_label("Until").fill("2025-11-27T09:00"))
    assert early
    assert all("08:" in text for text in early)
    assert all("Not named" in text for text in again(lambda: page.get_by_label("Who").select_option("false")))
    assert len(again(page.get_by_role("button", name="Reset filters").click)) == 20
    sure = again(lambda: page.get_by_label("Threshold").select_option("0.01"))
    assert "with a similarity of at least" in page.locator(".note").inner_text()
    assert 0 < len(sure) < 20
    assert again(lambda: page.get_by_label("From", exact=True).fill("2030-01-01T00:00")) == []
    assert "No picture passes the filters" in page.locator(".panel").inner_text()
    assert page.locator("[role=status]").inner_text() == "Nobody found"


def test_a_centred_gallery_is_told_which_camera_took_the_picture(
    open_page: Callable[..., Any], start: Callable[..., Any], people_db: Path, crops: list[Path], tmp_path: Path
) -> None:
    first, second, *_ = sorted(centre(str(people_db), str(tmp_path / "people.db"), progress=False)[1].offsets)
    page = open_page(start())
    choose(page, crops[0])
    found_people(page)
    if not page.locator(".filters[open]").count():
        page.locator(".filters summary").click()

    def similarities(camera: str) -> list[float]:
        with page.expect_response("**/v1/search") as answered:
            page.get_by_label("Camera of your picture").select_option(camera)
        return [one["similarity"] for one in answered.value.json()["results"]]

    two, one = similarities(second), similarities(first)
    assert one != two
    assert page.locator(".filters summary").inner_text() == "Filters"  # it leaves nobody out
    with page.expect_response("**/v1/search") as answered:
        page.get_by_role("button", name="Reset filters").click()
    unknown = [one["similarity"] for one in answered.value.json()["results"]]
    with dgnet.Gallery.open(tmp_path / "people.db") as gallery:
        for shown, camera in ((unknown, ""), (one, first), (two, second)):
            wanted = [match.similarity for match in gallery.search(crops[0], top=20, camera=camera)[0].matches]
            assert shown == pytest.approx(wanted, abs=1e-3)


def test_marks_are_kept_where_calibration_reads_them(open_page: Callable[..., Any], mine: Any, tmp_path: Path) -> None:
    page = open_page(mine)
    page.locator(".samples .picture").first.click()
    asked = page.locator(".chosen img").get_attribute("src").split("/")[3]
    page.wait_for_selector(".results:not(.waiting)")
    ids = [
        address.split("/")[-2]
        for address in page.locator(".result img").evaluate_all("all => all.map((one) => one.getAttribute('src'))")
    ]

    def marked() -> dict[str, bool]:
        with closing(open_store(str(tmp_path / "people.db"))) as store:
            return {({one.first, one.second} - {asked}).pop(): one.same for one in read_marks(store)}

    def press(place: int, name: str) -> Any:
        found = page.locator(".result").nth(place).get_by_role("button", name=name, exact=True)
        with page.expect_response("**/v1/marks"):
            found.click()
        return found

    assert press(0, "Same person").get_attribute("aria-pressed") == "true"
    press(3, "Somebody else")
    assert marked() == {ids[0]: True, ids[3]: False}
    page.locator(".result .picture").nth(1).focus()
    with page.expect_response("**/v1/marks"):
        page.keyboard.press("n")
    assert marked()[ids[1]] is False
    press(1, "Same person")
    assert marked()[ids[1]] is True
