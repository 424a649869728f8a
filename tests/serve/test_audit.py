"""What cannot be written down is not done."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="pip install 'dgnet[serve]'")

from dgnet.serve.audit import Audit, Who
from dgnet.serve.refusal import Refusal


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no disk that is always full")
def test_nothing_is_changed_or_shown_that_cannot_be_written_down(
    start: Callable[..., Any], queries: list[Path]
) -> None:
    server = start("--audit", "/dev/full")
    ask = server.client
    first, second = ask.get("/v1/entries", params={"limit": 2}).json()["entries"]
    total = ask.get("/v1/entries").json()["total"]
    picture = {"images": queries[0].read_bytes()}
    for answer in (
        ask.delete(f"/v1/entries/{first['id']}"),
        ask.patch(f"/v1/entries/{first['id']}", json={"identity": "ann"}),
        ask.post("/v1/entries", files=picture),
        ask.post("/v1/marks", json={"query_entry": first["id"], "entry": second["id"], "right": True}),
        ask.post("/v1/search", files=picture),
    ):
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "audit"
        assert "does not do it; its log says why" in answer.json()["error"]["message"]
    assert ask.get("/v1/entries").json()["total"] == total
    assert ask.get(f"/v1/entries/{first['id']}").json() == first
    assert "the audit cannot be written" in server.errors.read_text()
    assert "No space left on device" in server.errors.read_text()


def test_a_change_that_fails_is_written_down_as_failed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "audit"
    audit = Audit(path)
    with audit.change("remove", Who("1.2.3.4"), entry="a"):
        assert [line["entry"] for line in lines(path)] == ["a"]
    with pytest.raises(KeyError), audit.change("remove", Who("1.2.3.4"), entry="b"):
        raise KeyError
    audit.close()
    assert [(line["entry"], line.get("failed")) for line in lines(path)] == [
        ("a", None),
        ("b", None),
        ("b", True),
    ]


def test_a_line_that_was_refused_is_not_written_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And one of which only the beginning fitted on the disk does not spoil the next."""
    audit = Audit(tmp_path / "audit")
    write = audit._file.write  # type: ignore[union-attr]

    def full(_data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    for broken in (full, lambda data: write(data[:9])):
        monkeypatch.setattr(
            audit, "_file", type("File", (), {"write": staticmethod(broken), "close": lambda _: None})()
        )
        with pytest.raises(Refusal), audit.change("remove", Who(), entry="a"):
            pytest.fail("changed")
    monkeypatch.undo()
    audit("remove", Who(), entry="b")
    audit.close()
    torn, whole = (tmp_path / "audit").read_text().splitlines()
    assert torn == '{"audit":'
    assert json.loads(whole)["entry"] == "b"
