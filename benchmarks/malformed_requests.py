"""What no honest client sends, made by chance from one seed: for malformed.py."""

from __future__ import annotations

import io
import json
import random
import struct
import zlib

import numpy as np
from PIL import Image

PATHS = ("/v1/search", "/v1/embed", "/v1/compare", "/v1/entries", "/v1/swap", "/v1/interpolate", "/v1/marks")


def pictures() -> list[bytes]:
    """Small real pictures of every format that is taken, and of some that are not."""
    pixels = np.random.default_rng(0).integers(0, 256, (64, 32, 3), dtype=np.uint8)
    found = []
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "TGA", "ICO"):
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, kind)
        found.append(stream.getvalue())
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", progressive=True)
    return [*found, stream.getvalue()]


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    body = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def header(width: int, height: int) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)


ZEROS = zlib.compress(bytes(20_000_000))
BOMBS = [
    png(header(50_000, 50_000), (b"IDAT", ZEROS), (b"IEND", b"")),
    png(header(5_000, 4_000), (b"IDAT", ZEROS), (b"IEND", b"")),
    png(header(32, 64), (b"zTXt", b"k\0\0" + ZEROS), (b"IDAT", zlib.compress(bytes(97 * 64))), (b"IEND", b"")),
    png(header(32, 64), (b"iCCP", b"k\0\0" + ZEROS), (b"IDAT", zlib.compress(bytes(97 * 64))), (b"IEND", b"")),
    png(header(2**31 - 1, 2**31 - 1), (b"IDAT", b""), (b"IEND", b"")),
    b"BM" + struct.pack("<IHHIIiiHHIIiiII", 100, 0, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0),
    b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + b"\xf7\0\0" + bytes(768),
]
NAMES = (
    "x.jpg", "../../etc/passwd", "/etc/passwd", "C:\\\\windows\\\\win.ini", "http://127.0.0.1/x", "file:///etc/passwd",
    "", "a\\0b", "%s%n", "x" * 5000, "\u202egnp.exe", "$(id)", "';DROP TABLE entries;--",
)  # fmt: skip
TEXTS = (
    "", "0", "-1", "1e999", "nan", "\0", "9" * 400, "../../..", "\ud7ff", "true", "null", "[]", "{}", "%00", "' OR 1=1",
    "2026-13-45", "1e308", "A" * 683, "file:///etc/passwd", "https://example.org/x.jpg",
)  # fmt: skip
FIELDS = (
    "entries", "query", "top", "cameras", "not_cameras", "after", "before", "known", "far", "identity", "camera",
    "time", "track", "code", "steps", "keep", "paste", "images",
)  # fmt: skip
NO_HTTP = (
    b"\0" * 100, b"GET\r\n\r\n", b"\x16\x03\x01\x02\0", b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)  # fmt: skip
ADDRESSES = (
    "/static/../../settings.py", "/static/%2e%2e/app.py", "/v1/entries/%00/picture", "/v1/entries/../info",
    "/" + "a" * 5000, "/v1/entries/" + "%ff" * 50, "//x", "/v1/entries?limit=-1", "/v1/entries?offset=1e9",
    "/v1/entries?after=nan", "/v1/entries?camera=%00", "/v1/entries/x%2fy", "/docs/", "/v1/entries?limit=" + "9" * 4400,
    "/v1/entries?offset=99999999999999999999", "/%", "/v1/entries?known=maybe", "/v1/entries/%ED%A0%80",
)  # fmt: skip
HEADERS = (
    ["Host: evil.example"], ["Origin: http://evil.example"], ["Authorization: Bearer x"], ["Authorization: \xff"],
    ["Content-Length: -5"], ["Content-Length: 99999999999"], ["Transfer-Encoding: chunked", "Content-Length: 3"],
    ["Content-Type: multipart/form-data"], ["Content-Type: multipart/form-data; boundary=" + "b" * 5000],
    ["Expect: 100-continue"], ["Content-Encoding: gzip"], ["Content-Type: text/html; charset=utf-99"],
)  # fmt: skip
BODIES = (
    {}, [], None, {"entry": "x"}, {"entry": "x" * 70, "right": True, "query": "A" * 683}, {"entry": None},
    {"entry": "a", "right": True, "query_entry": "b"}, {"entry": "a\0", "right": 3, "query_entry": "a\0"},
    {"identity": "\ud800"}, {"identity": "x" * 10_000}, {"entry": "a", "right": None, "query_entry": "a"},
)  # fmt: skip
NO_JSON = (b"{" * 50_000, b"\xff\xfe", b'{"entry": ' + b"9" * 5000 + b"}")


class Maker:
    """Makes requests, each another, from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._pictures = pictures()

    def data(self) -> bytes:
        """A picture that is altered, cut, glued to another, or none."""
        chance, one = self.random, self.random.choice(self._pictures)
        match chance.randrange(7):
            case 0:
                return one[: chance.randrange(len(one))]
            case 1:
                altered = bytearray(one)
                for _ in range(chance.randrange(1, 30)):
                    altered[chance.randrange(len(altered))] = chance.randrange(256)
                return bytes(altered)
            case 2:
                return chance.choice(
                    (one + chance.choice(self._pictures), b"MZ" + one, one[:20] + b"PK\3\4" + one[20:])
                )
            case 3:
                return chance.choice(BOMBS)
            case 4:
                return chance.randbytes(chance.randrange(300))
            case 5:
                return chance.choice((b"<svg onload='x'/>", b"%PDF-1.7", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBPVP8 "))
        return one[: len(one) // 2] + chance.randbytes(50) + one[len(one) // 2 :]

    def multipart(self) -> tuple[bytes, bytes]:
        """A form and its boundary: mostly well made, around things that are not."""
        chance, boundary = self.random, b"bound"
        parts = []
        fields = FIELDS if chance.random() < 0.4 else ("images",)
        for _ in range(chance.randrange(4)):
            name = chance.choice(fields)
            if name == "images" or chance.random() < 0.4:
                said = f'name="{name}"; filename="{chance.choice(NAMES)}"'
                parts.append((said.encode("utf-8", "replace"), self.data()))
            else:
                parts.append((f'name="{name}"'.encode(), chance.choice(TEXTS).encode("utf-8", "replace")))
        lines = [
            b"--" + boundary + b"\r\nContent-Disposition: form-data; " + said + b"\r\n\r\n" + data + b"\r\n"
            for said, data in parts
        ]
        body = b"".join(lines) + b"--" + boundary + b"--\r\n"
        if chance.random() < 0.15:
            body = body[: chance.randrange(len(body))]
        if chance.random() < 0.1:
            body = body.replace(b"\r\n", b"\n")
        return body, boundary

    def request(self) -> tuple[bytes, bool]:
        """The bytes of one request, which may be no HTTP, and whether an answer is due: not if it stops half-way."""
        chance = self.random
        kind = chance.randrange(12)
        if kind == 0:
            return chance.choice((*NO_HTTP, chance.randbytes(200))), False
        if kind == 1:
            return self._text("GET", "/v1/info", [f"X-Long: {'x' * chance.choice((100, 20_000, 100_000))}"]), True
        if kind == 2:
            method = chance.choice(("GET", "DELETE", "PATCH", "PUT", "TRACE", "OPTIONS", "HEAD"))
            return self._text(method, chance.choice(ADDRESSES), []), True
        if kind == 3:
            headers = chance.choice(HEADERS)
            due = not any(one.startswith(("Content-Length", "Transfer")) for one in headers)
            return self._text("POST", chance.choice(PATHS), headers, b"abc"), due
        if kind == 4:
            body = chance.choice((json.dumps(chance.choice(BODIES)).encode(), *NO_JSON))
            method, path = chance.choice((("POST", "/v1/marks"), ("PATCH", "/v1/entries/" + "0" * 32)))
            return self._text(method, path, ["Content-Type: application/json"], body), True
        if kind == 5:
            whole = self._form()
            return whole[: chance.randrange(len(whole))], False
        return self._form(), True

    def _form(self) -> bytes:
        body, boundary = self.multipart()
        kind = f"Content-Type: multipart/form-data; boundary={boundary.decode()}"
        # Adding is left out where a picture might be good, since the gallery is compared at the end.
        path = self.random.choice([path for path in PATHS if path != "/v1/entries"])
        return self._text("POST", path, [kind], body)

    def _text(self, method: str, path: str, headers: list[str], body: bytes = b"") -> bytes:
        own = [] if any(one.startswith("Host") for one in headers) else ["Host: localhost"]
        if not any(one.startswith(("Content-Length", "Transfer")) for one in headers):
            own.append(f"Content-Length: {len(body)}")
        lines = [f"{method} {path} HTTP/1.1", *own, *headers, "Connection: close", "", ""]
        return "\r\n".join(lines).encode("latin-1", "replace") + body
