"""Swap: who is chosen, everyone in everyone's clothes, and the slider from one to another."""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import dgnet


def as_pixels(data_url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data_url.split(",")[1]))).convert("RGB")).astype(int)


def sources(page: Any, selector: str) -> list[str]:
    return page.locator(selector).evaluate_all("all => all.map((one) => one.src)")


def drawn(page: Any, number: int) -> list[str]:
    """The pictures of the table, row by row, once it is drawn for that many people."""
    page.locator(".swaps td .drawn").nth(number**2 - 1).wait_for()
    assert page.locator(".swaps td .drawn").count() == number**2
    return sources(page, ".swaps td .drawn")


def test_rows_wear_the_clothes_of_one_person_and_columns_have_the_body_of_one(
    open_page: Callable[..., Any], server: Any, crops: list[Path]
) -> None:
    page = open_page(server, "/#swap")
    page.wait_for_selector(".drop")
    page.locator("input[type=file]:not([capture])").set_input_files([str(path) for path in crops[:2]])
    shown = [as_pixels(one) for one in drawn(page, 2)]
    model = dgnet.load("bundled-small")
    for place, found in enumerate(shown):
        i, j = divmod(place, 2)
        wanted = np.asarray(model.swap(crops[i], crops[j])).astype(int).reshape(found.shape)
        assert np.abs(found - wanted).max() <= 2
    labels = page.locator(".swaps td button").evaluate_all("all => all.map((one) => one.ariaLabel)")
    assert labels[1] == "Person 1's clothes on Person 2's body"
    assert page.locator("[role=status]").inner_text() == "Drawn: 2 people in each other's clothes"
    page.locator(".swaps td button").nth(2).click()
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_role("heading").inner_text() == "Person 2's clothes on Person 1's body"
    with page.expect_download() as saving:
        dialog.get_by_role("link", name="Save picture").click()
    assert saving.value.suggested_filename == "clothes-2-body-1.png"
    assert np.array_equal(np.asarray(Image.open(saving.value.path()).convert("RGB")), shown[2])
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.ariaLabel") == labels[2]


def test_people_are_picked_from_the_gallery_mixed_with_pictures_and_taken_out(
    open_page: Callable[..., Any], server: Any, crops: list[Path]
) -> None:
    page = open_page(server, "/#swap")
    page.get_by_role("button", name="Pick from the gallery").click()
    pick = page.get_by_role("dialog")
    for place in (0, 5, 9):
        pick.locator(".picture").nth(place).click()
    chosen = sources(page, ".pick [aria-pressed=true] img")
    pick.get_by_role("button", name="Use 3 people").click()
    drawn(page, 3)
    assert sources(page, ".swaps .structure img") == chosen
    page.locator("input[type=file]:not([capture])").set_input_files(str(crops[0]))
    before = drawn(page, 4)
    page.get_by_role("button", name="Take Person 1 out").click()
    after = drawn(page, 3)
    kept = [before[4 * i + j] for i in (1, 2, 3) for j in (1, 2, 3)]
    assert all(np.abs(as_pixels(a) - as_pixels(b)).max() <= 2 for a, b in zip(after, kept, strict=True))
    # Eight are the most.
    page.locator("input[type=file]:not([capture])").set_input_files([str(path) for path in crops[1:8]])
    drawn(page, 8)
    assert page.get_by_text("8 people are the most that fit").first.is_visible()
    assert page.get_by_role("button", name="Choose pictures").count() == 0


@pytest.mark.parametrize("code", ["appearance", "structure"])
def test_the_slider_shows_frames_that_were_fetched_once(
    open_page: Callable[..., Any], server: Any, crops: list[Path], code: str
) -> None:
    page = open_page(server, "/#swap")
    page.wait_for_selector(".drop")
    # Always the same two: between some people, whom a button would draw by chance, G turns the body in few frames.
    page.locator("input[type=file]:not([capture])").set_input_files([str(path) for path in crops[:2]])
    page.wait_for_selector(".walk .live img")
    if code == "structure":
        with page.expect_response("**/v1/interpolate"):
            page.get_by_label("Body and pose").check(force=True)
        page.wait_for_selector(".walk > .structure")
        page.wait_for_selector(".walk .live img")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/v1/" in request.url else None)
    slider = page.get_by_label("Between the two")
    slider.focus()
    seen = []
    for _ in range(21):
        seen.append(as_pixels(sources(page, ".walk .live img")[0]))
        slider.press("ArrowRight")
    assert asked == []
    assert slider.get_attribute("aria-valuetext") == f"{'Clothes' if code == 'appearance' else 'Body'} of Person 2"
    steps = [np.abs(a - b).mean() for a, b in itertools.pairwise(seen)]
    assert min(steps) > 0
    assert np.abs(seen[0] - seen[-1]).mean() > 3 * max(steps)
    # The ends are the table's own pictures: clothes of 1 or 2 on the body of 1, or the other way round.
    table = [as_pixels(one) for one in drawn(page, 2)]
    ends = (table[0], table[2]) if code == "appearance" else (table[0], table[1])
    assert max(np.abs(a - b).max() for a, b in zip(ends, (seen[0], seen[-1]), strict=True)) <= 2


def test_the_slider_goes_between_any_two_of_several(open_page: Callable[..., Any], server: Any) -> None:
    page = open_page(server, "/#swap")
    page.get_by_role("button", name="Any four people").click()
    page.wait_for_selector(".walk .live img")
    with page.expect_response("**/v1/interpolate"):
        page.get_by_role("combobox", name="To", exact=True).select_option("Person 4")
    page.locator(".walk figure:last-child figcaption", has_text="Person 4").wait_for()
    page.get_by_label("Between the two").press("End")
    assert page.locator(".walk output").inner_text() == "Clothes of Person 4"
    table = [as_pixels(one) for one in drawn(page, 4)]
    assert np.abs(as_pixels(sources(page, ".walk .live img")[0]) - table[12]).max() <= 2


def test_a_file_that_is_no_picture_is_said(open_page: Callable[..., Any], server: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_bytes(b"no picture")
    page = open_page(server, "/#swap")
    page.wait_for_selector(".drop")
    page.locator("input[type=file]:not([capture])").set_input_files(str(tmp_path / "notes.jpg"))
    page.locator("[role=status]", has_text="notes.jpg cannot be read as a picture.").wait_for()
