"""Gallery: pages, filters, adding, naming and removing."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dgnet.experiment.galleries.centre import centre
from dgnet.gallery.stores.choice import open_store


def entries_of(gallery: Path) -> dict[str, Any]:
    with closing(open_store(str(gallery))) as store:
        return {entry.id: entry for batch in store.entries() for entry in batch}


@pytest.fixture
def page(open_page: Callable[..., Any], mine: Any) -> Any:
    """The gallery view of a server of its own."""
    found = open_page(mine, "/#gallery")
    found.wait_for_selector(".people:not(.waiting)")
    return found


def names(page: Any) -> list[str]:
    return page.locator(".people .who").all_inner_texts()


def load(page: Any, act: Callable[[], object]) -> None:
    """Do something that lists entries anew, and wait until they are shown."""
    with page.expect_response("**/v1/entries?*"):
        act()
    page.locator(".entries .busy").wait_for(state="detached")


def test_pages_and_filters(open_page: Callable[..., Any], server: Any, people_db: Path) -> None:
    page = open_page(server, "/#gallery")
    page.wait_for_selector(".people:not(.waiting)")
    known = entries_of(people_db)
    assert page.locator(".count").inner_text() == f"1–48 of {len(known)}"
    assert page.locator(".people li").count() == 48
    seen = set(page.locator(".people img").evaluate_all("all => all.map((one) => one.src)"))
    for _ in range(2):
        load(page, page.get_by_role("button", name="Next").click)
        seen |= set(page.locator(".people img").evaluate_all("all => all.map((one) => one.src)"))
    assert {address.split("/")[-2] for address in seen} == set(known)
    assert page.get_by_role("button", name="Next").is_disabled()
    page.go_back()
    page.locator(".count", has_text="49–").wait_for()
    load(page, lambda: page.locator(".bar-of-tools select").select_option("=camera 3"))
    third = [one for one in known.values() if one.camera == "camera 3"]
    assert page.locator(".count").inner_text() == f"1–{len(third)} of {len(third)}"
    name = third[0].identity

    def write(text: str) -> None:
        page.locator(".bar-of-tools input").fill(text)
        page.locator(".bar-of-tools input").press("Enter")

    load(page, lambda: write(name))
    assert names(page) == [name for one in third if one.identity == name]
    load(page, lambda: write("nobody of this name"))
    assert "Nobody matches" in page.locator(".panel").inner_text()
    load(page, page.get_by_role("button", name="Show everybody").click)
    assert page.locator(".count").inner_text() == f"1–48 of {len(known)}"


def test_pictures_are_added_with_progress_and_what_is_no_picture_is_named(
    page: Any, crops: list[Path], tmp_path: Path, until: Callable
) -> None:
    before = entries_of(tmp_path / "people.db")
    (tmp_path / "broken.jpg").write_bytes(crops[0].read_bytes()[:400])
    page.get_by_role("button", name="Add people").click()
    dialog = page.get_by_role("dialog")
    give = dialog.locator("input[type=file]:not([capture])")
    give.set_input_files([str(path) for path in [*crops[:19], tmp_path / "broken.jpg"]])
    dialog.get_by_label("Who is it?").fill("Jane <Doe> & 'co'")
    dialog.get_by_label("Camera").fill("back door")
    dialog.get_by_label("Seen at").fill("2026-01-02T03:04")
    page.evaluate("""() => {
      window.seen = [];
      new MutationObserver(() => window.seen.push(document.querySelector("progress")?.value)).observe(
        document.querySelector(".outcome"), {subtree: true, childList: true, attributes: true, characterData: true});
    }""")
    dialog.get_by_role("button", name="Add 20 pictures").click()
    dialog.get_by_text("19 pictures added.").wait_for()
    assert [one for one in dict.fromkeys(page.evaluate("window.seen")) if one] == [8, 16]
    assert "1 picture could not be added" in dialog.locator(".outcome").inner_text()
    assert "broken.jpg" in dialog.locator(".outcome li").inner_text()
    new = [one for id_, one in entries_of(tmp_path / "people.db").items() if id_ not in before]
    assert len(new) == 19
    assert {(one.identity, one.camera, one.time) for one in new} == {("Jane <Doe> & 'co'", "back door", 1767323040.0)}
    # The same ones again are there already.
    give.set_input_files([str(path) for path in crops[:3]])
    dialog.get_by_role("button", name="Add 3 pictures").click()
    dialog.get_by_text("3 pictures were there already.").wait_for()
    load(page, dialog.get_by_role("button", name="Close").click)
    page.locator(".holds", has_text=f"{len(before) + 19} pictures").wait_for()
    until(lambda: "Jane <Doe> & 'co'" in names(page))  # the page where they are is shown
    load(page, lambda: page.locator(".bar-of-tools select").select_option("=back door"))
    assert names(page) == ["Jane <Doe> & 'co'"] * 19


def test_a_camera_that_a_centred_gallery_does_not_know_is_said(
    open_page: Callable[..., Any], start: Callable[..., Any], people_db: Path, crops: list[Path], tmp_path: Path
) -> None:
    centre(str(people_db), str(tmp_path / "people.db"), progress=False)
    page = open_page(start(), "/#gallery")
    page.get_by_role("button", name="Add people").click()
    dialog = page.get_by_role("dialog")
    for number, camera in enumerate(("camera 1", "back door")):
        dialog.locator("input[type=file]:not([capture])").set_input_files(str(crops[number]))
        dialog.get_by_label("Camera").fill(camera)
        dialog.get_by_role("button", name="Add 1 picture").click()
        dialog.get_by_text("1 picture added.").wait_for()
        said = "This gallery was centred before it knew back door"
        assert (said in dialog.locator(".outcome").inner_text()) == bool(number)


def test_a_photograph_is_framed_before_it_is_added(
    page: Any, crops: list[Path], street: Image.Image, tmp_path: Path
) -> None:
    for name in ("street.jpg", "square.png"):
        street.save(tmp_path / name)
    before = entries_of(tmp_path / "people.db")
    page.get_by_role("button", name="Add people").click()
    dialog = page.get_by_role("dialog")
    given = [str(path) for path in (crops[0], tmp_path / "street.jpg", tmp_path / "square.png")]
    dialog.locator("input[type=file]:not([capture])").set_input_files(given)
    dialog.get_by_text("These pictures are too wide for one person.").wait_for()
    assert dialog.locator(".chosen li").count() == 2
    dialog.get_by_role("button", name="Frame one person on street.jpg").click()
    page.locator(".cropping").get_by_role("button", name="Cancel").click()
    assert dialog.locator(".chosen li").count() == 2  # nothing was decided
    dialog.get_by_role("button", name="Frame one person on street.jpg").click()
    page.locator(".cropping").get_by_role("button", name="Use the frame").click()
    dialog.get_by_text("This picture is too wide for one person.").wait_for()
    dialog.get_by_role("button", name="Add 3 pictures").click()  # the other one is added whole
    dialog.get_by_text("3 pictures added.").wait_for()
    assert dialog.locator(".chosen li").count() == 0
    new = [id_ for id_ in entries_of(tmp_path / "people.db") if id_ not in before]
    with closing(open_store(str(tmp_path / "people.db"))) as store:
        shapes = [Image.open(io.BytesIO(picture)).size for picture in store.thumbnails(new).values()]
    assert sorted(round(width / height, 1) for width, height in shapes) == [0.5, 0.5, 2.0]


def test_somebody_is_named(page: Any, tmp_path: Path) -> None:
    place = names(page).index(next(one for one in names(page) if one != "Not named"))
    opened = page.locator(".people .picture").nth(place)
    id_ = opened.locator("img").get_attribute("src").split("/")[-2]
    opened.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Who is it?").fill("Ada")
    load(page, dialog.get_by_role("button", name="Save").click)
    assert entries_of(tmp_path / "people.db")[id_].identity == "Ada"
    assert dialog.get_by_role("heading").inner_text() == "Ada"
    assert dialog.get_by_role("status").inner_text() == "Saved: this is Ada."
    dialog.get_by_role("button", name="All pictures of Ada").wait_for()
    dialog.get_by_label("Who is it?").fill("")
    load(page, dialog.get_by_role("button", name="Save").click)
    assert entries_of(tmp_path / "people.db")[id_].identity == ""
    assert dialog.get_by_role("button", name="All pictures of").count() == 0
    page.keyboard.press("Escape")
    assert names(page)[place] == "Not named"


def test_removing_asks_first(page: Any, tmp_path: Path) -> None:
    before = entries_of(tmp_path / "people.db")
    opened = page.locator(".people .picture").first
    id_ = opened.locator("img").get_attribute("src").split("/")[-2]
    opened.click()
    page.get_by_role("button", name="Remove…").click()
    question = page.get_by_role("alertdialog")
    assert page.evaluate("document.activeElement.innerText") == "Cancel"
    question.get_by_role("button", name="Cancel").click()
    assert entries_of(tmp_path / "people.db") == before
    page.get_by_role("button", name="Remove…").click()
    load(page, question.get_by_role("button", name="Remove for good").click)
    assert entries_of(tmp_path / "people.db").keys() == before.keys() - {id_}
    assert page.get_by_role("dialog").count() == 0
    assert page.locator("[role=status]").inner_text() == "The picture was removed."
    assert page.locator(".count").inner_text() == f"1–48 of {len(before) - 1}"


def test_an_entry_leads_to_search_to_swap_and_to_all_of_its_person(open_page: Callable[..., Any], server: Any) -> None:
    page = open_page(server, "/#gallery")
    page.locator(".people .picture").nth(1).click()
    address = page.locator(".beside img").get_attribute("src")
    page.get_by_role("button", name="Use in Swap").click()
    assert page.locator(".chosen img").get_attribute("src") == address
    page.get_by_role("link", name="Gallery").click()
    page.locator(".people .picture").nth(1).click()
    all_of = page.get_by_role("button", name="All pictures of")
    name = all_of.inner_text().split()[-1]
    load(page, all_of.click)
    assert names(page) == [name] * 4
    page.locator(".people .picture").first.click()
    page.get_by_role("button", name="Search for this person").click()
    page.wait_for_selector(".results:not(.waiting)")
    assert page.locator(".result .who").first.inner_text() == name
