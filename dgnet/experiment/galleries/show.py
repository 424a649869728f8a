"""What a gallery holds, and what was found in it, as text for a terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from dgnet.data.records import name_some
from dgnet.files.names import printable
from dgnet.gallery.gallery import Info
from dgnet.gallery.searching import Answer
from dgnet.gallery.stores.sqlite.index import RECALL_AT, IndexFacts

NOBODY = "Nobody here"
_SINCE_1970 = 1e8  # seconds: times above (after March 1973) are dates; below, of a film, say, they stay seconds
_NUM_CAMERAS = 30


def answers_text(answers: Sequence[Answer]) -> str:
    """A table per person, or that there is nobody."""
    return "\n\n".join(map(_answer_text, answers))


def _answer_text(answer: Answer) -> str:
    title = ", ".join(map(printable, answer.query))
    if answer.nobody:
        return f"{title}\n{why_nobody(answer)}"
    sure = any(match.probability is not None for match in answer.matches)  # the gallery is calibrated
    numbers = ("similarity", "probability") if sure else ("similarity",)
    rows: list[tuple[str, ...]] = [("rank", *numbers, "camera", "time", "identity", "source", "id")]
    for match in answer.matches:
        entry = match.entry
        known = (entry.camera or "-", time_text(entry.time), entry.identity or "-")
        found = [f"{value:.3f}" for value in (match.similarity, match.probability) if value is not None]
        rows.append((str(match.rank), *found, *map(printable, known), printable(entry.source), entry.id))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([title, *lines])


def why_nobody(answer: Answer) -> str:
    """The sentence for an answer without matches."""
    if answer.best is None:
        return f"{NOBODY}: the gallery has no entry that may be found."
    return f"{NOBODY}: the most similar entry has {answer.best:.3f}, below the threshold {answer.threshold:.3f}."


def answers_json(answers: Sequence[Answer]) -> str:
    """A list with one object per person."""
    found = [
        {
            "query": list(answer.query),
            "nobody": answer.nobody,
            "threshold": answer.threshold,
            "best": answer.best,
            "matches": [
                {
                    "rank": match.rank,
                    "similarity": match.similarity,
                    "probability": match.probability,
                    **asdict(match.entry),
                }
                for match in answer.matches
            ],
        }
        for answer in answers
    ]
    return json.dumps(found, indent=2, ensure_ascii=False)


def info_text(address: str, info: Info, index: IndexFacts | None) -> str:
    """The lines of `dgnet gallery info`."""
    meta = info.meta
    cameras = [f"{printable(camera) or 'unknown'} ({number})" for camera, number in info.cameras.items()]
    times = "unknown" if info.earliest is None else f"{time_text(info.earliest)} to {time_text(info.latest)}"
    centred = name_some(map(printable, info.centred), _NUM_CAMERAS)
    facts = (
        ("gallery", address),
        ("entries", f"{info.num_entries}, {info.num_known} of them of {info.num_identities} known people"),
        ("cameras", name_some(cameras, _NUM_CAMERAS) or "none"),
        ("centred", f"without the means of {centred}" if centred else "no (`dgnet gallery centre`)"),
        ("times", times),
        ("model", f"{meta.model_name} (hash {meta.model_hash[:12]})"),
        ("features", f"{meta.dim} numbers in {meta.precision}; {meta.preprocessing}"),
        ("thumbnails", "kept" if meta.thumbnails else "not kept"),
        ("index", "none: every search is exact" if index is None else index_text(index)),
    )
    return "\n".join(f"{name:<12}{value}" for name, value in facts)


def index_text(facts: IndexFacts) -> str:
    """What an index was built of, and the recall that was measured."""
    return (
        f"{facts.number:,} entries in {facts.num_lists} lists, {facts.num_probed} of them searched; recall@{RECALL_AT} "
        f"{facts.recall:.3f}, for 200 entries of the gallery as queries"
    )


def time_text(time: float | None) -> str:
    """A date and time where the seconds can be one, else the seconds; a dash where it is unknown."""
    if time is None:
        return "-"
    try:
        return f"{datetime.fromtimestamp(time):%Y-%m-%d %H:%M:%S}" if time > _SINCE_1970 else f"{time:g} s"
    except (ValueError, OverflowError, OSError):
        return f"{time:g} s"
