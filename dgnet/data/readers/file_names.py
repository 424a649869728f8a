"""Recognising the data set of the Market-1501 family by the file names in a folder."""

from __future__ import annotations

import re
from pathlib import Path

from dgnet.data.disk.listing import list_tree
from dgnet.data.readers.tree import FILE_NAME
from dgnet.data.records import DataError

KINDS = {  # as the authors name their files: 0002_c1s1_000451_03.jpg, 0005_c2_f0046985.jpg, 0003_c1_1.png
    "market1501": re.compile(r"(-1|[0-9]{4})_c[1-6]s[1-6]_[0-9]{6}_[0-9]{2}\."),
    "dukemtmc": re.compile(r"[0-9]{4}_c[1-8]_f[0-9]{7}\."),
    "cuhk03np": re.compile(r"[0-9]{4}_c[12]_[1-9][0-9]?\.png$"),
}
OWN = "folder"
CHOICES = (
    "If this is one of them, say which with --name (in training, --data.name). If these are your own images,"
    " --name folder --pattern '(?P<pid>-1|[0-9]+)_c(?P<camid>[0-9]+)' (--data.name, --data.pattern) takes such names"
    " apart; or describe them in a manifest"
)


def recognise(folder: Path, has_pattern: bool) -> str:
    """The one data set that the file names in `folder` belong to.

    Names without identity and camera beside them are not judged here: that data set's reader refuses them. Where the
    names belong to no or several data sets, the result is "folder" if a pattern was given, else DataError is raised. It
    is also raised where there is no image.
    """
    contents = list_tree(folder)
    names = [below for below in contents.images if "/" not in below]
    if has_pattern and contents.images:
        names = names or contents.images
    if not names:
        raise DataError(f"{folder}: no image in this folder; {contents.explain()}")
    examples: dict[str, str] = {}  # the first name of each kind
    for name in filter(FILE_NAME.match, names):
        examples.setdefault(next((kind for kind, regex in KINDS.items() if regex.match(name)), OWN), name)
    if len(examples) == 1 and OWN not in examples:
        return next(iter(examples))
    if has_pattern:
        return OWN
    known = "market1501, dukemtmc or cuhk03np"
    if len(examples) > 1:
        shown = ", ".join(f"{name} ({'none' if kind == OWN else kind})" for kind, name in examples.items())
        raise DataError(f"{folder}: the file names are not all of one of {known}: {shown}. {CHOICES}")
    shown = next(iter(examples.values()), names[0])
    raise DataError(f"{folder}: names like {shown!r} belong to no data set known here ({known}). {CHOICES}")
