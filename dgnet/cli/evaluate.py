"""`dgnet evaluate` and `dgnet compare`: figures of one or several models, and pages that show them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dgnet.cli.parser import HelpFormatter, add_device, add_engine, add_input, parser_of, read_size

EVALUATE_HELP = """\
Measure a run, a model, another model's ONNX file, or features that any model made, and write a report.

  dgnet evaluate RUN                                  a run on its own data
  dgnet evaluate RUN --data.name market1501 --data.root DIR
                                                      on another data set (direct transfer)
  dgnet evaluate RUN --to market1501=DIR msmt17=DIR   on several, one table with one row per data set
  dgnet evaluate bundled                              the model that dgnet brings; or any model file of dgnet's
  dgnet evaluate bundled --data.root DIR --query first --also_baselines
                                                      on any labelled folder, all of whose people are the test, beside
                                                      features that nobody trained for re-id
  dgnet evaluate MODEL.onnx --data.root DIR           images N x 3 x H x W in, named features out
  dgnet evaluate MODEL.xml --input bgr-u8 --data.root DIR
                                                      the same of an OpenVINO file
  dgnet evaluate QUERY.npz GALLERY.npz                features, pids and, where known, camids; or .parquet"""


def evaluate(arguments: Sequence[str]) -> None:
    """`dgnet evaluate WHAT...`."""
    parser = parser_of("evaluate", EVALUATE_HELP, formatter_class=HelpFormatter)
    parser.add_argument(
        "WHAT",
        type=str,
        nargs="+",
        help="a run, a model file, bundled, bundled-small, an .onnx or .xml file, or two feature files",
    )
    parser.add_argument("--data.name", type=str, default="", help="another data set (direct transfer): its reader")
    parser.add_argument("--data.root", type=str, default="", help="where the data lies, if not where it was")
    parser.add_argument(
        "--data.pattern",
        type=str,
        default="",
        metavar="REGEX",
        help="for --data.root: finds (?P<pid>...) and (?P<camid>...) in paths, where folders do not name identities",
    )
    parser.add_argument("--to", type=str, nargs="+", default=[], help="data sets for direct transfer, NAME=DIR each")
    parser.add_argument(
        "--query",
        choices=("own", "first"),
        default="own",
        help="first: every identity's first image by each camera is a query, all other images are the gallery, "
        "whatever splits the folder has (default: the data set's own)",
    )
    parser.add_argument(
        "--also_baselines",
        action="store_true",
        help="rows for a colour histogram and for MobileNetV2 with ImageNet weights as they are, of 128x64 images",
    )
    parser.add_argument("--rerank", action="store_true", help="k-reciprocal re-ranking too")
    parser.add_argument("--k1", type=int, help="neighbours of re-ranking (default: 20)")
    parser.add_argument("--k2", type=int, help="neighbours whose encodings re-ranking averages (default: 6)")
    parser.add_argument("--lambda", type=float, help="weight of the plain distance in re-ranking (default: 0.3)")
    parser.add_argument("--expand", type=int, default=0, help="query expansion by so many nearest images too")
    parser.add_argument("--multi_query", action="store_true", help="multi-query too, where the data set has it")
    parser.add_argument(
        "--camera_means",
        action="store_true",
        help="rows of features without the mean of their camera's gallery images too: for cameras that the network"
        " never saw",
    )
    parser.add_argument(
        "--denominator",
        choices=("valid", "all"),
        default="valid",
        help="means over the queries with a true match, or over all",
    )
    parser.add_argument(
        "--same_camera",
        action="store_true",
        help="keep images of the query's person by the query's own camera, as where all come from one camera",
    )
    parser.add_argument(
        "--inception",
        type=Path,
        metavar="WEIGHTS|download",
        help="FID and KID of swaps by the weights pt_inception-2015-12-05, a file; or fetch them (95 MB) once",
    )
    parser.add_argument("--lpips", action="store_true", help="diversity of swaps by LPIPS too")
    parser.add_argument("--size", type=str, default="", help="HEIGHTxWIDTH, for an ONNX file that leaves it open")
    add_engine(parser)
    add_input(parser)
    parser.add_argument(
        "--out", type=Path, help="where the report goes (default: in the run's folder or runs/evaluation)"
    )
    add_device(parser)
    found = parser.parse_args(list(arguments))
    size = read_size(parser, found.size) if found.size else None

    from dgnet.experiment.evaluate import Request
    from dgnet.experiment.evaluate import evaluate as run
    from dgnet.experiment.evaluation.run import Measures
    from dgnet.retrieval.protocol import Protocol

    numbers = {"k1": found.k1, "k2": found.k2, "lambda_": found["lambda"]}
    given = {name: value for name, value in numbers.items() if value is not None}
    if given and not found.rerank:
        parser.error(f"--{next(iter(given)).rstrip('_')}: belongs to re-ranking; give --rerank too")
    protocol = Protocol(
        rerank=found.rerank,
        expand=found.expand,
        multi_query=found.multi_query,
        camera_means=found.camera_means,
        denominator=found.denominator,
        same_camera=found.same_camera,
        queries=found.query,
        **given,
    )
    measures = Measures(protocol, found.inception, found.lpips, found.also_baselines)
    where, engine = (found.data.name, found.data.root, found.to), (found.engine, found.input)
    request = Request(*where, size, measures, found.device, found.out, *engine, found.data.pattern)
    published = run(found.WHAT, request)
    print(f"{published.text}Report: {published.page.resolve()}")


def compare(arguments: Sequence[str]) -> None:
    """`dgnet compare RUNS...`."""
    parser = parser_of(
        "compare",
        "Several finished runs on one page. Runs that differ in their seed alone are averaged.",
    )
    parser.add_argument("RUNS", type=Path, nargs="+", help="folders of runs")
    parser.add_argument("--out", type=Path, help="where the page goes (default: runs/comparison)")
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.compare import compare as run

    published = run(found.RUNS, found.out)
    print(f"{published.text}Report: {published.page.resolve()}")
