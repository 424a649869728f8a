"""`dgnet gallery calibrate | mark | link`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dgnet.cli.gallery import gallery_parser
from dgnet.cli.parser import add_device, seed

CALIBRATE_HELP = """\
Measure, on people who are known, how similar images of one person and of two people are, and keep it in the gallery:
thresholds at false-accept rates, with intervals that hold for new people, and probabilities.

  dgnet gallery calibrate people.db --data market1501=DIR   the query and gallery images of a data set
  dgnet gallery calibrate demo.db --data mannequin          the bundled people
  dgnet gallery calibrate people.db                         the gallery's own entries of known identity
  dgnet gallery calibrate people.db --far 0.05 0.001        other false-accept rates

A rate is refused where there are fewer than 10 / rate pairs of different people, or fewer than 20 people; at least 20
people must be there twice (by two cameras, where cameras are known). Use people whom the model was not trained on, by
cameras like yours.

A probability depends on the share of all pairs that are of one person (the prior). Without --prior it is the share
among the people measured on; for a gallery of N people who are seen equally often, about 1 / N."""
LINK_HELP = """\
One person, one number: group the entries of a gallery into people, over cameras and tracks. It must be calibrated.

  dgnet gallery link people.db --out who.csv --html who.html
  dgnet gallery link people.db --out who.csv --overlap gate,yard --apart 5

Entries of one track by one camera stay together. Nobody is in two places at once: images by two cameras at one time are
two people, unless the cameras overlap; so are two tracks of one camera that are there at one time.

Columns of the table: person (1 has most entries), certainty (how probable, on average, a pair with the person's other
images is), id, source, camera, time, track, identity."""


def calibrate(arguments: Sequence[str]) -> None:
    """`dgnet gallery calibrate GALLERY`."""
    parser = gallery_parser("calibrate", CALIBRATE_HELP)
    parser.add_argument("--data", type=str, help="NAME=DIR, or mannequin (default: entries of known identity)")
    parser.add_argument("--far", type=float, nargs="+", default=[1e-2, 1e-3, 1e-4], help="false-accept rates")
    parser.add_argument("--prior", type=float, help="the share of all pairs that are of one person, such as 0.001")
    parser.add_argument("--marks", action="store_true", help="take the prior from pairs given to `dgnet gallery mark`")
    parser.add_argument(
        "--same_camera", action="store_true", help="count pairs of one person by one camera too; they are more alike"
    )
    parser.add_argument("--html", type=Path, help="the page (default: calibration.html, or calibration-2.html, ...)")
    parser.add_argument("--seed", type=seed, default=0, help="of drawing images where there are very many, and halves")
    parser.add_argument("--model", type=str, help="where the gallery's model lies now, if it was moved")
    add_device(parser)
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.galleries.calibrate import calibrate_gallery

    calibration, text, page = calibrate_gallery(
        found.GALLERY,
        found.data,
        fars=found.far,
        prior=found.prior,
        marks=found.marks,
        same_camera=found.same_camera,
        html=found.html,
        seed=found.seed,
        model=found.model,
        device=found.device,
    )
    own = f"; {len(calibration.cameras)} pairs of cameras have thresholds of their own" if calibration.cameras else ""
    print(f"{text}Prior: {calibration.prior:.3g}{own}\nPage: {page.resolve()}")


def mark(arguments: Sequence[str]) -> None:
    """`dgnet gallery mark GALLERY ID OTHER... right|wrong`."""
    parser = gallery_parser(
        "mark",
        "Say of entries that were found whether they show the person of another entry. Kept in the gallery; "
        "`dgnet gallery calibrate --marks` takes the prior from such pairs.",
    )
    parser.add_argument("ID", type=str, help="an entry, as `dgnet search` shows it")
    parser.add_argument("--right", type=str, nargs="+", default=[], metavar="ID", help="show the same person")
    parser.add_argument("--wrong", type=str, nargs="+", default=[], metavar="ID", help="show other people")
    found = parser.parse_args(list(arguments))
    if not found.right and not found.wrong:
        parser.error("say which entries are --right or --wrong")

    from dgnet.gallery.calibration.marks import Mark, add_marks
    from dgnet.gallery.stores.choice import open_store

    store = open_store(found.GALLERY)
    marks = [Mark(found.ID, other, same) for same in (True, False) for other in (found.right if same else found.wrong)]
    print(f"Marked: {len(marks)} pairs; {add_marks(store, marks)} in all")
    store.close()


def link(arguments: Sequence[str]) -> None:
    """`dgnet gallery link GALLERY --out who.csv`."""
    parser = gallery_parser("link", LINK_HELP)
    parser.add_argument("--out", type=Path, required=True, help="the table, a .csv")
    parser.add_argument("--html", type=Path, help="write a page with a row of pictures per person too")
    parser.add_argument(
        "--overlap", type=str, nargs="+", default=[], metavar="CAMERA,CAMERA", help="cameras that see one place"
    )
    parser.add_argument(
        "--apart", type=float, default=0.0, help="seconds that the way between two cameras takes at least"
    )
    parser.add_argument(
        "--frames", action="store_true", help="times are of single frames: two images of one are two people"
    )
    parser.add_argument("--camera", type=str, nargs="+", help="link only entries of these cameras")
    parser.add_argument("--prior", type=float, help="the share of pairs that are of one person (default: estimated)")
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.galleries.who import link_gallery
    from dgnet.files.names import names_kept

    who = link_gallery(
        found.GALLERY,
        found.out,
        overlap=names_kept(found.overlap) or (),
        apart=found.apart,
        frames=found.frames,
        prior=found.prior,
        cameras=names_kept(found.camera),
        html=found.html,
    )
    print(f"People: {who.links.num_people} in {who.num_entries} entries (prior {who.links.prior:.3g})")
    if who.ours and who.plain:
        for what, one in (
            ("", who.ours),
            (f" by plain thresholding (best at {who.plain_far:g} false accepts)", who.plain),
        ):
            print(
                f"Against known identities{what}: F1 {one.f1:.3f}, precision {one.precision:.3f}, "
                f"recall {one.recall:.3f}"
            )
    print(f"Table: {found.out.resolve()}")
    if found.html:
        print(f"Page: {found.html.resolve()}")
