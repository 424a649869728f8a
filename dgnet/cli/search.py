"""`dgnet search GALLERY QUERY...`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dgnet.cli.gallery import Bad, naming
from dgnet.cli.parser import HelpFormatter, add_device, add_engine, count, parser_of

SEARCH_HELP = """\
Find people in a gallery. Each QUERY is a picture of a person, or a folder of pictures of one person.

  dgnet search people.db photo.jpg                        the ten most similar entries
  dgnet search people.db a.jpg b.jpg --together           both show the same person
  dgnet search people.db photo.jpg --not_camera gate --after 2026-11-28T08:00 --html found.html
  dgnet search demo.db bundled                            three of the bundled people

What looks like a picture in a folder and cannot be read is named, and the exit status is then 1.
Filters come first, then the most similar of what passes. Similarity is the cosine of two features, -1 to 1."""


def search(arguments: Sequence[str]) -> None:
    """`dgnet search GALLERY QUERY...`."""
    parser = parser_of("search", SEARCH_HELP, formatter_class=HelpFormatter)
    parser.add_argument("GALLERY", type=str, help="as made by `dgnet gallery create`")
    parser.add_argument("QUERY", type=str, nargs="+", help="a picture, a folder of one person's pictures, or bundled")
    parser.add_argument("--top", type=count, default=10, help="entries to show per person, at most")
    parser.add_argument("--camera", type=str, nargs="+", help="find only entries of these cameras")
    parser.add_argument("--not_camera", type=str, nargs="+", help="and none of these")
    parser.add_argument("--from_camera", type=str, default="", help="which camera took QUERY, for a centred gallery")
    parser.add_argument("--after", type=str, help="only at this time or later: seconds, or a date and time")
    parser.add_argument("--before", type=str, help="only earlier than this")
    parser.add_argument("--known", choices=("yes", "no"), help="only entries of known identity, or only the others")
    parser.add_argument("--threshold", type=float, help="the least similarity; below it, nobody is here")
    parser.add_argument("--far", type=float, help="or the threshold at this false-accept rate, if calibrated for it")
    parser.add_argument("--together", action="store_true", help="all pictures show one person")
    parser.add_argument("--rerank", action="store_true", help="order the 200 most similar by k-reciprocal re-ranking")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--html", type=Path, help="write a page with thumbnails too")
    parser.add_argument("--model", type=str, help="where the gallery's model lies now, if it was moved")
    add_device(parser)
    add_engine(parser)
    found = parser.parse_args(list(arguments))
    if found.far is not None and found.threshold is not None:
        parser.error("--far: gives a threshold too; leave out --far or --threshold")

    from dgnet.experiment.galleries.search import Request
    from dgnet.experiment.galleries.search import search as run
    from dgnet.files.names import name_kept, names_kept

    bad: Bad = []
    print(
        run(
            Request(
                gallery=found.GALLERY,
                queries=tuple(found.QUERY),
                top=found.top,
                cameras=names_kept(found.camera),
                not_cameras=names_kept(found.not_camera),
                from_camera=name_kept(found.from_camera),
                after=found.after,
                before=found.before,
                known=None if found.known is None else found.known == "yes",
                threshold=found.threshold,
                far=found.far,
                together=found.together,
                rerank=found.rerank,
                as_json=found.json,
                html=found.html,
                model=found.model,
                device=found.device,
                engine=found.engine,
            ),
            naming(bad),
        )
    )
    if bad:
        raise SystemExit(1)
