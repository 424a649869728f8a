"""A synthetic data set described for programs, in the Croissant format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from dgnet.data.readers.synthetic import MANIFEST
from dgnet.files.download import sha256_of
from dgnet.generation.synthesis.manifest import NUMBERS, WHOLES, Format, Row

# The context of Croissant 1.0, with every term of it: readers warn of one that is not the whole.
OF_CROISSANT: Final = (
    "citeAs column equivalentProperty extract field fileObject fileProperty fileSet format includes isLiveDataset "
    "jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate separator source "
    "subField transform"
)
CONTEXT: Final[Mapping[str, object]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in OF_CROISSANT.split()},
}
FILES: Final[Mapping[Format, tuple[str, str]]] = {
    "market1501": ("image/jpeg", "bounding_box_train/*.jpg"),
    "imagefolder": ("image/jpeg", "train/*.jpg"),
    "webdataset": ("application/x-tar", "train-*.tar"),
}


def croissant(folder: Path, rows: Sequence[Row], layout: Format, about: Mapping[str, object]) -> dict[str, object]:
    """A description in the Croissant format (MLCommons, version 1.0) of the manifest and the images."""
    kind, pattern = FILES[layout]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": about["name"],
        "description": f"{len(rows)} synthetic images of people, drawn by dgnet from images of {about['sources']}.",
        "license": about["licence"],
        "version": about["dgnet"],
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": MANIFEST,
                "name": MANIFEST,
                "contentUrl": MANIFEST,
                "encodingFormat": "application/x-parquet",
                "sha256": sha256_of(folder / MANIFEST),
            },
            {"@type": "cr:FileSet", "@id": "files", "name": "files", "encodingFormat": kind, "includes": pattern},
        ],
        "recordSet": [
            {"@type": "cr:RecordSet", "@id": "images", "name": "images", "field": [_field(name) for name in rows[0]]}
        ],
    }


def _field(name: str) -> dict[str, object]:
    """A column of the manifest. Of `soft_label`, a list, the parts of its members are fields too."""
    field: dict[str, object] = {"@type": "cr:Field", "@id": f"images/{name}", "name": name}
    if name != "soft_label":
        return {**field, "dataType": _kind(name), "source": _column(name)}
    return {
        **field,
        "repeated": True,
        "subField": [
            {
                "@type": "cr:Field",
                "@id": f"images/{name}/{part}",
                "name": part,
                "dataType": _kind(part),
                "source": {**_column(name), "transform": {"jsonPath": part}},
            }
            for part in ("pid", "weight")
        ],
    }


def _kind(name: str) -> str:
    return "sc:Integer" if name in WHOLES else "sc:Float" if name in NUMBERS else "sc:Text"


def _column(name: str) -> dict[str, object]:
    return {"fileObject": {"@id": MANIFEST}, "extract": {"column": name}}
