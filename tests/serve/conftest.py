"""`dgnet serve` as a process of its own, as a user starts it, and clients of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="pip install 'dgnet[serve]'")
pytest.importorskip("uvicorn", reason="pip install 'dgnet[serve]'")
httpx = pytest.importorskip("httpx")

from dgnet.experiment.galleries.bundled_people import copy_bundled_people  # noqa: E402
from dgnet.mannequin.bundled import bundled_root  # noqa: E402


class Server:
    """A running `dgnet serve`; `client` asks it."""

    def __init__(self, folder: Path, *options: str, environment: dict[str, str] | None = None) -> None:
        self.output, self.errors = folder / "out.txt", folder / "err.txt"
        with self.output.open("w") as out, self.errors.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dgnet", "serve", "--port", "0", *options],
                stdout=out,
                stderr=err,
                cwd=folder,
                env=os.environ | (environment or {}),
            )
        self.url = self._wait()
        self.client = httpx.Client(base_url=self.url, timeout=120)

    def _wait(self) -> str:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := re.search(r"Open (http://\S+)/ ;", self.output.read_text()):
                with httpx.Client(base_url=found[1], timeout=120) as client:
                    client.get("/healthz")  # the socket takes connections before anything answers
                return found[1]
            time.sleep(0.05)
        raise AssertionError(f"not started: {self.output.read_text()}{self.errors.read_text()}")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def end(self, sign: int = signal.SIGTERM) -> int:
        """Send a signal, wait, and return the exit status."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(sign)
        return self.process.wait(120)


@pytest.fixture(scope="session")
def people_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery of the bundled people, calibrated; to be copied, not changed."""
    return copy_bundled_people(tmp_path_factory.mktemp("people"), "bundled-small", progress=False)


@pytest.fixture(scope="session")
def queries() -> list[Path]:
    """Pictures of bundled people that are not in the gallery."""
    return sorted((bundled_root() / "query").glob("*.jpg"))


@pytest.fixture
def start(tmp_path: Path, people_db: Path) -> Iterator[Callable[..., Server]]:
    """Start a server on a copy of the gallery, `people.db` in the test's folder; it is ended after the test."""
    running: list[Server] = []

    def started(*options: str, environment: dict[str, str] | None = None) -> Server:
        gallery = tmp_path / "people.db"
        if not gallery.exists():
            gallery.write_bytes(people_db.read_bytes())
        running.append(Server(tmp_path, str(gallery), *options, environment=environment))
        return running[-1]

    yield started
    for server in running:
        server.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, people_db: Path) -> Iterator[Server]:
    """One server for the tests of a module, without a limit on how fast they ask."""
    folder = tmp_path_factory.mktemp("serve")
    gallery = folder / "people.db"
    gallery.write_bytes(people_db.read_bytes())
    running = Server(folder, str(gallery), "--rate", "0")
    yield running
    assert running.end() == 0, running.errors.read_text()
