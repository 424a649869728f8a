"""`dgnet data verify | prepare | mannequin`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dgnet.cli.parser import HelpFormatter, add_also, as_plain, parser_of, read_size, seed
from dgnet.config import DataConfig, flatten, from_dict, preset, to_dict


def data_verify(arguments: Sequence[str]) -> None:
    """`dgnet data verify ROOT`."""
    parser = parser_of(
        "data verify",
        "Find out which data set a folder holds, count it beside the published counts, and read every file."
        " The exit status is 0 if training may start.",
    )
    parser.add_argument("ROOT", type=Path, help="folder (or manifest file) of the data set")
    parser.add_argument("--name", type=str, default="auto", help="the data set, if it should not be guessed")
    parser.add_argument("--pattern", type=str, default="", help="as --data.pattern of `dgnet train`")
    found = parser.parse_args(list(arguments))

    from dgnet.data.verify import verify

    verification = verify(found.ROOT, found.name, pattern=found.pattern or None)
    print(verification.table())
    raise SystemExit(0 if verification.ok else 1)


def data_prepare(arguments: Sequence[str]) -> None:
    """`dgnet data prepare PRESET`."""
    parser = parser_of(
        "data prepare",
        "Decode and resize every image once, into the store that training reads (training does it too).",
    )
    asked_for_help = not arguments or arguments[0].startswith("-")
    config = preset("mannequin" if asked_for_help else arguments[0])
    parser.add_argument("PRESET", help="as for `dgnet train`; comes first; it decides the size")
    add_also(parser, "as for `dgnet train`")
    parser.add_class_arguments(DataConfig, "data")
    parser.set_defaults(flatten({"data": to_dict(config)["data"]}))
    found = parser.parse_args(list(arguments))
    settings = as_plain(found, leave_out=set())["data"]

    from dgnet.experiment.data import open_data

    data = open_data(replace(config, data=from_dict(settings, DataConfig, "data.")))
    for split in ("train", "query", "gallery"):
        crops = getattr(data, split)
        print(f"{split}: {len(crops)} images of {crops.size[0]} x {crops.size[1]} in {crops.path}")
    if data.synthetic:
        print(f"synthetic: {len(data.synthetic.crops)} images in {data.synthetic.crops.path}")


def data_mannequin(arguments: Sequence[str]) -> None:
    """`dgnet data mannequin`."""
    parser = parser_of(
        "data mannequin",
        """Render a synthetic data set of pedestrians as a Market-1501 tree, with true swaps: for pairs of test images
(a, b), swap_targets.csv names the image of b's person, pose and place in a's clothes. No photograph is used.
Needs `pip install "dgnet[mannequin]"`.

Two editions:
  cameras   few clothes, six cameras that never change: to try things out and to measure swaps
  wild      everything varies (clothes, bodies, bags, cameras, light, backdrops, crops): to train for real people

  dgnet data mannequin --edition wild --ids 2000 --size 128x64 --seed 1 --workers 8 --out people
  dgnet train mannequin --data.root people

DIR appears when it is complete. Stopped or killed, the same command goes on where it was, with any number of
workers: each image depends on the seed alone.""",
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new or empty folder")
    parser.add_argument("--edition", type=str, default="cameras", help="cameras or wild, see above")
    parser.add_argument(
        "--ids", type=int, default=200, help="identities; a quarter (in wild, at most 200) are for testing"
    )
    parser.add_argument("--size", type=str, default="128x64", help="HEIGHTxWIDTH in pixels")
    parser.add_argument(
        "--per_camera",
        type=int,
        default=3,
        help="images of a person by each camera, 2 or more; a person passes five cameras (in wild, three to six)",
    )
    parser.add_argument(
        "--train_swaps",
        type=int,
        default=0,
        metavar="N",
        help="true swaps of training images, which `loss.true_swap` learns from",
    )
    parser.add_argument("--seed", type=seed, default=0, help="other seeds give other people")
    parser.add_argument("--workers", type=int, default=2, help="processes; they change no image")
    found = parser.parse_args(list(arguments))

    from dgnet.mannequin.editions.edition import EditionError
    from dgnet.mannequin.editions.spec import EditionSpec
    from dgnet.mannequin.editions.write import write_edition

    size = read_size(parser, found.size)
    test_ids = min(found.ids // 4, 200) if found.edition == "wild" else found.ids // 4
    try:
        spec = EditionSpec(
            edition=found.edition,
            num_train_ids=found.ids - test_ids,
            num_test_ids=test_ids,
            images_per_camera=found.per_camera,
            num_train_swaps=found.train_swaps,
            size=size,
            seed=found.seed,
        )
    except EditionError as error:
        if found.ids >= 8:
            raise
        raise EditionError(
            f"--ids {found.ids}: {error}; a quarter of them are for testing, so give 8 or more"
        ) from error
    print(f"Data set: {write_edition(found.out, spec, workers=found.workers).resolve()}")
