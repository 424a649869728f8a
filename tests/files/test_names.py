"""Names as they are kept and compared."""

from __future__ import annotations

from dgnet.files.names import name_kept, names_kept

COMPOSED, TWO = "jos\u00e9", "jose\u0301"


def test_one_name_has_one_form() -> None:
    assert name_kept(TWO) == name_kept(COMPOSED) == COMPOSED
    assert name_kept("caf\udce9") == "caf\\xe9"


def test_names_to_look_for_are_looked_for_in_both_forms() -> None:
    assert names_kept(None) is None
    assert names_kept([TWO, "ann"]) == (COMPOSED, TWO, "ann")
