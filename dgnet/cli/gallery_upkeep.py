"""`dgnet gallery info | verify | rebuild | centre | export | index`: what is done with a gallery as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dgnet.cli.gallery import add_model_options, gallery_parser, loading, name_bad, report
from dgnet.cli.parser import add_device


def info(arguments: Sequence[str]) -> None:
    """`dgnet gallery info GALLERY`."""
    found = gallery_parser(
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
    found = gallery_parser(
        "verify", "Read a gallery through and name its faults. The exit status is 0 if there are none."
    ).parse_args(list(arguments))

    from dgnet.experiment.galleries.gallery import Gallery

    with Gallery.open(found.GALLERY) as gallery:
        faults = gallery.verify()
        print("\n".join(faults) if faults else f"{gallery.store.address}: {len(gallery)} entries, no fault found")
    raise SystemExit(1 if faults else 0)


def rebuild(arguments: Sequence[str]) -> None:
    """`dgnet gallery rebuild GALLERY --model M --out NEW`."""
    parser = gallery_parser(
        "rebuild",
        "Make a new gallery of the same entries with another model, from the pictures where they were added from."
        " The old gallery stays as it is. Pictures that are gone or have changed are named and left out. A command that"
        " was stopped goes on when it is run again.",
    )
    add_model_options(parser, None)
    parser.add_argument("--out", type=str, required=True, metavar="NEW", help="the new gallery")
    add_device(parser)
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.galleries.rebuild import rebuild as run

    report(run(found.GALLERY, found.out, found.model, loading(parser, found), on_bad=name_bad))
    print(f"Gallery: {found.out}")


def centre(arguments: Sequence[str]) -> None:
    """`dgnet gallery centre GALLERY --out NEW`."""
    parser = gallery_parser(
        "centre",
        "Make a new gallery of the same entries, without what all pictures of a camera share: its light, its"
        " background, its angle. The model that made the features need not be there. What is added later, and searched"
        " for with --from_camera, is moved likewise. The old gallery stays as it is. Needs two cameras or more, each"
        " of which has seen some dozens of people. Calibrate the new one again. A command that was stopped goes on when"
        " it is run again.",
    )
    parser.add_argument("--out", type=str, required=True, metavar="NEW", help="the new gallery")
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.galleries.centre import centre as run

    num_new, means = run(found.GALLERY, found.out)
    print(f"Gallery: {found.out}, {num_new} entries without the means of {len(means.offsets)} cameras")


def export(arguments: Sequence[str]) -> None:
    """`dgnet gallery export GALLERY --out FILE`."""
    parser = gallery_parser(
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
    parser = gallery_parser(
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
