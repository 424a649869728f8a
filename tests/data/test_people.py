"""The people that labels stand for: a change that matters is reported, and one that does not matter is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dgnet.data.people import Group, People, people_of, require_same_people
from dgnet.data.readers.combine import train_also_on
from dgnet.data.records import DataError, Record, ReidDataset

Images = dict[str, list[tuple[str, int, bytes]]]
TRIO: Images = {
    "ann": [("0.jpg", 1, b"a0"), ("1.jpg", 2, b"a1")],
    "bob": [("0.jpg", 1, b"b0"), ("1.jpg", 2, b"b1")],
    "cid": [("0.jpg", 1, b"c0"), ("1.jpg", 2, b"c1")],
}


def dataset(images: Images, root: str = "/x", pids: list[int] | None = None) -> ReidDataset:
    """A data set with one folder per name; pids are in the order of the names unless given."""
    names = dict(zip(sorted(images), pids or range(1, len(images) + 1), strict=True))
    train = sorted(
        (Record(f"{root}/{name}/{file}", names[name], cam) for name, files in images.items() for file, cam, _ in files),
        key=lambda record: record.path,
    )
    return ReidDataset("folder", Path(root), tuple(train), (), (), names={pid: name for name, pid in names.items()})


def contents(images: Images, root: str = "/x") -> dict[str, bytes]:
    return {f"{root}/{name}/{file}": content for name, files in images.items() for file, _, content in files}


def people(images: Images, root: str = "/x", pids: list[int] | None = None) -> People:
    one = dataset(images, root, pids)
    return people_of([one], one, [contents(images, root)[record.path] for record in one.train])


def changed(images: Images, **settings: object) -> str:
    return "; ".join(people(images, **settings).changes_since(people(TRIO)))  # type: ignore[arg-type]


def test_the_same_people_elsewhere_are_the_same() -> None:
    assert changed(TRIO, root="/moved/far") == ""
    assert People.from_json(people(TRIO).to_json()) == people(TRIO)


def test_case_05_who_was_renamed_removed_added_or_shown_otherwise_is_named() -> None:
    renamed = {"zed" if name == "ann" else name: files for name, files in TRIO.items()}
    assert changed(renamed) == "1 identity renamed: ann is now called zed"
    assert changed({name: TRIO[name] for name in ("ann", "bob")}) == "1 identity removed: cid"
    assert changed({**TRIO, "dan": [("0.jpg", 1, b"d0")]}) == "1 identity added: dan"
    assert changed({**TRIO, "bob": TRIO["bob"][:1]}) == "1 identity with another number of images: bob (1, not 2)"
    swapped = {**TRIO, "ann": TRIO["bob"], "bob": TRIO["ann"]}
    assert changed(swapped) == "2 identities with other images, or images by other cameras: ann, bob"
    moved = {**TRIO, "cid": [("0.jpg", 1, b"c0"), ("1.jpg", 3, b"c1")]}
    assert changed(moved) == "1 identity with other images, or images by other cameras: cid"
    many = {f"p{index}": [("0.jpg", 1, b"%d" % index)] for index in range(9)}
    assert changed(many) == "3 identities removed: ann, bob, cid; 9 identities added: p0, p1, p2, p3, p4 and 4 more"


def test_case_05_labels_and_order_count_too() -> None:
    """Another pid gives the same person another label; another file name may change the order of an epoch."""
    assert changed(TRIO, pids=[2, 1, 3]).startswith("the same identities stand under other labels")
    files = {**TRIO, "ann": [("8.jpg", 1, b"a0"), ("1.jpg", 2, b"a1")]}
    assert changed(files) == "the same images come in another order, since files or folders have other names"
    assert changed({**TRIO, "ann": [("00.jpg", 1, b"a0"), ("01.jpg", 2, b"a1")]}) == ""


def both(first: Images, second: Images, roots: tuple[str, str] = ("/x", "/y")) -> People:
    parts = [dataset(images, root) for images, root in zip((first, second), roots, strict=True)]
    together = train_also_on(parts[0], parts[1:])
    known = contents(first, roots[0]) | contents(second, roots[1])
    return people_of(parts, together, [known[record.path] for record in together.train])


def test_case_05_data_sets_in_another_order() -> None:
    others: Images = {"eve": [("0.jpg", 1, b"e0")], "fay": [("0.jpg", 1, b"f0")]}
    then = both(TRIO, others)
    assert [len(group.identities) for group in then.groups] == [3, 2]
    assert both(TRIO, others).changes_since(then) == []
    said = "the data sets come in another order, then folder with ann, bob, cid and folder with eve, fay, now folder"
    assert both(others, TRIO).changes_since(then)[0].startswith(said)
    assert people(TRIO).changes_since(then) == ["then it was trained on folder and folder, now on folder"]
    assert both(TRIO, others, ("/x", "/a")).changes_since(then) == [
        "the same images come in another order, since files or folders have other names"
    ]


def test_a_list_of_people_is_required_or_named() -> None:
    now, where = people(TRIO), Path("run/people.json")
    require_same_people(now.to_json(), now, where)
    other = replace(now, groups=(Group("market1501", now.groups[0].identities),))
    with pytest.raises(DataError, match=r"^run/people.json: .*then folder with ann, bob, cid, now market1501 .*--out"):
        require_same_people(now.to_json(), other, where)
    for broken in ("", "[]", '{"order": "x"}', '{"order": "x", "groups": [{"dataset": "d", "identities": [1]}]}'):
        with pytest.raises(DataError, match=r"run/people.json: its list of people cannot be read"):
            require_same_people(broken, now, where)


def test_marks_tell_strangers_without_naming_whom_they_were_made_of() -> None:
    marks = people(TRIO).marks()
    assert "ann" not in marks
    assert people(TRIO).strangers_to(marks) == []
    assert people({**TRIO, "bob": TRIO["bob"][:1]}).strangers_to(marks) == []  # the same people by fewer images
    renamed = {"zed" if name == "ann" else name: files for name, files in TRIO.items()}
    said = ["it does not know zed", "1 of those that it knows are not in the training set"]
    assert people(renamed).strangers_to(marks) == said
    assert people(TRIO, pids=[2, 1, 3]).strangers_to(marks) == ["the same identities stand under other labels"]
