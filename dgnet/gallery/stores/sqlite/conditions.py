"""A filter as a condition of SQL; its values go as parameters, so none of them is ever read as SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dgnet.gallery.stores.protocol import Filter

Parameters = list[object]


def condition(only: Filter) -> tuple[str, Parameters]:
    """The text after WHERE, over the table `entries`, and its parameters."""
    parts, values = ["1"], Parameters()
    for column, wanted in (
        ("id", only.ids),
        ("source", only.sources),
        ("camera", only.cameras),
        ("identity", only.identities),
    ):
        if wanted is not None:
            parts.append(f"{column} IN (SELECT value FROM json_each(?))")
            values.append(as_json(wanted))
    if only.not_cameras is not None:
        parts.append("camera NOT IN (SELECT value FROM json_each(?))")
        values.append(as_json(only.not_cameras))
    if only.after is not None:
        parts.append("time >= ?")
        values.append(only.after)
    if only.before is not None:
        parts.append("time < ?")
        values.append(only.before)
    if only.known is not None:
        parts.append("identity <> ''" if only.known else "identity = ''")
    return " AND ".join(parts), values


def as_json(texts: Sequence[str]) -> str:
    """A list of any length as one parameter, for json_each: SQLite limits the number of parameters."""
    return json.dumps(list(texts), ensure_ascii=False)
