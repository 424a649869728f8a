"""Who is let in, what is refused, and what leaves: each asked of a real server."""

from __future__ import annotations

import contextlib
import io
import os
import re
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few kilobytes that would take gigabytes to decode."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(10**6)))
        + chunk(b"IEND", b"")
    )


def scans() -> bytes:
    """A small progressive JPEG whose last scan is repeated."""
    stream = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * 200 + data[-2:]


def post(server: Any, data: bytes, path: str = "/v1/search", name: str = "x.jpg") -> Any:
    return server.client.post(path, files=[("images", (name, data))])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bomb(), "pixels"),
        (bomb(200_000, 200_000), "pixels"),
        (scans(), "scans"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "JPEG, PNG or WebP"),
        (b"GIF89a" + bytes(50), "JPEG, PNG or WebP"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "JPEG, PNG or WebP"),
        (b"", "JPEG, PNG or WebP"),
        (b"http://localhost/picture.jpg", "JPEG, PNG or WebP"),
        (b"/etc/passwd", "JPEG, PNG or WebP"),
    ],
)
def test_what_is_no_picture_is_refused_by_its_content(server: Any, data: bytes, said: str) -> None:
    found = post(server, data)
    assert found.status_code == 415, found.text
    assert said in found.json()["error"]["message"]


def test_nothing_hidden_in_a_picture_is_kept(server: Any) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (32, 64), "blue").save(stream, "JPEG")
    polyglot = stream.getvalue() + b"<script>alert(1)</script>"
    (entry,) = post(server, polyglot, "/v1/entries", "../..\\<b>evil\u202e.html").json()["added"]
    assert entry["source"] == "upload:<b>evil\\u202e.html"
    shown = server.client.get(entry["picture"])
    assert b"script" not in shown.content
    assert shown.headers["content-type"] == "image/jpeg"


def test_headers_leave_with_every_answer(server: Any) -> None:
    for path in ("/", "/static/docs.css", "/docs", "/v1/info", "/nothing", "/healthz", "/openapi.json"):
        headers = server.client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers
    docs = server.client.get("/docs").text
    assert "/v1/search" in docs
    links = re.findall(r'href="#(\w+)"', docs)
    assert links
    assert set(links) <= set(re.findall(r'id="(\w+)"', docs))  # each shape that is named is described
    assert "20 if left out" in docs
    assert not re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", docs)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2f%2e%2e%2fsettings.py",
        "/static//etc/passwd",
        "//etc/passwd",
    ],
)
def test_no_file_but_the_pages_is_given(server: Any, path: str) -> None:
    """Asked through a socket, since clients tidy such paths up."""
    with socket.create_connection(server.address, 60) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert raw.makefile("rb").readline().split()[1] == b"404"


def test_pages_of_elsewhere_cannot_use_it(server: Any) -> None:
    """Neither by a name that was made to mean this machine, nor by a form sent from another page."""
    assert server.client.get("/v1/info", headers={"Host": "evil.example:8000"}).status_code == 403
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert server.client.post("/v1/search", headers=headers).status_code == 403
    assert server.client.post("/v1/search", headers={"Origin": server.url}).status_code == 422


def test_too_much_is_refused(server: Any) -> None:
    found = post(server, bytes(17 * 2**20))
    assert (found.status_code, found.json()["error"]["code"]) == (413, "too_large")

    def endless() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="images"; filename="x.jpg"\r\n\r\n'
        for _ in range(40):
            yield bytes(2**20)

    form = {"Content-Type": "multipart/form-data; boundary=x"}
    with contextlib.suppress(httpx.TransportError):  # it may close while the client still sends
        assert server.client.post("/v1/search", content=endless(), headers=form).status_code == 413
    many = [("images", (f"{number}.jpg", b"x")) for number in range(17)]
    assert server.client.post("/v1/search", files=many).status_code == 422
    assert server.client.get("/healthz").status_code == 200


def until_refused(ask: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """Ask again until it is too fast; a busy machine may take long for a request, and meanwhile more are allowed."""
    found = [ask()]
    while found[-1].status_code != 429 and len(found) < 400:
        found.append(ask())
    return found


def test_a_token_is_needed_where_one_is_on(start: Callable[..., Any], tmp_path: Path) -> None:
    server = start("--host", "0.0.0.0", "--token", "tokens.txt", "--rate", "4")
    assert server.url.startswith("http://localhost:")  # which a browser can open, as 0.0.0.0 it cannot
    assert re.search(r"From other machines: http://\S+:\d+/ ;", server.output.read_text())
    token = re.search(r"shown this once: (\S+)", server.output.read_text())[1]  # type: ignore[index]
    kept = (tmp_path / "tokens.txt").read_text()
    assert token not in kept
    assert "sha256:" in kept
    assert os.stat(tmp_path / "tokens.txt").st_mode & 0o077 == 0
    client = server.client
    right = {"Authorization": f"Bearer {token}"}
    assert client.get("/v1/info", headers=right).json()["token_required"] is True
    assert client.get("/v1/info", headers={**right, "Host": "people.example"}).status_code == 200
    for path in ("/", "/healthz", "/readyz"):
        assert client.get(path).status_code == 200
    for path in ("/v1/info", "/metrics", "/openapi.json", "/v1/entries"):
        refused = client.get(path)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Bearer")
    wrong = until_refused(lambda: client.get("/v1/info", headers={"Authorization": f"Bearer {token[:-1]}!"}))
    assert {one.status_code for one in wrong} == {401, 429}  # guessing is slow
    assert len(wrong) < 100
    assert int(wrong[-1].headers["retry-after"]) >= 1
    assert token not in server.errors.read_text()


def test_a_fast_client_is_told_to_wait(start: Callable[..., Any]) -> None:
    server = start("--rate", "2")
    found = until_refused(lambda: server.client.get("/v1/info"))
    assert [one.status_code for one in found[:-1]] == [200] * (len(found) - 1)
    assert len(found) > 20  # ten seconds' requests may come at once
    assert found[-1].json()["error"]["code"] == "too_fast"


def test_beyond_this_machine_a_token_must_be_given(tmp_path: Path) -> None:
    asked = [sys.executable, "-m", "dgnet", "serve", "--host", "0.0.0.0", "--port", "0"]
    done = subprocess.run(asked, capture_output=True, text=True, cwd=tmp_path, timeout=240)
    assert done.returncode == 1
    assert "--token" in done.stderr
    weak = subprocess.run(
        asked, capture_output=True, text=True, cwd=tmp_path, timeout=240, env=os.environ | {"DGNET_TOKEN": "secret"}
    )
    assert weak.returncode == 1
    assert "$DGNET_TOKEN" in weak.stderr
