"""Tokens, rates and queries as text, each alone; and bodies that come slowly or too many at once."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fastapi")

from hypothesis import given
from hypothesis import strategies as st

from dgnet.serve.queries import as_text, from_text
from dgnet.serve.rates import Rates
from dgnet.serve.refusal import Refusal
from dgnet.serve.tokens import TokenError, read_tokens, tokens_from_environment


def test_a_file_of_tokens_is_made_once_and_holds_hashes(tmp_path: Path) -> None:
    path = tmp_path / "tokens.txt"
    tokens, new = read_tokens(path)
    assert tokens.name_of(new) == "first"
    assert tokens.name_of(new[:-1]) is None
    assert new not in path.read_text()
    again, none = read_tokens(path)
    assert (again.name_of(new), none) == ("first", "")
    path.write_text(f"# door\ngate sha256:{hashlib.sha256(b'a long token').hexdigest()}\n\n{path.read_text()}")
    both, _ = read_tokens(path)
    assert (both.name_of("a long token"), both.name_of(new)) == ("gate", "first")


@pytest.mark.parametrize("text", ["", "# nothing\n", "gate secret\n", "gate sha256:12\n", "a b sha256:" + "0" * 64])
def test_a_wrong_file_of_tokens_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens.txt"
    path.write_text(text)
    with pytest.raises(TokenError, match=r"tokens\.txt"):
        read_tokens(path)


def test_a_token_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DGNET_TOKEN", "0123456789012345678901")
    tokens = tokens_from_environment()
    assert tokens is not None
    assert tokens.name_of("0123456789012345678901") == "environment"
    monkeypatch.delenv("DGNET_TOKEN")
    assert tokens_from_environment() is None


def test_each_client_has_its_own_rate() -> None:
    now = [0.0]
    rates = Rates(2.0, lambda: now[0])
    assert [rates.take("a") for _ in range(20)] == [0.0] * 20  # ten seconds' worth at once
    assert rates.take("a") == pytest.approx(0.5)
    assert rates.take("b") == 0
    now[0] += 0.5
    assert rates.take("a") == 0
    assert rates.take("a") > 0
    now[0] += 1000
    assert [rates.take("a") for _ in range(21)][-1] > 0


def test_a_dear_request_must_be_paid_for() -> None:
    now = [0.0]
    rates = Rates(1.0, lambda: now[0])
    assert rates.take("a", cost=15) == 0
    assert rates.take("a") == pytest.approx(6)


def test_few_clients_are_remembered() -> None:
    rates = Rates(1.0)
    for number in range(20_000):
        rates.take(str(number))
    assert len(rates._left) <= 10_000


@given(st.integers(0, 2**32 - 1))
def test_a_query_survives_as_text(seed: int) -> None:
    feature = np.random.default_rng(seed).normal(size=256).astype(np.float32)
    feature /= np.linalg.norm(feature)
    text = as_text(feature)
    np.testing.assert_allclose(from_text(text, 256), feature, atol=1e-3)
    assert as_text(from_text(text, 256)) == text


@given(
    st.one_of(st.text(), st.binary().map(lambda data: data.decode("latin-1")), st.just("A" * 683), st.just("_" * 683))
)
def test_other_text_is_no_query(text: str) -> None:
    with pytest.raises(Refusal):
        from_text(text, 256)


@pytest.mark.timeout(600)
def test_slow_and_many_bodies(start: Callable[..., object], queries: list[Path]) -> None:
    """Where as many requests as may be at work are held up, another is told when to come again; then all is well."""
    server = start("--rate", "0")
    head = (
        b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b"Content-Length: 1000\r\n\r\n--x\r\n"
    )
    held = []
    for _ in range(64):
        held.append(socket.create_connection(server.address, 120))
        held[-1].sendall(head)
    deadline = time.monotonic() + 20
    found = None
    while time.monotonic() < deadline:
        found = server.client.post("/v1/search", files={"images": queries[0].read_bytes()})
        if found.status_code == 503:
            break
    assert found is not None
    assert found.status_code == 503
    assert int(found.headers["retry-after"]) >= 1
    assert server.client.get("/healthz").status_code == 200
    assert b" 408 " in held[0].makefile("rb").readline()  # 30 seconds later
    for one in held:
        one.close()
    again = server.client.post("/v1/search", files={"images": queries[0].read_bytes()})
    assert again.status_code == 200
