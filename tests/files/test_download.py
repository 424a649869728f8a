"""Downloading a file from a real server: whole, corrupt, broken off, refused, and from a server that is not there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from dgnet.files.download import DownloadError, download

CONTENT = bytes(range(256)) * 9000  # more than one chunk
SHA256 = hashlib.sha256(CONTENT).hexdigest()[:8]


class Handler(BaseHTTPRequestHandler):
    """Serves `/whole`, `/corrupt` (one bit differs) and `/broken` (closed half-way); 404 for all else."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path not in ("/whole", "/corrupt", "/broken"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if self.path == "/broken":
            self.wfile.write(CONTENT[: len(CONTENT) // 2])
        else:
            self.wfile.write(CONTENT if self.path == "/whole" else CONTENT[:-1] + b"\x00")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Handler.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_a_file_is_fetched_once(server: str, tmp_path: Path) -> None:
    target = tmp_path / "new" / "weights.pth"
    assert download(f"{server}/whole", target, SHA256) == target
    assert target.read_bytes() == CONTENT
    download(f"{server}/whole", target, SHA256)
    assert Handler.asked == ["/whole"]
    assert [path.name for path in target.parent.iterdir()] == ["weights.pth"]


def test_a_spoilt_file_is_fetched_anew(server: str, tmp_path: Path) -> None:
    target = tmp_path / "weights.pth"
    target.write_bytes(CONTENT[:100])
    download(f"{server}/whole", target, SHA256)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("before", [None, b"an older file"])
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/corrupt", r"not the published file: its SHA-256 begins \w{8}, must be \w{8} \(2304000 bytes of 2304000\)"),
        ("/broken", r"cannot be fetched: IncompleteRead|not the published file: .* \(1152000 bytes of 2304000\)"),
        ("/missing", r"/missing: cannot be fetched: HTTP Error 404: Not Found; fetch it another way and give its path"),
    ],
)
def test_what_is_not_whole_is_never_kept(
    path: str, message: str, before: bytes | None, server: str, tmp_path: Path
) -> None:
    target = tmp_path / "weights.pth"
    if before:
        target.write_bytes(before)
    with pytest.raises(DownloadError, match=message):
        download(server + path, target, SHA256)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == ([before] if before else [])


def test_no_way_to_the_server(tmp_path: Path) -> None:
    """No process listens on the port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as closed:
        port = closed.server_port
    with pytest.raises(DownloadError, match=r"cannot be fetched: .*refused.*; fetch it another way"):
        download(f"http://127.0.0.1:{port}/whole", tmp_path / "weights.pth", SHA256)
    assert not list(tmp_path.iterdir())
