"""`dgnet bench step | data | evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from dgnet.cli.parser import Parser, add_device, count, parser_of
from dgnet.config import Precision, preset


def bench_parser(name: str, description: str, default: str = "market1501") -> Parser:
    """A parser with the arguments that the three benchmarks have in common."""
    parser = parser_of(f"bench {name}", description)
    parser.add_argument("PRESET", nargs="?", default=default, help="as for `dgnet train`")
    add_device(parser)
    return parser


def bench_step(arguments: Sequence[str]) -> None:
    """`dgnet bench step`."""
    parser = bench_parser("step", "Time a training step on this machine, phase by phase. No data is needed.")
    parser.add_argument(
        "--precision",
        type=Literal["auto", "fp32", "bf16"],
        default="auto",
        help="of the arithmetic; auto: bf16 if the device has it",
    )
    parser.add_argument("--steps", type=count, default=3, help="measured, after one to warm up")
    found = parser.parse_args(list(arguments))

    from dgnet.bench.step import bench_step as run
    from dgnet.models.device import computes_bf16, pick_device

    device = pick_device(found.device)
    auto: Precision = "bf16" if computes_bf16(device) else "fp32"
    precision = auto if found.precision == "auto" else found.precision
    print(run(preset(found.PRESET), device, precision, found.steps))


def bench_data(arguments: Sequence[str]) -> None:
    """`dgnet bench data`."""
    parser = bench_parser("data", "Time the batches that training would be fed on this machine.", "mannequin")
    parser.add_argument("--data.root", type=str, default="", help="folder of the data set")
    parser.add_argument("--data.cache", type=str, default="", help="where crops are stored")
    parser.add_argument("--batches", type=count, default=50, help="measured, after one to warm up")
    found = parser.parse_args(list(arguments))

    from dgnet.bench.data import bench_data as run
    from dgnet.models.device import pick_device

    config = preset(found.PRESET)
    config = replace(config, data=replace(config.data, root=found.data.root, cache=found.data.cache))
    print(run(config, pick_device(found.device), found.batches))


def bench_evaluate(arguments: Sequence[str]) -> None:
    """`dgnet bench evaluate`."""
    parser = bench_parser("evaluate", "Time features and ranking on this machine. No data is needed.")
    parser.add_argument("--images", type=count, default=256, help="to take features of")
    parser.add_argument(
        "--queries", type=count, default=3368, help="to rank the gallery for; the default is Market-1501's"
    )
    parser.add_argument("--gallery", type=count, default=15913, help="images to rank")
    found = parser.parse_args(list(arguments))

    from dgnet.bench.evaluate import bench_evaluate as run
    from dgnet.models.device import pick_device

    print(run(preset(found.PRESET), pick_device(found.device), found.images, found.queries, found.gallery))
