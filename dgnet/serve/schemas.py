"""What the API's answers look like; /openapi.json is made of these."""

from __future__ import annotations

import os
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from dgnet.gallery.searching import Match
from dgnet.gallery.stores.protocol import Entry


class Said(BaseModel):
    """Why a request was refused: a word for programs, a sentence for people."""

    code: str
    message: str


class Failure(BaseModel):
    """Every answer that is no success."""

    error: Said


class Refused(BaseModel):
    """A picture that was left out, by the name it was sent with, and why."""

    name: str
    message: str


class Person(BaseModel):
    """An entry of the gallery. `time` is in seconds (since 1970 where dates were given); null is unknown."""

    id: str
    identity: str | None
    camera: str | None
    time: float | None
    track: str | None
    source: str
    picture: str | None = Field(description="where its small picture is; null where only features are kept")


class Result(Person):
    """An entry that was found. `similarity` is a cosine, -1 to 1; `probability` is null where not calibrated."""

    rank: int
    similarity: float
    probability: float | None
    marked: bool | None = Field(description="whether it was marked as right or wrong for this query; null: not")


class Found(BaseModel):
    """Best first. `query` can be given back, to search again or to mark."""

    query: str
    results: list[Result]
    nobody: bool
    best: float | None = Field(description="similarity of the nearest entry, above the threshold or not")
    threshold: float | None
    calibrated: bool
    refused: list[Refused]


class Features(BaseModel):
    """One feature of length 1 per picture, in order; null where the picture was refused."""

    features: list[list[float] | None]
    dim: int
    refused: list[Refused]


class Compared(BaseModel):
    """Whether two pictures show one person; null where the gallery is not calibrated."""

    similarity: float
    probability: float | None
    same: bool | None
    threshold: float | None
    far: float | None


class People(BaseModel):
    """A page of the list of entries."""

    total: int
    entries: list[Person]


class Added(BaseModel):
    """What became of the pictures: new entries, entries that were there already, pictures left out."""

    added: list[Person]
    known: list[Person]
    refused: list[Refused]
    strangers: list[str] = Field(
        description="cameras of new entries that a centred gallery knows no means of: only that of all is taken away"
    )


class Identity(BaseModel):
    """Who it is; null: unknown."""

    model_config = ConfigDict(extra="forbid")

    identity: str | None = Field(max_length=200)


class Marked(BaseModel):
    """Whether an entry shows the person of a search (`query`) or of another entry (`query_entry`)."""

    model_config = ConfigDict(extra="forbid")

    entry: str = Field(max_length=64)
    right: bool | None = Field(description="null takes the mark back")
    query: str | None = Field(None, max_length=100_000)
    query_entry: str | None = Field(None, max_length=64)


class Marks(BaseModel):
    """How many marked pairs the gallery keeps."""

    num_marks: int


class Swapped(BaseModel):
    """pictures[i][j]: clothes of person i on the body of person j; PNG in base64, as is everyone in `people`."""

    height: int
    width: int
    people: list[str]
    pictures: list[list[str]]


class Interpolated(BaseModel):
    """PNGs in base64, from the first person's code to the second's."""

    height: int
    width: int
    pictures: list[str]


class ModelInfo(BaseModel):
    name: str
    height: int
    width: int
    dim: int
    generates: bool


class GalleryInfo(BaseModel):
    name: str
    num_entries: int
    num_identities: int
    cameras: dict[str, int] = Field(description="entries per camera; the empty name: unknown")
    centred: list[str] = Field(description="the cameras whose means were taken away; none: it is not centred")
    earliest: float | None
    latest: float | None
    calibrated: bool
    fars: list[float] = Field(description="false-accept rates that there is a threshold for")
    far: float | None = Field(description="the one that comparing takes where none is given")
    writable: bool
    temporary: bool = Field(description="a copy of the bundled people, which goes when the service ends")


class LimitsInfo(BaseModel):
    images: int
    bytes: int
    pixels: int
    top: int
    people: int
    steps: int


class ServiceInfo(BaseModel):
    version: str
    model: ModelInfo
    gallery: GalleryInfo
    limits: LimitsInfo
    token_required: bool


def known(text: str) -> str | None:
    """The gallery's empty text for what is not known, as null."""
    return text or None


def person(entry: Entry, *, pictures: bool) -> Person:
    """An entry as the API gives it."""
    return Person(**_fields(entry, pictures=pictures))


def result(match: Match, rank: int, marked: bool | None, *, pictures: bool) -> Result:
    """An entry that was found, as the API gives it."""
    return Result(
        **_fields(match.entry, pictures=pictures),
        rank=rank,
        similarity=match.similarity,
        probability=match.probability,
        marked=marked,
    )


def _fields(entry: Entry, *, pictures: bool) -> dict[str, Any]:
    return {
        "id": entry.id,
        "identity": known(entry.identity),
        "camera": known(entry.camera),
        "time": entry.time,
        "track": known(entry.track),
        "source": entry.source.rpartition(os.sep)[2],  # the rest is a path of the service's machine
        "picture": f"/v1/entries/{entry.id}/picture" if pictures else None,
    }
