"""`dgnet gallery create | add | remove`, and what all commands of galleries share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jsonargparse import Namespace

from dgnet.cli.parser import HelpFormatter, Parser, add_device, add_engine, add_input, parser_of, read_size

if TYPE_CHECKING:
    from dgnet.experiment.galleries.embedder import Loading
    from dgnet.experiment.galleries.gallery import Gallery
    from dgnet.gallery.adding import Added
    from dgnet.gallery.crops import Item

Bad = list[tuple[str, str]]  # what was left out, and why
GALLERY_HELP = "people.db (a file), milvus://HOST:PORT/NAME or postgresql://USER@HOST:PORT/DATABASE"
CREATE_HELP = """\
Make a gallery, and add images to it at once if some are given.

  dgnet gallery create people.db                          empty, for features of the model that comes with dgnet
  dgnet gallery create people.db crops/ --model runs/mine
                                                          and every picture below crops/
  dgnet gallery create demo.db bundled                    the bundled people; nobody in them is real
  dgnet gallery create people.db --model runs/mine        or MODEL.onnx, or MODEL.xml (OpenVINO)

A gallery holds features of one model. It is searched with `dgnet search`."""
ADD_HELP = """\
Add pictures of people. The same picture is never there twice, so a command that was stopped can be run again: it goes
on where it was. What looks like a picture and cannot be read is named, the rest is added; the exit status is then 1.

  dgnet gallery add people.db crops/ --camera gate --time 2026-11-28T08:00
  dgnet gallery add people.db crops/ --pattern '(?P<identity>[0-9]+)_c(?P<camera>[0-9]+)'
  dgnet gallery add people.db --manifest seen.csv         columns path, and any of camera, time, identity, track
  dgnet gallery add people.db --data market1501=DIR       the gallery images of a data set, with who they are
  dgnet gallery add postgresql://USER@HOST/DB s3://bucket/crops --ray auto    on a cluster (docs/cluster.md)"""
REMOVE_HELP = """\
Remove entries that pass every condition given, with their features and thumbnails. Their bytes are overwritten.

  dgnet gallery remove people.db --identity 'Jane Doe'
  dgnet gallery remove people.db --before 2026-11-01      entries without a time stay"""
NO_IMAGES = "no images: give pictures or folders of them, --manifest FILE or --data NAME=DIR"


def create(arguments: Sequence[str]) -> None:
    """`dgnet gallery create GALLERY [IMAGES...]`."""
    parser = gallery_parser("create", CREATE_HELP)
    add_model_options(parser, "bundled")
    parser.add_argument("--precision", choices=("float16", "float32"), default="float16", help="of the features kept")
    parser.add_argument("--thumbnails", choices=("yes", "no"), default="yes", help="keep small pictures too")
    _add_sources(parser)
    add_device(parser)
    found = parser.parse_args(list(arguments))
    _refuse_unused(parser, found)

    from dgnet.experiment.galleries.gallery import Gallery

    items, bad = _items(found)  # read first, so that a wrong path leaves no gallery behind
    gallery = Gallery.create(
        found.GALLERY,
        found.model,
        loading(parser, found),
        precision=found.precision,
        thumbnails=found.thumbnails == "yes",
    )
    with gallery:
        print(f"Gallery: {gallery.store.address}, features of {gallery.store.meta.model_name}")
        if items:
            _add(gallery, items, bad)


def add(arguments: Sequence[str]) -> None:
    """`dgnet gallery add GALLERY IMAGES...`."""
    parser = gallery_parser("add", ADD_HELP)
    parser.add_argument("--model", type=str, help="where the gallery's model lies now, if it was moved")
    _add_sources(parser)
    add_device(parser)
    parser.add_argument("--ray", type=str, default="", metavar="CLUSTER", help="on a cluster: auto, local or HOST:PORT")
    parser.add_argument("--workers", type=int, help="with --ray: how many processes (default: one per GPU, or per CPU)")
    found = parser.parse_args(list(arguments))
    parser.refuse_unused("workers", found.workers is not None, "--ray", found.ray)
    if not (found.IMAGES or found.manifest or found.data):
        parser.error(NO_IMAGES)
    _refuse_unused(parser, found)
    if found.ray:
        _add_on_cluster(found)
        return

    from dgnet.experiment.galleries.gallery import Gallery

    with Gallery.open(found.GALLERY, found.model, device=found.device) as gallery:
        items, bad = _items(found)
        _add(gallery, items, bad)


def remove(arguments: Sequence[str]) -> None:
    """`dgnet gallery remove GALLERY`."""
    parser = gallery_parser("remove", REMOVE_HELP)
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

    from dgnet.experiment.galleries.sources import source_names
    from dgnet.experiment.galleries.times import seconds
    from dgnet.files.names import names_kept, readable
    from dgnet.gallery.stores.choice import open_store
    from dgnet.gallery.stores.protocol import Filter

    only = Filter(
        ids=None if found.id is None else tuple(map(readable, found.id)),
        sources=None if found.source is None else source_names(found.source),
        cameras=names_kept(found.camera),
        identities=names_kept(found.identity),
        before=None if found.before is None else seconds(found.before, "--before"),
    )
    store = open_store(found.GALLERY)
    print(f"Removed: {store.remove(only)} entries; {store.count()} stay")
    store.close()


def add_model_options(parser: Parser, default: str | None) -> None:
    """Add the options that say which model makes the features; without a default, `--model` is required."""
    what = "a run, a model's file, FILE.onnx, FILE.xml (OpenVINO), bundled or bundled-small"
    parser.add_argument("--model", type=str, required=default is None, default=default, help=what)
    parser.add_argument("--part", type=str, default="", help="which of the model's features (default: its first)")
    parser.add_argument("--size", type=str, default="", help="HEIGHTxWIDTH, for a file that leaves it open")
    add_engine(parser)
    add_input(parser)


def loading(parser: Parser, found: Namespace) -> Loading:
    """How the options say that the model is to be loaded."""
    from dgnet.experiment.galleries.embedder import Loading

    size = read_size(parser, found.size) if found.size else None
    return Loading(found.device, found.part, size, found.engine, found.input)


def gallery_parser(name: str, description: str) -> Parser:
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


def _refuse_unused(parser: Parser, found: Namespace) -> None:
    """End with an error where options speak of images that were not given."""
    named = set(found.IMAGES) - {"bundled"}  # what the bundled pictures show is known without their names
    parser.refuse_unused("pattern", found.pattern is not None, "IMAGES", named)
    for option in ("camera", "time", "identity"):
        parser.refuse_unused(option, found[option], "images", found.IMAGES or found.manifest or found.data)


def _items(found: Namespace) -> tuple[list[Item], Bad]:
    """The images to add, and what lies among them and cannot be read, which is named."""
    from dgnet.experiment.galleries.sources import Common, gather

    common = Common(camera=found.camera, time=found.time, identity=found.identity)
    bad: Bad = []
    return gather(found.IMAGES, found.pattern, found.manifest, found.data, common, naming(bad)), bad


def _add(gallery: Gallery, items: list[Item], bad: Bad) -> None:
    report(gallery.add(items, on_bad=name_bad, progress=True), bad)


def _add_on_cluster(found: Namespace) -> None:
    from dgnet.experiment.galleries.cluster import add_on_cluster

    items, bad = _items(found)
    added = add_on_cluster(
        found.GALLERY,
        items,
        found.model,
        cluster=found.ray,
        workers=found.workers,
        device=found.device,
        on_bad=name_bad,
    )
    report(added, bad)


def name_bad(source: str, reason: str) -> None:
    from tqdm import tqdm

    from dgnet.files.names import printable

    tqdm.write(f"left out: {printable(source)}: {reason}", file=sys.stderr)


def naming(bad: Bad) -> Callable[[str, str], None]:
    """An `on_bad` that names what was left out, and adds it to `bad`."""

    def told(source: str, reason: str) -> None:
        name_bad(source, reason)
        bad.append((source, reason))

    return told


def report(added: Added, before: Sequence[tuple[str, str]] = ()) -> None:
    """Say what was added; `before` was left out before anything was read. Raises SystemExit where anything was."""
    bad = len(added.bad) + len(before)
    there = f", {added.num_there} were there already" if added.num_there else ""
    print(f"Added: {added.num_new}{there}{f', {bad} left out (named above)' if bad else ''}")
    if bad:
        raise SystemExit(1)
