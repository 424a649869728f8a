"""`dgnet gallery create | add | remove | info | verify | rebuild | export | index`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from dgnet.cli.parser import HelpFormatter, Parser, add_device, parser_of

GALLERY_HELP = "people.db (a file), milvus://HOST:PORT/NAME or postgresql://USER@HOST:PORT/DATABASE"
CREATE_HELP = """\
Make a gallery, and add images to it at once if some are given.

  dgnet gallery create people.db                          empty, for features of the bundled model
  dgnet gallery create people.db crops/                   and every picture below crops/
  dgnet gallery create demo.db --data mannequin           the bundled people; nobody in them is real
  dgnet gallery create people.db --model runs/mine        or MODEL.onnx, or MODEL.xml (OpenVINO)

A gallery holds features of one model. It is searched with `dgnet search`."""
ADD_HELP = """\
Add pictures of people. The same picture is never there twice, so a command that was stopped can be run again: it goes
on where it was. Pictures that cannot be read are named, the rest is added, and the exit status is then 1.

  dgnet gallery add people.db crops/ --camera gate --time 2026-11-28T08:00
  dgnet gallery add people.db crops/ --pattern '(?P<identity>[0-9]+)_c(?P<camera>[0-9]+)'
  dgnet gallery add people.db --manifest seen.csv         columns path, and any of camera, time, identity, track
  dgnet gallery add people.db --data market1501=DIR       the gallery images of a data set, with who they are
  dgnet gallery add postgresql://USER@HOST/DB s3://bucket/crops --ray auto    on a cluster (docs/cluster.md)"""
REMOVE_HELP = """\
Remove entries that pass every condition given, with their features and thumbnails. Their bytes are overwritten.

  dgnet gallery remove people.db --identity 'Jane Doe'
  dgnet gallery remove people.db --before 2026-11-01      entries without a time stay"""


def create(arguments: Sequence[str]) -> None:
    """`dgnet gallery create GALLERY [IMAGES...]`."""
    parser = _parser("create", CREATE_HELP)
    parser.add_argument(
        "--model", type=str, default="bundled", help="a run, a model's file, FILE.onnx, FILE.xml (OpenVINO) or bundled"
    )
    parser.add_argument("--part", type=str, default="", help="which of the model's features (default: its first)")
    parser.add_argument("--size", type=str, default="", help="HEIGHTxWIDTH, for an ONNX file that leaves it open")
    parser.add_argument("--precision", choices=("float16", "float32"), default="float16", help="of the features kept")
    parser.add_argument("--thumbnails", choices=("yes", "no"), default="yes", help="keep small pictures too")
    _add_sources(parser)
    add_device(parser)
    found = parser.parse_args(list(arguments))

    from dgnet.cli.parser import read_size
    from dgnet.experiment.galleries.gallery import Gallery

    items = _items(found)  # read first, so that a wrong path leaves no gallery behind
    gallery = Gallery.create(
        found.GALLERY,
        found.model,
        part=found.part,
        precision=found.precision,
        thumbnails=found.thumbnails == "yes",
        device=found.device,
        size=read_size(parser, found.size) if found.size else None,
    )
    with gallery:
        print(f"Gallery: {gallery.store.address}, features of {gallery.store.meta.model_name}")
        if items:
            _add(gallery, items)


def add(arguments: Sequence[str]) -> None:
    """`dgnet gallery add GALLERY IMAGES...`."""
    parser = _parser("add", ADD_HELP)
    parser.add_argument("--model", type=str, help="where the gallery's model lies now, if it was moved")
    _add_sources(parser)
    add_device(parser)
    parser.add_argument("--ray", type=str, default="", metavar="CLUSTER", help="on a cluster: auto, local or HOST:PORT")
    parser.add_argument("--workers", type=int, help="with --ray: how many processes (default: one per GPU, or per CPU)")
    found = parser.parse_args(list(arguments))
    if found.ray:
        _add_on_cluster(found)
        return

    from dgnet.experiment.galleries.gallery import Gallery

    with Gallery.open(found.GALLERY, found.model, device=found.device) as gallery:
        items = _items(found)
        if not items:
            parser.error("no images: give pictures or folders of them, --manifest FILE or --data NAME=DIR")
        _add(gallery, items)


def remove(arguments: Sequence[str]) -> None:
    """`dgnet gallery remove GALLERY`."""
    parser = _parser("remove", REMOVE_HELP)
    for name, what in (
        ("id", "entries by id, as `dgnet search` shows them"),
        ("source", "by the path they were added from"),
        ("camera", "of these cameras"),
        ("identity", "of these people"),
    ):
        parser.add_argument(f"--{name}", type=str, nargs="+", help=what)
    parser.add_argument("--before", type=str, help="of earlier times: seconds, or a date and time")
    found = parser.parse_args(list(arguments))
    if all(found[name] is None for name in ("id", "source", "camera", "identity", "before")):
        parser.error("say which: --id, --source, --camera, --identity or --before")

    from dgnet.experiment.galleries.sources import seconds, source_names
    from dgnet.gallery.stores.choice import open_store
    from dgnet.gallery.stores.protocol import Filter

    given = {name: None if found[name] is None else tuple(found[name]) for name in ("id", "camera", "identity")}
    only = Filter(
        ids=given["id"],
        sources=None if found.source is None else source_names(found.source),
        cameras=given["camera"],
        identities=given["identity"],
        before=None if found.before is None else seconds(found.before, "--before"),
    )
    store = open_store(found.GALLERY)
    print(f"Removed: {store.remove(only)} entries; {store.count()} stay")
    store.close()


def info(arguments: Sequence[str]) -> None:
    """`dgnet gallery info GALLERY`."""
    found = _parser(
        "info", "What a gallery holds: entries, cameras, people, times, and which model made it."
    ).parse_args(list(arguments))

    from dgnet.experiment.galleries.gallery import Gallery
    from dgnet.experiment.galleries.show import info_text
    from dgnet.gallery.stores.sqlite.store import SqliteStore

    with Gallery.open(found.GALLERY) as gallery:
        store = gallery.store
        index_facts = store.index_facts() if isinstance(store, SqliteStore) else None
        print(info_text(store.address, gallery.info(), index_facts))


def verify(arguments: Sequence[str]) -> None:
    """`dgnet gallery verify GALLERY`."""
    found = _parser(
        "verify", "Read a gallery through and name its faults. The exit status is 0 if there are none."
    ).parse_args(list(arguments))

    from dgnet.experiment.galleries.gallery import Gallery

    with Gallery.open(found.GALLERY) as gallery:
        faults = gallery.verify()
        print("\n".join(faults) if faults else f"{gallery.store.address}: {len(gallery)} entries, no fault found")
    raise SystemExit(1 if faults else 0)


def rebuild(arguments: Sequence[str]) -> None:
    """`dgnet gallery rebuild GALLERY --model M --out NEW`."""
    parser = _parser(
        "rebuild",
        "Make a new gallery of the same entries with another model, from the pictures where they were added from."
        " The old gallery stays as it is. Pictures that are gone or have changed are named and left out.",
    )
    parser.add_argument("--model", type=str, required=True, help="the other model, as for `dgnet gallery create`")
    parser.add_argument("--out", type=str, required=True, metavar="NEW", help="the new gallery")
    add_device(parser)
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.galleries.rebuild import rebuild as run

    _report(run(found.GALLERY, found.out, found.model, device=found.device, on_bad=_name_bad))
    print(f"Gallery: {found.out}")


def export(arguments: Sequence[str]) -> None:
    """`dgnet gallery export GALLERY --out FILE`."""
    parser = _parser(
        "export",
        "Write features and everything known of the entries for other programs: arrays in one .npz, or a .parquet table"
        " with one row per entry. Columns: id, content_hash, source, camera, time, identity, track, feature.",
    )
    parser.add_argument("--out", type=Path, required=True, help="a new .npz or .parquet")
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.galleries.export import export as run
    from dgnet.gallery.stores.choice import open_store

    store = open_store(found.GALLERY)
    print(f"Exported: {run(store, found.out)} entries to {found.out.resolve()}")
    store.close()


def index(arguments: Sequence[str]) -> None:
    """`dgnet gallery index GALLERY`."""
    parser = _parser(
        "index",
        "Build an approximate index beside a large gallery's file (GALLERY.faiss), so that searches without filter need"
        ' not look at every entry. Needs `pip install "dgnet[faiss]"`. The share of the 50 most similar entries that it'
        " finds is measured and printed. It is built of the gallery alone: remove the file and search is exact again;"
        " removing entries removes it.",
    )
    parser.add_argument("--recall", type=float, default=0.98, help="the least share that it is to find")
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.galleries.show import index_text
    from dgnet.gallery.stores.choice import open_file_store

    store = open_file_store(found.GALLERY)
    print(f"Index: {index_text(store.build_index(found.recall))}")
    store.close()


def _parser(name: str, description: str) -> Parser:
    parser = parser_of(f"gallery {name}", description, formatter_class=HelpFormatter)
    parser.add_argument("GALLERY", type=str, help=GALLERY_HELP)
    return parser


def _add_sources(parser: Parser) -> None:
    parser.add_argument("IMAGES", type=str, nargs="*", help="pictures, or folders or URLs of them, read at any depth")
    parser.add_argument(
        "--pattern", type=str, help="a regular expression over each path; groups identity, camera, time, track"
    )
    parser.add_argument("--manifest", type=Path, help="a .csv or .parquet; paths are relative to it")
    parser.add_argument("--data", type=str, help="NAME=DIR, a data set's gallery images; or mannequin, the bundled one")
    parser.add_argument("--camera", type=str, default="", help="of all images, unless a name or a table says another")
    parser.add_argument("--time", type=str, default="", help="of all images: seconds, or a date and time")
    parser.add_argument("--identity", type=str, default="", help="of all images: who it is")


def _items(found: object) -> list:
    from dgnet.experiment.galleries.sources import Common, gather

    common = Common(camera=found.camera, time=found.time, identity=found.identity)  # type: ignore[attr-defined]
    return gather(found.IMAGES, found.pattern, found.manifest, found.data, common)  # type: ignore[attr-defined]


def _add(gallery: object, items: list) -> None:
    _report(gallery.add(items, on_bad=_name_bad, progress=True))  # type: ignore[attr-defined]


def _add_on_cluster(found: object) -> None:
    from dgnet.experiment.galleries.cluster import add_on_cluster

    cluster, workers, device = found.ray, found.workers, found.device  # type: ignore[attr-defined]
    address, model = found.GALLERY, found.model  # type: ignore[attr-defined]
    items = _items(found)
    _report(add_on_cluster(address, items, model, cluster=cluster, workers=workers, device=device, on_bad=_name_bad))


def _name_bad(source: str, reason: str) -> None:
    from tqdm import tqdm

    from dgnet.gallery.crops import printable

    tqdm.write(f"left out: {printable(source)}: {reason}", file=sys.stderr)


def _report(added: object) -> None:
    bad = len(added.bad)  # type: ignore[attr-defined]
    there = f", {added.num_there} were there already" if added.num_there else ""  # type: ignore[attr-defined]
    print(f"Added: {added.num_new}{there}{f', {bad} left out (named above)' if bad else ''}")  # type: ignore[attr-defined]
    if bad:
        raise SystemExit(1)
