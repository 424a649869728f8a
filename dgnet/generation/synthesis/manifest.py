"""The table of a synthetic data set: one row per image, with who gave what, the scores and the provenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from dgnet.data.records import UNKNOWN_CAMERA
from dgnet.files.download import sha256_of
from dgnet.files.whole_file import written_whole
from dgnet.generation.synthesis.plan import Shard
from dgnet.generation.synthesis.recipe import IdentityRule, Recipe, Sources, SynthesisError
from dgnet.generation.synthesis.select import Selection
from dgnet.generation.synthesis.shards import Measured

Format = Literal["market1501", "imagefolder", "webdataset"]
Row = dict[str, object]
# The types of the columns, and of the parts of `soft_label`; the others are text.
WHOLES = frozenset(("pid", "camid", "clothes_id", "appearance_pid", "structure_pid", "identity_rank", "number", "seed"))
NUMBERS = frozenset(("changed", "identity_similarity", "realism", "weight"))
PER_TAR = 1000  # images


@dataclass(frozen=True)
class Origin:
    """What all images have in common: the model's hash, dgnet's version, and the licence of the sources."""

    model_sha256: str
    dgnet: str
    licence: str


def require_parquet() -> None:
    """Raise SynthesisError where Parquet cannot be written here."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise SynthesisError("the manifest is written as Parquet, which needs: pip install 'dgnet[parquet]'") from None


def rows_of(
    selection: Selection,
    shards: Sequence[Shard],
    measured: Sequence[Measured],
    sources: Sources,
    names: Sequence[str],
    recipe: Recipe,
    origin: Origin,
    layout: Format,
) -> list[Row]:
    """One row per chosen image, in the order of their numbers.

    Args:
        names: the sources' paths, as the table is to name them.
    """
    # Readers of names as Market-1501's want cameras above 0; that one is not known, the table says.
    first = int(any(record.camid == 0 for record in sources.records))
    digest_of = cache(lambda path: sha256_of(Path(path)))  # a source serves several images
    rows: list[Row] = []
    for place, (k, row) in enumerate(zip(selection.shard.tolist(), selection.row.tolist(), strict=True)):
        i, j = int(shards[k].i[row]), int(shards[k].j[row])
        giver, wearer = sources.records[i], sources.records[j]
        pid = wearer.pid if recipe.identity == "structure" else giver.pid
        camid = None if wearer.camid == UNKNOWN_CAMERA else wearer.camid
        found = measured[k]
        rows.append(
            {
                "path": _path(layout, place, pid, 1 if camid is None else camid + first),
                "pid": pid,
                "camid": camid,
                "split": "train",
                "clothes_id": giver.pid,
                "appearance": names[i],
                "appearance_pid": giver.pid,
                "appearance_sha256": digest_of(giver.path),
                "structure": names[j],
                "structure_pid": wearer.pid,
                "structure_sha256": digest_of(wearer.path),
                "soft_label": soft_label(giver.pid, wearer.pid, recipe.identity, recipe.share),
                "changed": float(found.changed[row]),
                "identity_similarity": _known(float(found.similarity[row])),
                "identity_rank": int(found.rank[row]) or None,
                "realism": _known(float(found.realism[row])),
                "number": int(shards[k].numbers[row]),
                "seed": recipe.seed,
                "model_sha256": origin.model_sha256,
                "dgnet": origin.dgnet,
                "source_licence": origin.licence,
            }
        )
    return rows


def soft_label(appearance_pid: int, structure_pid: int, rule: IdentityRule, share: float) -> list[dict[str, object]]:
    """How much of the identity each person has; the weights add up to 1."""
    match rule:
        case "appearance":
            parts = [(appearance_pid, 1.0)]
        case "structure":
            parts = [(structure_pid, 1.0)]
        case "both":
            parts = [(appearance_pid, share), (structure_pid, 1 - share)]
    return [{"pid": pid, "weight": weight} for pid, weight in parts]


def write_manifest(path: Path, rows: Sequence[Row]) -> None:
    """Write the table as Parquet."""
    import pyarrow as pa
    from pyarrow import parquet

    whole, text, number = pa.int64(), pa.string(), pa.float32()
    label = pa.list_(pa.struct([("pid", whole), ("weight", number)]))
    kinds = {
        name: label if name == "soft_label" else whole if name in WHOLES else number if name in NUMBERS else text
        for name in rows[0]
    }
    table = pa.Table.from_pylist(list(rows), schema=pa.schema(list(kinds.items())))
    with written_whole(path) as partial:
        parquet.write_table(table, partial)


def read_rows(path: Path) -> list[Row]:
    """The rows of a manifest. Raises SynthesisError where it cannot be read or is none of a synthetic data set."""
    require_parquet()
    import pyarrow
    from pyarrow import parquet

    try:
        rows: list[Row] = parquet.read_table(path).to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise SynthesisError(f"{path}: cannot be read as Parquet: {error}") from error
    missing = sorted({"path", "pid", "appearance", "structure", "model_sha256"} - set(rows[0] if rows else ()))
    if missing:
        raise SynthesisError(f"{path}: lacks {', '.join(missing)}; it is not the manifest of `dgnet generate dataset`")
    return rows


def _path(layout: Format, place: int, pid: int, camid: int) -> str:
    match layout:
        case "market1501":
            return f"bounding_box_train/{pid:04d}_c{camid}s1_{place:06d}_00.jpg"
        case "imagefolder":
            return f"train/{place:08d}.jpg"
        case "webdataset":
            return f"train-{place // PER_TAR:06d}.tar/{place:08d}.jpg"


def _known(value: float) -> float | None:
    return value if value == value else None
