"""What is shown where something is not as it should be: no service, no token, nobody there, a busy service."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dgnet.experiment.galleries.gallery import Gallery
from dgnet.gallery.crops import Item


def test_a_service_that_stops_is_said_and_searched_again_when_it_is_back(
    open_page: Callable[..., Any], start: Callable[..., Any]
) -> None:
    server = start()
    page = open_page(server)
    page.wait_for_selector(".samples .picture")
    server.end()
    page.locator(".samples .picture").first.click()
    page.wait_for_selector(".offline b")
    assert page.locator(".offline").inner_text().startswith("The service does not answer")
    assert "The search did not work" in page.locator(".panel").inner_text()
    start("--port", str(server.address[1]))
    page.wait_for_selector(".results:not(.waiting)")
    assert page.locator(".offline").inner_text() == ""


def test_the_token_is_asked_for_once(open_page: Callable[..., Any], start: Callable[..., Any], until: Callable) -> None:
    page = open_page(start(environment={"DGNET_TOKEN": "correct-horse-battery-staple"}))
    field = page.get_by_role("textbox", name="Token")
    page.keyboard.press("Escape")
    assert "Without the token" in page.get_by_role("alert").filter(has_text="Without").inner_text()
    page.get_by_role("button", name="Enter the token").click()
    field.fill("something else, long enough")
    field.press("Enter")
    page.get_by_text("The service does not know this token.").wait_for()
    field.fill("correct-horse-battery-staple")
    field.press("Enter")
    page.wait_for_selector(".samples img[src^='blob:']")  # pictures come with the token too
    pictures = page.locator(".samples img")
    until(lambda: all(pictures.evaluate_all("all => all.map((one) => one.naturalWidth)")))
    page.locator(".samples .picture").first.click()
    page.wait_for_selector(".results:not(.waiting)")
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    page.reload()
    page.wait_for_selector(".hero")
    assert page.get_by_role("dialog").count() == 0


def test_an_empty_gallery_leads_to_adding(
    open_page: Callable[..., Any], start: Callable[..., Any], tmp_path: Path, crops: list[Path]
) -> None:
    Gallery.create(tmp_path / "people.db").close()
    page = open_page(start())
    page.get_by_role("heading", name="The gallery is empty").wait_for()
    page.get_by_role("link", name="Add people").click()
    page.get_by_role("heading", name="Nobody here yet").wait_for()
    page.locator(".panel").get_by_role("button", name="Add people").click()
    page.get_by_role("dialog").locator("input[type=file]:not([capture])").set_input_files(
        [str(one) for one in crops[:3]]
    )
    page.get_by_role("button", name="Add 3 pictures").click()
    page.get_by_text("3 pictures added.").wait_for()
    page.get_by_role("button", name="Close").click()
    page.wait_for_selector(".people:not(.waiting) li:nth-child(3)")
    page.get_by_role("link", name="Search").click()
    page.locator(".samples .picture").first.click()
    page.wait_for_selector(".results:not(.waiting)")
    assert page.locator(".result").count() == 2
    # Nothing was calibrated, so no per cent is shown, and how to calibrate is.
    assert "%" not in page.locator(".result").first.inner_text()
    assert "dgnet gallery calibrate people.db" in page.locator(".note").inner_text()


def test_a_single_picture_has_nobody_to_be_compared_with(
    open_page: Callable[..., Any], start: Callable[..., Any], tmp_path: Path, crops: list[Path]
) -> None:
    """No filter hides anybody there, so none is blamed. A camera that is but a number is called one."""
    with Gallery.create(tmp_path / "people.db") as gallery:
        gallery.add([Item(str(crops[0]), crops[0].name, "4", None, "Jane")])
    page = open_page(start())
    picture = page.locator(".samples .picture")
    assert picture.get_attribute("title") == "Jane, Camera 4"
    picture.click()
    page.wait_for_selector(".answers .panel")
    assert "holds no other picture" in page.locator(".answers .panel").inner_text()
    assert "filter" not in page.locator(".answers .panel").inner_text()


def test_a_stopped_service_goes_on_where_it_was(open_page: Callable[..., Any], mine: Any) -> None:
    """While the service hangs the page says that it searches, and shows the answer when it comes."""
    page = open_page(mine)
    page.wait_for_selector(".samples .picture")
    os.kill(mine.process.pid, signal.SIGSTOP)
    try:
        page.locator(".samples .picture").first.click()
        page.wait_for_selector(".answers .busy")
        assert page.locator(".answers h2").inner_text() == "Searching…"
    finally:
        os.kill(mine.process.pid, signal.SIGCONT)
    page.wait_for_selector(".results:not(.waiting)")


def test_a_service_that_refuses_is_quoted_and_a_busy_one_is_asked_again(
    open_page: Callable[..., Any], server: Any
) -> None:
    """The answers are made here: how the service comes to give them is tested elsewhere."""
    page = open_page(server)
    answers = [
        {"status": 503, "headers": {"Retry-After": "1"}, "body": '{"error": {"code": "busy", "message": "Busy."}}'},
        {"status": 422, "body": '{"error": {"code": "field", "message": "top: found 0, must be at least 1."}}'},
        {"status": 500, "body": "no JSON"},
    ]
    page.route("**/v1/search", lambda route: route.fulfill(**answers.pop(0)) if answers else route.continue_())
    page.locator(".samples .picture").first.click()
    page.get_by_text("The service is busy. Trying again in 1 second…").wait_for()
    page.get_by_text("top: found 0, must be at least 1.").wait_for()
    page.get_by_role("button", name="Try again").click()
    page.get_by_text("The service answered with status 500 and gave no reason.").wait_for()
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector(".results:not(.waiting)")
