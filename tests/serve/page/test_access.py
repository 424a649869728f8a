"""For everybody: axe finds nothing serious, the keyboard is enough, nothing is cut off, and the page is light."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dgnet

PAGE = Path(dgnet.__file__).parent / "serve" / "page"
LIGHT = 150_000  # bytes: the most that all files of the page have together


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, from whichever package brings it."""
    for package in ("axe_playwright_python", "axe_core_python"):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")
    pytest.skip("axe-core is not there: pip install axe-playwright-python")


def check(page: Any, axe: str) -> None:
    """Nothing that axe calls serious or critical, and nothing that is wider than the window."""
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    serious = [
        (one["id"], one["help"], [node["html"] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    for dialog in page.locator("dialog[open]").all():
        assert dialog.evaluate("one => one.scrollWidth - one.clientWidth") <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_and_dialog(
    open_page: Callable[..., Any], server: Any, axe: str, scheme: str, crops: list[Path], tmp_path: Path
) -> None:
    from PIL import Image

    page = open_page(server, scheme=scheme)
    page.wait_for_selector(".samples .picture")
    check(page, axe)
    Image.new("RGB", (300, 200), (90, 120, 150)).save(tmp_path / "wide.png")
    page.locator("input[type=file]:not([capture])").set_input_files(str(tmp_path / "wide.png"))
    page.wait_for_selector(".cropping")
    check(page, axe)
    page.keyboard.press("Escape")
    page.locator(".samples .picture").first.click()
    page.wait_for_selector(".results:not(.waiting)")
    if not page.locator(".filters[open]").count():
        page.locator(".filters summary").click()
    page.locator(".result .yes").first.click()
    page.locator(".result .no").nth(1).click()
    check(page, axe)
    page.get_by_role("link", name="Swap").click()
    page.wait_for_selector(".drop")
    check(page, axe)
    page.locator("input[type=file]:not([capture])").set_input_files([str(path) for path in crops[:8]])
    page.wait_for_selector(".walk .live img")
    check(page, axe)
    page.locator(".swaps .picture").nth(1).click()
    check(page, axe)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Gallery").click()
    page.wait_for_selector(".people:not(.waiting)")
    check(page, axe)
    page.locator(".people .picture").first.click()
    check(page, axe)
    page.get_by_role("button", name="Remove…").click()
    check(page, axe)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add people").click()
    page.get_by_role("dialog").locator("input[type=file]:not([capture])").set_input_files(str(crops[0]))
    check(page, axe)


def test_the_keyboard_alone_searches_marks_swaps_and_names(open_page: Callable[..., Any], mine: Any) -> None:
    page = open_page(mine)  # without the marks of other tests: the page draws by chance whom to start from
    page.wait_for_selector(".samples .picture")

    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(
                "(document.activeElement.ariaLabel || document.activeElement.innerText || '').trim()"
            ).startswith(name):
                return
        pytest.fail(f"Tab never comes to {name!r}")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to content"
    page.keyboard.press("Enter")
    tab_to("Choose pictures")
    tab_to("Search for")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector(".results:not(.waiting)")
    # The focus is on what was found; from there the first result is one step.
    assert page.evaluate("document.activeElement.innerText") == "20 pictures found, most similar first"
    tab_to("Rank 1")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    with page.expect_response("**/v1/marks"):
        page.keyboard.press("y")
    assert page.locator(".result .yes[aria-pressed=true]").count() == 1
    page.keyboard.press("Shift+Tab")
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    tab_to("Swap")
    page.keyboard.press("Enter")
    page.wait_for_selector(".drop")
    assert page.evaluate("document.activeElement.id") == "content"
    tab_to("Any two people")
    page.keyboard.press("Enter")
    page.wait_for_selector(".walk .live img")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "range":
            break
    page.keyboard.press("End")
    assert page.locator(".walk output").inner_text() == "Clothes of Person 2"


def test_where_the_focus_goes_when_a_dialog_opens_and_closes(open_page: Callable[..., Any], server: Any) -> None:
    page = open_page(server, "/#gallery")
    opened = page.locator(".people .picture").nth(2)
    opened.press("Enter")
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    for _ in range(15):  # Tab stays within
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
        )
    page.keyboard.press("Escape")
    assert opened.evaluate("one => one === document.activeElement")


def test_landmarks_headings_and_title(open_page: Callable[..., Any], server: Any, until: Callable) -> None:
    page = open_page(server)
    page.wait_for_selector(".samples .picture")
    for role in ("banner", "navigation", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1, role
    for view in ("Search", "Swap", "Gallery"):
        page.get_by_role("link", name=view, exact=True).click()
        until(lambda view=view: page.title() == f"{view} · dgnet")
        assert page.get_by_role("heading", level=1).count() == 1
        assert page.locator("nav [aria-current=page]").inner_text() == view


def test_all_files_together_are_light() -> None:
    files = [path for path in PAGE.iterdir() if path.suffix in (".html", ".css", ".js", ".svg")]
    assert {"index.html", "style.css", "strings.js", "main.js"} <= {path.name for path in files}
    assert sum(path.stat().st_size for path in files) < LIGHT


def test_every_module_is_loaded_ahead() -> None:
    """Else a module is asked for only once the one that imports it was read, one after the other."""
    index = (PAGE / "index.html").read_text(encoding="utf-8")
    assert all(f'"/static/{path.name}"' in index for path in PAGE.glob("*.js"))


def test_nothing_in_the_files_leads_elsewhere_or_is_inline() -> None:
    for path in PAGE.iterdir():
        text = path.read_text(encoding="utf-8")
        without_names = text.replace("http://www.w3.org/2000/svg", "")  # the name of a language, never asked for
        assert "http:" not in without_names, path.name
        assert "https:" not in without_names, path.name
        assert " style=" not in text, path.name
        assert " onclick=" not in text, path.name
