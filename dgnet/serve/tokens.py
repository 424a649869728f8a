"""Tokens: long random texts that let a client in. Only their hashes are kept, and compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from dgnet.errors import DgnetError
from dgnet.files.whole_file import written_whole

ENVIRONMENT = "DGNET_TOKEN"
_SHORTEST = 20  # characters of a token that a user chose
_LINE = re.compile(r"([A-Za-z0-9_.-]{1,40})\s+sha256:([0-9a-f]{64})")


class TokenError(DgnetError, ValueError):
    """A token or a file of tokens that cannot be used; the message says what to do."""


class Tokens:
    """Who is let in: the names of tokens by their hashes. A token has 256 random bits, so its plain SHA-256 is safe."""

    def __init__(self, hashes: dict[str, bytes]) -> None:
        self._hashes = hashes

    def name_of(self, token: str) -> str | None:
        """The name of a token; None where it is none. Takes the same time whichever it is like."""
        given = _hash(token)
        found = None
        for name, known in self._hashes.items():
            if hmac.compare_digest(known, given):
                found = name
        return found


def tokens_from_environment() -> Tokens | None:
    """The token in $DGNET_TOKEN, if one is there. Raises TokenError where it is too short to be safe."""
    token = os.environ.get(ENVIRONMENT, "")
    if not token:
        return None
    if len(token) < _SHORTEST:
        raise TokenError(f"${ENVIRONMENT}: has {len(token)} characters, must be at least {_SHORTEST} random ones")
    return Tokens({"environment": _hash(token)})


def read_tokens(path: Path) -> tuple[Tokens, str]:
    """The tokens of a file with one `NAME sha256:HASH` per line; and the new token where the file had to be made.

    Raises TokenError naming a line that is none.
    """
    new = ""
    if not path.exists():
        new = secrets.token_urlsafe(32)
        with written_whole(path) as partial:
            os.close(os.open(partial, os.O_CREAT | os.O_WRONLY, 0o600))
            partial.write_text(f"# NAME sha256:HASH, one token per line\nfirst sha256:{_hash(new).hex()}\n")
    hashes = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if not found:
            raise TokenError(
                f"{path}, line {number}: must be NAME sha256:HASH, the SHA-256 of a token in hexadecimal; "
                "name a file that is not there yet, and it is made with a new token"
            )
        hashes[found[1]] = bytes.fromhex(found[2])
    if not hashes:
        raise TokenError(f"{path}: holds no token; remove it, and it is made with a new one")
    return Tokens(hashes), new


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
