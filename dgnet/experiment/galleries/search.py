"""Searching a gallery for the pictures that a command names, and showing what was found."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dgnet.data.records import DataError
from dgnet.experiment.galleries.gallery import Gallery
from dgnet.experiment.galleries.show import answers_json, answers_text, time_text, why_nobody
from dgnet.experiment.galleries.sources import (
    BUNDLED_DATA,
    BUNDLED_IMAGES,
    OnBad,
    pictures_below,
    read_named,
)
from dgnet.experiment.galleries.times import seconds
from dgnet.files.outputs import check_output_file
from dgnet.files.whole_file import write_text_whole
from dgnet.gallery.crops import Item, source_of
from dgnet.gallery.searching import Answer
from dgnet.gallery.stores.protocol import Filter
from dgnet.report.people import Found, Thumbnail, people_page

BUNDLED_QUERY = BUNDLED_IMAGES  # pictures of NUM_BUNDLED bundled people; a file of that name is given as ./bundled
NUM_BUNDLED = 3


@dataclass(frozen=True)
class Request:
    """The options of `dgnet search`; times are text as the user wrote it."""

    gallery: str
    queries: tuple[str, ...]
    top: int = 10
    cameras: tuple[str, ...] | None = None
    not_cameras: tuple[str, ...] | None = None
    from_camera: str = ""
    after: str | None = None
    before: str | None = None
    known: bool | None = None
    threshold: float | None = None
    far: float | None = None
    together: bool = False
    rerank: bool = False
    as_json: bool = False
    html: Path | None = None
    model: str | None = None
    device: str = "auto"
    engine: str = "auto"


def search(request: Request, on_bad: OnBad | None = None) -> str:
    """What was found, as text; `on_bad` is told what looks like a picture in a query's folder and cannot be read.

    Raises DgnetError.
    """
    people = [shots for query in request.queries for shots in _people_of(query, on_bad)]
    if request.html:
        check_output_file(request.html, "--html", suffixes=(".html", ".htm"), inputs=[p for one in people for p in one])
    only = Filter(
        cameras=request.cameras,
        not_cameras=request.not_cameras,
        after=None if request.after is None else seconds(request.after, "--after"),
        before=None if request.before is None else seconds(request.before, "--before"),
        known=request.known,
    )
    with Gallery.open(request.gallery, request.model, device=request.device, engine=request.engine) as gallery:
        gallery.means.check_camera(request.from_camera, f"--from_camera: {gallery.store.address}")
        answers = gallery.search(
            people,
            top=request.top,
            only=only,
            camera=request.from_camera,
            together=request.together,
            rerank=request.rerank,
            threshold=request.threshold,
            far=request.far,
        )
        if request.html:
            write_text_whole(request.html, _page(gallery, answers, people))
    return answers_json(answers) if request.as_json else answers_text(answers)


def _people_of(query: str, on_bad: OnBad | None) -> list[list[str]]:
    """The people that a QUERY stands for, each by the paths of the person's pictures."""
    if query == BUNDLED_QUERY:
        first = {record.pid: record.path for record in reversed(read_named(BUNDLED_DATA).query)}
        return [[first[pid]] for pid in sorted(first)[:NUM_BUNDLED]]
    if not os.path.exists(query):
        raise DataError(f"{query}: no such picture or folder; give a picture of the person, or {BUNDLED_QUERY}")
    return [pictures_below(query, on_bad)]


def _page(gallery: Gallery, answers: list[Answer], people: list[list[str]]) -> str:
    path_of = {source_of(Item(path)): path for shots in people for path in shots}  # a name may be escaped
    ids = sorted({match.entry.id for answer in answers for match in answer.matches})
    small = gallery.store.thumbnails(ids)
    shown = []
    for answer in answers:
        matches = [
            Thumbnail(
                picture=small.get(match.entry.id, b""),
                title=match.entry.source,
                lines=(
                    f"{match.rank}. similarity {match.similarity:.3f}",
                    f"camera {match.entry.camera or 'unknown'}",
                    *([] if match.entry.time is None else [time_text(match.entry.time)]),
                    *([match.entry.identity] if match.entry.identity else []),
                    *([] if match.probability is None else [f"probability {match.probability:.2f}"]),
                ),
            )
            for match in answer.matches
        ]
        queries = [Thumbnail(gallery.thumbnail_of(path_of[name]), name, ("query",)) for name in answer.query]
        shown.append(Found(queries, matches, why_nobody(answer) if answer.nobody else ""))
    facts = (
        ("Gallery", gallery.store.address),
        ("Model", gallery.store.meta.model_name),
        ("Entries", f"{len(gallery)}"),
    )
    return people_page("Who was found", facts, shown)
