"""A real service over a gallery of bundled people, and a real browser at two widths that must ask nobody else."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from dgnet.experiment.galleries.gallery import Gallery
from dgnet.gallery.crops import Item
from dgnet.mannequin.bundled import bundled_root

SIZES = {"desktop": (1280, 860), "phone": (390, 844)}
START = 1_764_230_400.0  # 27 November 2025, 08:00 UTC
NUM_PEOPLE, PER_PERSON = 30, 4
WAIT = 60.0  # seconds for a service to start


def people_of(root: Path) -> dict[str, list[Path]]:
    """Pictures of NUM_PEOPLE rendered people, PER_PERSON of each, by as many cameras as there are."""
    found: dict[str, list[Path]] = {}
    for path in sorted((root / "bounding_box_test").glob("*.jpg"), key=lambda one: (one.name[:4], one.name[12:])):
        if (pid := path.name[:4]) != "0000":
            found.setdefault(pid, []).append(path)
    spread = {pid: paths[:: max(1, len(paths) // PER_PERSON)][:PER_PERSON] for pid, paths in found.items()}
    return dict(list(spread.items())[:NUM_PEOPLE])


@pytest.fixture(scope="session")
def gallery_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A calibrated gallery of the bundled model, never to be changed; the last two people have no name."""
    path = tmp_path_factory.mktemp("page") / "people.db"
    people = people_of(bundled_root())
    nameless = list(people)[-2:]
    items = [
        Item(str(one), one.name, f"camera {one.name[6]}", START + 600 * place + shot, "" if pid in nameless else pid)
        for place, (pid, paths) in enumerate(people.items())
        for shot, one in enumerate(paths)
    ]
    with Gallery.create(path) as gallery:
        gallery.add(items)
        gallery.calibrate(fars=(0.01,))
    return path


@pytest.fixture
def gallery_copy(gallery_file: Path, tmp_path: Path) -> Path:
    """A gallery of its own for a test that changes it."""
    return Path(shutil.copy(gallery_file, tmp_path / "mine.db"))


@pytest.fixture(scope="session")
def crops() -> list[Path]:
    """One picture each of rendered people, which no gallery of these tests holds."""
    queries = sorted((bundled_root() / "query").glob("*.jpg"))
    return list({path.name[:4]: path for path in queries}.values())


@dataclass
class Service:
    """A service in a process of its own."""

    process: subprocess.Popen[bytes]
    address: str

    @property
    def port(self) -> int:
        port = urlsplit(self.address).port
        assert port is not None
        return port

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def start_service(*arguments: object, log: Path, env: dict[str, str] | None = None) -> Service:
    """`dgnet serve` with these arguments, once it answers."""
    command = [sys.executable, "-m", "dgnet", "serve", *map(str, arguments)]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, env={**os.environ, **(env or {})})
    until = time.monotonic() + WAIT
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(rb"http://[\d.:a-z]+:\d+", log.read_bytes()):
            return Service(process, found[0].decode())
        time.sleep(0.1)
    process.kill()
    pytest.fail(f"no service within {WAIT:.0f} s:\n{log.read_text()}")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Start services; those that still run at the end of the test are stopped."""
    started: list[Service] = []

    def start(*arguments: object, port: int = 0, env: dict[str, str] | None = None) -> Service:
        log = tmp_path / f"service{len(started)}.log"
        started.append(start_service(*arguments, "--port", port, log=log, env=env))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.stop()


@pytest.fixture(scope="session")
def service(gallery_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests that change nothing in the gallery but marks."""
    copy = Path(shutil.copy(gallery_file, tmp_path_factory.mktemp("served") / "people.db"))
    found = start_service(copy, "--port", 0, log=copy.with_suffix(".log"))
    yield found
    found.stop()


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
    """Open the page of a service, at one width.

    At the end of the test: every request went to that service, no script failed and the content policy refused nothing.
    """
    with ExitStack() as stack:

        def opened(service: Service, path: str = "/", *, scheme: str = "light") -> Any:
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
            context.set_default_timeout(20_000)
            page = context.new_page()
            asked: list[str] = []
            faults: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda message: faults.append(message.text) if "Policy" in message.text else None)

            def closed() -> None:
                context.close()
                assert faults == []
                elsewhere = [url for url in asked if not url.startswith((service.address, "data:", "blob:"))]
                assert elsewhere == []
                assert asked

            stack.callback(closed)
            page.goto(service.address + path)
            return page

        yield opened
