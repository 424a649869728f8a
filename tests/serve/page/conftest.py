"""A real service over a gallery of bundled people, and a real browser at two widths that must ask nobody else."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dgnet.experiment.galleries.gallery import Gallery
from dgnet.gallery.crops import Item
from dgnet.mannequin.bundled import bundled_root

SIZES = {"desktop": (1280, 860), "phone": (390, 844)}
START = 1_764_230_400.0  # 27 November 2025, 08:00 UTC
NUM_PEOPLE, PER_PERSON = 30, 4
WAIT = 60.0  # seconds


def people_of(root: Path) -> dict[str, list[Path]]:
    """Pictures of NUM_PEOPLE rendered people, PER_PERSON of each, by as many cameras as there are."""
    found: dict[str, list[Path]] = {}
    for path in sorted((root / "bounding_box_test").glob("*.jpg"), key=lambda one: (one.name[:4], one.name[12:])):
        if (pid := path.name[:4]) != "0000":
            found.setdefault(pid, []).append(path)
    spread = {pid: paths[:: max(1, len(paths) // PER_PERSON)][:PER_PERSON] for pid, paths in found.items()}
    return dict(list(spread.items())[:NUM_PEOPLE])


@pytest.fixture(scope="session")
def people_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A calibrated gallery, to be copied, with cameras and times; the last two people have no name."""
    path = tmp_path_factory.mktemp("page") / "people.db"
    people = people_of(bundled_root())
    nameless = list(people)[-2:]
    items = [
        Item(str(one), one.name, f"camera {one.name[6]}", START + 600 * place + shot, "" if pid in nameless else pid)
        for place, (pid, paths) in enumerate(people.items())
        for shot, one in enumerate(paths)
    ]
    with Gallery.create(path, "bundled-small") as gallery:
        gallery.add(items)
        gallery.calibrate(fars=(0.01,))
    return path


@pytest.fixture
def mine(start: Callable[..., Any], tmp_path: Path) -> Any:
    """A server with a gallery of its own (`people.db` in the test's folder), for a test that changes it."""
    return start()


@pytest.fixture(scope="session")
def crops() -> list[Path]:
    """One picture each of rendered people, which no gallery of these tests holds."""
    queries = sorted((bundled_root() / "query").glob("*.jpg"))
    return list({path.name[:4]: path for path in queries}.values())


@pytest.fixture(scope="session")
def street(crops: list[Path]) -> Image.Image:
    """A photograph of four people side by side, 160 x 320 pixels each."""
    image = Image.new("RGB", (640, 320))
    for place, path in enumerate(crops[:4]):
        image.paste(Image.open(path).resize((160, 320)), (160 * place, 0))
    return image


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, driven by playwright."""
    api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium on this machine")
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Wait until something holds. (What playwright has for that makes functions of texts, which the page forbids.)"""

    def wait(holds: Callable[[], object]) -> None:
        end = time.monotonic() + WAIT
        while not holds():
            assert time.monotonic() < end, "it never came to hold"
            time.sleep(0.05)

    return wait


@pytest.fixture(params=list(SIZES))
def size(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def open_page(browser: Any, size: str) -> Iterator[Callable[..., Any]]:
    """Open the page of a server, at one width.

    At the end of the test: every request went to that server, no script failed and the content policy refused nothing.
    """
    with ExitStack() as stack:

        def opened(server: Any, path: str = "/", *, scheme: str = "light") -> Any:
            width, height = SIZES[size]
            phone = size == "phone"
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                has_touch=phone,
                is_mobile=phone,
                timezone_id="UTC",
                reduced_motion="reduce",
            )
            context.set_default_timeout(60_000)
            page = context.new_page()
            asked: list[str] = []
            faults: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda message: faults.append(message.text) if "Policy" in message.text else None)

            def closed() -> None:
                context.close()
                assert faults == []
                elsewhere = [url for url in asked if not url.startswith((server.url + "/", "data:", "blob:"))]
                assert elsewhere == []
                assert asked

            stack.callback(closed)
            page.goto(server.url + path)
            return page

        yield opened
