"""`dgnet data verify | prepare | mannequin`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dgnet.cli.parser import add_also, as_plain, parser_of, read_size
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

    from dgnet.data.store.memory import keep_freed_memory
    from dgnet.experiment.data import open_data

    keep_freed_memory()
    data = open_data(replace(config, data=from_dict(settings, DataConfig, "data.")))
    for split in ("train", "query", "gallery"):
        crops = getattr(data, split)
        print(f"{split}: {len(crops)} images of {crops.size[0]} x {crops.size[1]} in {crops.path}")


def data_mannequin(arguments: Sequence[str]) -> None:
    """`dgnet data mannequin`."""
    from dgnet.mannequin.plan import EditionSpec

    parser = parser_of(
        "data mannequin",
        "Render a synthetic data set of pedestrians as a Market-1501 tree, with true swaps."
        ' Needs `pip install "dgnet[mannequin]"`.',
    )
    parser.add_argument("--out", type=Path, required=True, help="a new or empty folder")
    parser.add_argument("--ids", type=int, default=200, help="identities; a quarter are for testing")
    parser.add_argument("--size", type=str, default="128x64", help="HEIGHTxWIDTH in pixels")
    parser.add_argument(
        "--per_camera", type=int, default=3, help="images of a person by each of five cameras, 2 or more"
    )
    parser.add_argument("--seed", type=int, default=0, help="other seeds give other people")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    found = parser.parse_args(list(arguments))

    from dgnet.mannequin.edition import write_edition

    size = read_size(parser, found.size)
    test_ids = found.ids // 4
    spec = EditionSpec(
        num_train_ids=found.ids - test_ids,
        num_test_ids=test_ids,
        images_per_camera=found.per_camera,
        size=size,
        seed=found.seed,
    )
    print(f"Data set: {write_edition(found.out, spec, workers=found.workers).resolve()}")
