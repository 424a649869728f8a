"""What is given to Search: photographs are cropped, what is too much or no picture is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image


def choose(page: Any, *paths: Path) -> None:
    page.locator("input[type=file]:not([capture])").set_input_files([str(path) for path in paths])


@pytest.mark.parametrize(
    ("width", "height", "offered"),
    [(64, 128, False), (300, 480, False), (2000, 4000, False), (960, 1280, True), (1080, 1920, True), (640, 480, True)],
)
def test_what_a_telephone_takes_is_offered_to_be_cropped(
    open_page: Callable[..., Any], server: Any, tmp_path: Path, width: int, height: int, offered: bool
) -> None:
    """Photographs held upright too; crops of people are not, whatever their size."""
    Image.new("RGB", (width, height), (150, 150, 140)).save(tmp_path / "given.jpg")
    page = open_page(server)
    page.wait_for_selector(".hero")
    choose(page, tmp_path / "given.jpg")
    page.wait_for_selector(".cropping, .asked")
    assert page.locator(".cropping").count() == offered


def test_each_of_several_photographs_is_cropped(
    open_page: Callable[..., Any], server: Any, crops: list[Path], tmp_path: Path
) -> None:
    for name in ("one.jpg", "two.jpg"):
        Image.open(crops[0]).resize((400, 300)).save(tmp_path / name)
    page = open_page(server)
    page.wait_for_selector(".hero")
    choose(page, tmp_path / "one.jpg", crops[0], tmp_path / "two.jpg")
    first = page.locator(".cropping img").get_attribute("src")
    page.get_by_role("button", name="Use the frame").click()
    page.wait_for_selector(f".cropping img:not([src='{first}'])")
    page.get_by_role("button", name="Cancel").click()  # the other one is left out
    page.wait_for_selector(".results:not(.waiting)")
    assert page.locator(".chosen li").count() == 2


def test_more_pictures_than_a_search_takes_are_left_out(
    open_page: Callable[..., Any], server: Any, crops: list[Path]
) -> None:
    page = open_page(server)
    page.wait_for_selector(".hero")
    choose(page, *crops[:18])
    page.wait_for_selector(".results:not(.waiting)")
    assert page.locator(".chosen li").count() == 16
    assert "at most; more are left out" in page.locator(".question .note").inner_text()


def test_what_cannot_be_read_stays_said_when_the_others_are_found(
    open_page: Callable[..., Any], server: Any, crops: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "notes.jpg").write_bytes(b"no picture")
    page = open_page(server)
    page.wait_for_selector(".hero")
    page.evaluate("""() => {
      window.said = [];
      const line = document.querySelector("[role=status]");
      const note = () => window.said.push([line.textContent, performance.now()]);
      new MutationObserver(note).observe(line, {childList: true});
    }""")
    choose(page, tmp_path / "notes.jpg", crops[0])
    page.locator("[role=status]", has_text="20 pictures found").wait_for()
    first, second = page.evaluate("window.said")
    assert first[0] == "notes.jpg cannot be read as a picture."
    assert second[1] - first[1] > 4900  # milliseconds: both are read, in turn
