"""`python -m tools.pictures.serve`: take the pictures of the page of `dgnet serve` that docs/serve.md shows.

A service is started on a gallery of bundled people, who are rendered, and a Chromium, driven by playwright, visits it.
Written are serve_search.webp, a search; serve_swap.webp, three people in each other's clothes; and serve_phone.webp,
three screens of a telephone side by side. It takes about a minute, and needs `pip install playwright` and a Chromium.
Look at what was written before you commit it.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from dgnet.files.whole_file import written_whole
from dgnet.mannequin.bundled import bundled_root
from tools.pictures.service import running_service

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DOCS = Path(__file__).parents[2] / "docs"
SOUGHT = ("0170_c1", "0170_c2")  # one person
SWAPPED = ("0153_c1", "0155_c1", "0186_c1")  # three
PHONE, GAP = (390, 844), 20  # pixels
WAIT = 120.0  # seconds

# Letters as wide as most machines have them; DejaVu, which a Linux without a desktop takes, is much wider.
FONTS = """<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><match target="pattern">
<edit name="family" mode="prepend" binding="strong"><string>Liberation Sans</string></edit></match></fontconfig>"""
# Nothing is waited for, said in passing or missing, and every picture in sight is there.
READY = """async () => {
  const inSight = [...document.images].filter((one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  });
  if (!inSight.length || document.querySelector(".busy, .waiting, .missing, .toast.shown, .panel")) return false;
  return Promise.all(inSight.map((one) => one.decode())).then(() => true, () => false);
}"""
SCROLL = "(one, top) => scrollBy(0, one.getBoundingClientRect().top - top)"  # top: pixels below the window's edge


@contextmanager
def visit(browser: Browser, address: str, size: tuple[int, int], *, dark: bool = False) -> Iterator[Page]:
    """The page in a window of a size (width, height), on a telephone where that is PHONE."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        is_mobile=size == PHONE,
        has_touch=size == PHONE,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        timezone_id="UTC",
    )
    context.set_default_timeout(1000 * WAIT)
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def give(page: Page, names: tuple[str, ...], shown: str) -> None:
    """Choose pictures that the gallery does not hold, by how their names begin, and wait for what they lead to."""
    files = [min((bundled_root() / "query").glob(f"{name}*")) for name in names]
    page.locator("input[type=file]:not([capture])").set_input_files(files)
    page.wait_for_selector(shown)


def look(page: Page) -> Image.Image:
    """What is in sight, once all of it is there, with the pointer and the focus on nothing."""
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    end = time.monotonic() + WAIT
    while not page.evaluate(READY):
        if time.monotonic() > end:
            sys.exit(f"{page.url} was not complete after {WAIT:.0f} seconds")
        time.sleep(0.1)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def swap(page: Page, section: str, top: int) -> None:
    """Swap clothes, move the slider half way, and scroll to a section."""
    give(page, SWAPPED, ".walk .live img")
    page.get_by_label("Between the two").fill("10")
    page.locator(f"section[aria-labelledby={section}]").evaluate(SCROLL, top)


def take(browser: Browser, address: str) -> dict[str, Image.Image]:
    """All pictures, by the names of their files."""
    screens = []
    with visit(browser, address, PHONE) as page:  # before anything is marked
        give(page, SOUGHT, ".results:not(.waiting)")
        page.locator(".chosen").evaluate(SCROLL, 54)
        screens.append(look(page))
    with visit(browser, f"{address}/#swap", PHONE, dark=True) as page:
        swap(page, "slider-title", 72)
        screens.append(look(page))
    with visit(browser, f"{address}/#gallery", PHONE, dark=True) as page:
        screens.append(look(page))
    phone = Image.new("RGB", (3 * PHONE[0] + 2 * GAP, PHONE[1]), "white")
    for place, screen in enumerate(screens):
        phone.paste(screen, (place * (PHONE[0] + GAP), 0))
    with visit(browser, address, (1280, 860)) as page:
        give(page, SOUGHT, ".results:not(.waiting)")
        for place, name in enumerate(["Same person"] * 4 + ["Somebody else"]):
            with page.expect_response("**/v1/marks"):
                page.locator(".result").nth(place).get_by_role("button", name=name, exact=True).click()
        searched = look(page)
    with visit(browser, f"{address}/#swap", (1280, 1150)) as page:
        swap(page, "grid-title", 80)
        swapped = look(page)
    return {"serve_search.webp": searched, "serve_swap.webp": swapped, "serve_phone.webp": phone}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tools.pictures.serve", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--to", type=Path, default=DOCS, metavar="DIR", help="another folder than docs/")
    folder: Path = parser.parse_args().to
    from playwright.sync_api import sync_playwright

    with running_service() as address, sync_playwright() as playwright, tempfile.NamedTemporaryFile("w") as fonts:
        fonts.write(FONTS)
        fonts.flush()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox"],
            env={**os.environ, "FONTCONFIG_FILE": fonts.name},
        )
        pictures = take(browser, address)
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        with written_whole(folder / name) as partial:
            picture.save(partial, quality=80, method=6)
        print(f"{folder / name}: {picture.width} x {picture.height}, {(folder / name).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
