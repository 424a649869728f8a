"""Identities and cameras are whole numbers; only plain digits are accepted."""

from __future__ import annotations

import pytest

from dgnet.data.disk.numbers import LARGEST, number_cameras, number_identities, read_number
from dgnet.data.records import DataError

NOT_PLAIN = ["1_12", " 12", "12 ", "+5", "-2", "--1", "１２", "٣", "²", "1e3", "0x1", "1.0", "", "nan", "True", "1,2"]


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_case_03_only_plain_digits_are_a_number(text: str):
    with pytest.raises(ValueError, match="plain digits"):
        read_number(text)


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("0002", 2), ("-1", -1), (str(LARGEST), LARGEST), ("0" * 30, 0)]
)
def test_case_03_plain_digits_are_read(text: str, number: int):
    assert read_number(text) == number


@pytest.mark.parametrize("text", [str(LARGEST + 1), "20240515093000123456", "9" * 5000])
def test_case_18_numbers_too_large_are_refused(text: str):
    with pytest.raises(ValueError, match=r"must not be above 9007199254740992"):
        read_number(text)


@pytest.mark.parametrize(
    ("names", "pids", "kept"),
    [
        (["0007", "0002"], {"0002": 2, "0007": 7}, True),
        (["-1", "0000", "0005"], {"-1": -1, "0000": 0, "0005": 5}, True),
        (["-1", "0000", "bob", "ann", "0005"], {"-1": -1, "0000": 0, "0005": 1, "ann": 2, "bob": 3}, False),
        (["20240515093000123456", "3"], {"20240515093000123456": 1, "3": 2}, False),
        (["１２", "12"], {"12": 1, "１２": 2}, False),
        (["-2", "-1"], {"-1": -1, "-2": 1}, False),
    ],
)
def test_case_01_numeric_names_are_kept_and_junk_stays_junk(names: list[str], pids: dict[str, int], kept: bool):
    assert number_identities(names) == (pids, kept)


@pytest.mark.parametrize("names", [["0002", "2"], ["0002", "2", "ann"], ["0", "0000"]])
def test_case_01_two_names_of_one_number_are_refused(names: list[str]):
    with pytest.raises(DataError, match=f"two ways.*: {names[0]} and {names[1]}"):
        number_identities(names)


def test_two_ways_to_write_a_camera_are_one_camera():
    assert number_cameras(["01", "1", "12"]) == ({"01": 1, "1": 1, "12": 12}, True)
    assert number_cameras(["hall", "door"]) == ({"door": 1, "hall": 2}, False)
