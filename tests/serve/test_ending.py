"""SIGTERM finishes what was accepted; after kill -9, what was answered 200 is there."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

import dgnet

NUM_CLIENTS = 4


def picture(number: int) -> bytes:
    """Another one for every number."""
    patches = np.random.default_rng(number).integers(0, 256, (8, 4, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(patches.repeat(8, axis=0).repeat(8, axis=1)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


class Adding:
    """Clients that add pictures one after the other until they are cut off; `answered` holds the ids of every 200."""

    def __init__(self, url: str, offset: int) -> None:
        self.url, self.offset = url, offset
        self.answered: list[str] = []
        self.statuses: list[int] = []
        self._pool = ThreadPoolExecutor(NUM_CLIENTS)
        self._clients = [self._pool.submit(self._add, client) for client in range(NUM_CLIENTS)]

    def _add(self, client: int) -> None:
        with httpx.Client(base_url=self.url, timeout=120) as asked:
            for number in range(100_000):
                sent = {"images": picture(self.offset + NUM_CLIENTS * number + client)}
                try:
                    found = asked.post("/v1/entries", files=sent)
                except httpx.TransportError:
                    return
                self.statuses.append(found.status_code)
                if found.status_code == 200:
                    self.answered.extend(one["id"] for one in found.json()["added"])

    def wait_for(self, number: int) -> None:
        deadline = time.monotonic() + 120
        while len(self.answered) < number:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def end(self) -> None:
        for one in self._clients:
            one.result(120)
        self._pool.shutdown()


def test_what_was_answered_is_there_after_kill_9(start: Callable[..., Any], tmp_path: Path) -> None:
    answered: list[str] = []
    for round_, wanted in enumerate((1, 12, 30)):
        server = start("--rate", "0")
        adding = Adding(server.url, round_ * 10_000)
        adding.wait_for(wanted)
        time.sleep(0.05 * round_)
        os.kill(server.process.pid, signal.SIGKILL)
        adding.end()
        answered += adding.answered
        with dgnet.Gallery.open(tmp_path / "people.db") as gallery:
            assert gallery.store.present(answered) == set(answered)
            assert gallery.verify() == []
    assert len(set(answered)) == len(answered) >= 43


def test_sigterm_finishes_what_was_accepted(start: Callable[..., Any], tmp_path: Path) -> None:
    server = start("--rate", "0")
    adding = Adding(server.url, 0)
    adding.wait_for(10)
    assert server.end(signal.SIGTERM) == 0, server.errors.read_text()
    adding.end()
    assert set(adding.statuses) == {200}
    with dgnet.Gallery.open(tmp_path / "people.db") as gallery:
        assert gallery.store.present(adding.answered) == set(adding.answered)
        # Nothing was half done: whatever was begun was answered too.
        assert len(gallery) == 550 + len(adding.answered)
    assert not list(tmp_path.glob("people.db-*"))  # the journal is put away
    assert "Traceback" not in server.errors.read_text()


def test_a_long_request_is_answered_though_sigterm_came(start: Callable[..., Any], queries: list[Path]) -> None:
    server = start("--rate", "0")
    sent = [("images", (path.name, path.read_bytes())) for path in queries[:8]]
    found: list[Any] = []
    asking = threading.Thread(target=lambda: found.append(httpx.post(f"{server.url}/v1/swap", files=sent, timeout=120)))
    asking.start()
    deadline = time.monotonic() + 60
    while "dgnet_requests_in_progress 1.0" not in server.client.get("/metrics").text:
        assert time.monotonic() < deadline
    assert server.end(signal.SIGTERM) == 0
    asking.join(120)
    assert found[0].status_code == 200
    assert len(found[0].json()["pictures"]) == 8


@pytest.mark.parametrize(
    ("options", "said"),
    [(["nowhere.db"], "nowhere.db"), (["--port", "1000000"], "--port"), (["--rate", "-1"], "--rate")],
)
def test_a_wrong_start_is_one_sentence(tmp_path: Path, options: list[str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dgnet", "serve", *options], capture_output=True, text=True, cwd=tmp_path, timeout=240
    )
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
