"""The command line: `dgnet train | evaluate | compare | swap | data | import | export | bench`.

Heavy imports happen inside the commands, so that `--help` is instant.
"""

from __future__ import annotations

import argparse
import difflib
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from jsonargparse import ArgumentParser, DefaultHelpFormatter, Namespace

from dgnet.config import DATA_PRESETS, MODIFIERS, DataConfig, RunConfig, flatten, from_dict, preset, to_dict

HELP = """\
dgnet recognises people across cameras and draws them, in one network.

  dgnet train PRESET          teacher, joint training, evaluation and report, in one go
  dgnet evaluate RUN          measure a run again, or on other data; or an ONNX file, or features of any model
  dgnet compare RUNS...       several runs on one page; seeds averaged
  dgnet swap RUN IMAGES...    everyone in everyone's clothes, as one picture
  dgnet data verify ROOT      what data set is this, and is it whole?
  dgnet data mannequin        render a synthetic data set of any size
  dgnet import official ...   convert the authors' released checkpoints
  dgnet export onnx RUN       the re-id features for other programs
  dgnet bench step            how fast this machine trains; also: bench data, bench evaluate

`dgnet COMMAND --help` says more. A first run, minutes on two CPU cores: dgnet train mannequin"""


class HelpFormatter(DefaultHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keeps a description's lines as they are."""


class Parser(ArgumentParser):
    """A parser whose complaints about an unknown option name the nearest that exists."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        known = [option for action in self._actions for option in action.option_strings]
        unknown = [word for word in message.replace("=", " ").replace(",", " ").split() if word.startswith("--")]
        close = [difflib.get_close_matches(word, known, n=1) for word in unknown if word not in known]
        hints = "".join(f" Did you mean {match[0]}?" for match in close if match)
        print(f"{self.prog}: {message.strip()}{hints}\nSee {self.prog} --help", file=sys.stderr)
        raise SystemExit(2) from ex


class SetAlso(argparse.Action):
    """`--also A B` as the shorter way of saying `--data.also [A, B]`."""

    def __call__(self, _parser: Any, namespace: Any, values: Any, _option: str | None = None) -> None:
        namespace["data.also"] = values


def add_also(parser: Parser, what: str) -> None:
    """The option `--also`, which has no value of its own beside that of `data.also`."""
    parser.add_argument(
        "--also",
        action=SetAlso,
        dest=argparse.SUPPRESS,
        default=argparse.SUPPRESS,
        nargs="+",
        metavar="NAME=DIR",
        help=what,
    )


def presets_help() -> str:
    """One line a preset and a modifier, from their docstrings."""

    def lines(functions: dict[str, Callable[..., RunConfig]]) -> str:
        return "\n".join(f"  {name:<12} {(f.__doc__ or '').strip().splitlines()[0]}" for name, f in functions.items())

    return (
        "PRESET is DATA[+MODIFIER...], such as market1501+small or mannequin+no_feed.\n\n"
        f"DATA:\n{lines(DATA_PRESETS)}\n\nMODIFIER:\n{lines(MODIFIERS)}\n\n"
        "Every setting has an option: --data.root DIR, --optim.generator_lr 2e-4, --loss.labels pseudo, ...\n"
        "--print_config shows them all, resolved."
    )


def train(arguments: Sequence[str]) -> None:
    """`dgnet train PRESET`."""
    # The defaults of all other options are the preset's, scaled to the steps: both are read before the rest.
    asked_for_help = not arguments or arguments[0].startswith("-")
    config = preset("mannequin" if asked_for_help else arguments[0])
    steps = asked_steps(arguments)
    parser = Parser(
        prog="dgnet train",
        usage="dgnet train PRESET [options]",
        description=presets_help(),
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("PRESET", help="what to train; comes first; see above")
    parser.add_argument("--out", type=Path, help="folder of the run (default: runs/PRESET-SEED)")
    parser.add_argument("--resume", action="store_true", help="continue the run in --out, if there is one")
    parser.add_argument(
        "--steps", type=int, help="joint steps; the whole schedule, the teacher's too, scales with them"
    )
    add_also(parser, "train on these data sets too (data.also); DIR alone is recognised")
    parser.add_argument("--config", action="config", help="a YAML file of settings, such as a run's config.yaml")
    parser.add_class_arguments(RunConfig)
    parser.set_defaults(flatten(to_dict(config.scaled(steps) if steps > 0 else config)))
    found = parser.parse_args(list(arguments))
    settings = as_plain(found, leave_out={"PRESET", "out", "resume", "steps", "config"})
    config = from_dict({**settings, "preset": found.PRESET})

    from dgnet.experiment.train import train as run

    out = found.out or Path("runs") / f"{found.PRESET}-{config.seed}"
    report = run(config, out, resume=found.resume)
    if report:  # one process of several writes it
        print(f"Report: {report.resolve()}")


def asked_steps(arguments: Sequence[str]) -> int:
    """What `--steps N` or `--steps=N` says, or 0."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    first.add_argument("--steps", type=int, default=0)
    try:
        return int(first.parse_known_args(list(arguments))[0].steps)
    except argparse.ArgumentError:
        return 0  # the whole parser will say what is wrong with it


EVALUATE_HELP = """\
Measure a run, another model's ONNX file, or features that any model made, and write a report.

  dgnet evaluate RUN                                  a run on its own data
  dgnet evaluate RUN --data.name market1501 --data.root DIR
                                                      on another data set (direct transfer)
  dgnet evaluate RUN --to market1501=DIR msmt17=DIR   on several, one table with a row for each
  dgnet evaluate MODEL.onnx --data.root DIR           images N x 3 x H x W in, named features out
  dgnet evaluate QUERY.npz GALLERY.npz                features, pids and, where known, camids; or .parquet"""


def evaluate(arguments: Sequence[str]) -> None:
    """`dgnet evaluate WHAT...`."""
    parser = Parser(prog="dgnet evaluate", description=EVALUATE_HELP, formatter_class=HelpFormatter, allow_abbrev=False)
    parser.add_argument("WHAT", type=Path, nargs="+", help="a run's folder, an .onnx file, or two feature files")
    parser.add_argument("--data.name", type=str, default="", help="another data set (direct transfer): its reader")
    parser.add_argument("--data.root", type=str, default="", help="where the data lies, if not where it was")
    parser.add_argument("--to", type=str, nargs="+", default=[], help="data sets for direct transfer, NAME=DIR each")
    parser.add_argument("--rerank", action="store_true", help="k-reciprocal re-ranking too")
    parser.add_argument("--expand", type=int, default=0, help="query expansion by so many nearest images too")
    parser.add_argument("--multi_query", action="store_true", help="multi-query too, where the data set has it")
    parser.add_argument(
        "--denominator",
        choices=("valid", "all"),
        default="valid",
        help="means over the queries with a true match, or over all",
    )
    parser.add_argument(
        "--inception",
        type=Path,
        metavar="WEIGHTS|download",
        help="FID and KID of swaps by the weights pt_inception-2015-12-05, a file; or fetch them (95 MB) once",
    )
    parser.add_argument("--lpips", action="store_true", help="diversity of swaps by LPIPS too")
    parser.add_argument("--size", type=str, default="", help="HEIGHTxWIDTH, for an ONNX file that leaves it open")
    parser.add_argument("--out", type=Path, help="where the report goes (default: the run's folder; runs/evaluation)")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu or cuda")
    found = parser.parse_args(list(arguments))
    size = read_size(parser, found.size) if found.size else None

    from dgnet.experiment.evaluate import Request
    from dgnet.experiment.evaluate import evaluate as run
    from dgnet.experiment.evaluate_run import Measures
    from dgnet.experiment.retrieval import Protocol

    protocol = Protocol(found.rerank, found.expand, found.multi_query, found.denominator)
    measures = Measures(protocol, found.inception, found.lpips)
    request = Request(found.data.name, found.data.root, found.to, size, measures, found.device, found.out)
    published = run(found.WHAT, request)
    print(f"{published.text}Report: {published.page.resolve()}")


def read_size(parser: Parser, text: str) -> tuple[int, int]:
    """HEIGHTxWIDTH of the option `--size`."""
    height, _, width = text.partition("x")
    if not (height.isdigit() and width.isdigit()):
        parser.error(f"--size: found {text!r}, must be HEIGHTxWIDTH, such as 256x128")
    return int(height), int(width)


def compare(arguments: Sequence[str]) -> None:
    """`dgnet compare RUNS...`."""
    parser = Parser(
        prog="dgnet compare",
        description="Several finished runs on one page. Runs that differ in their seed alone are averaged.",
        allow_abbrev=False,
    )
    parser.add_argument("RUNS", type=Path, nargs="+", help="folders of runs")
    parser.add_argument("--out", type=Path, default=Path("runs/comparison"), help="where the page goes")
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.compare import compare as run

    print(f"Report: {run(found.RUNS, found.out).resolve()}")


def swap(arguments: Sequence[str]) -> None:
    """`dgnet swap RUN IMAGES...`."""
    parser = Parser(
        prog="dgnet swap",
        description="Draw every image's clothes (rows) on every image's body, pose and background (columns).",
        allow_abbrev=False,
    )
    parser.add_argument("RUN", type=str, help="a run's folder, a model file, or `bundled`")
    parser.add_argument(
        "IMAGES", type=Path, nargs="*", help="pictures of people, or folders of them (default: bundled ones)"
    )
    parser.add_argument("--onto", type=Path, nargs="+", help="who wears the clothes, if not the same people")
    parser.add_argument("--out", type=Path, default=Path("swaps.png"), help="the picture (.png or .jpg)")
    parser.add_argument("--each", type=Path, help="also write every swap as a file of its own into this folder")
    parser.add_argument(
        "--paste", action="store_true", help="keep the columns' own images where no clothes are, instead of drawing all"
    )
    parser.add_argument("--zoom", type=int, default=2, help="enlarge the picture so many times")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu or cuda")
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.swap import swap as run

    run(found.RUN, found.IMAGES, found.onto, found.out, found.each, found.zoom, found.device, found.paste)
    print(f"Picture: {found.out.resolve()}")


def data_verify(arguments: Sequence[str]) -> None:
    """`dgnet data verify ROOT`."""
    parser = Parser(
        prog="dgnet data verify",
        description="Find out which data set a folder holds, count it beside the published counts, and read every file."
        " The exit status is 0 if training may start.",
        allow_abbrev=False,
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
    parser = Parser(
        prog="dgnet data prepare",
        description="Decode and resize every image once, into the store that training reads (training does it too).",
        allow_abbrev=False,
    )
    asked_for_help = not arguments or arguments[0].startswith("-")
    config = preset("mannequin" if asked_for_help else arguments[0])
    parser.add_argument("PRESET", help="as for `dgnet train`; comes first; it decides the size")
    add_also(parser, "as for `dgnet train`")
    parser.add_class_arguments(DataConfig, "data")
    parser.set_defaults(flatten({"data": to_dict(config)["data"]}))
    found = parser.parse_args(list(arguments))
    settings = as_plain(found, leave_out=set())["data"]

    from dgnet.data.memory import keep_freed_memory
    from dgnet.experiment.setup import open_data

    keep_freed_memory()
    data = open_data(replace(config, data=from_dict(settings, DataConfig, "data.")))
    for split in ("train", "query", "gallery"):
        crops = getattr(data, split)
        print(f"{split}: {len(crops)} images of {crops.size[0]} x {crops.size[1]} in {crops.path}")


def data_mannequin(arguments: Sequence[str]) -> None:
    """`dgnet data mannequin`."""
    from dgnet.data.mannequin.plan import EditionSpec

    parser = Parser(
        prog="dgnet data mannequin",
        description="Render a synthetic data set of pedestrians as a Market-1501 tree, with true swaps."
        ' Needs `pip install "dgnet[mannequin]"`.',
        allow_abbrev=False,
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

    from dgnet.data.mannequin.edition import write_edition

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


def import_official(arguments: Sequence[str]) -> None:
    """`dgnet import official GEN ID [DIS] [TEACHER]`."""
    parser = Parser(
        prog="dgnet import official",
        description="Convert the authors' released checkpoints into dgnet's files. No code in them is run.",
        allow_abbrev=False,
    )
    parser.add_argument("GEN", type=Path, help="gen_XXXXXXXX.pt: structure encoder and decoder")
    parser.add_argument("ID", type=Path, help="id_XXXXXXXX.pt: appearance encoder and heads")
    parser.add_argument("DIS", type=Path, nargs="?", help="dis_XXXXXXXX.pt: discriminator")
    parser.add_argument("TEACHER", type=Path, nargs="?", help="net_last.pth: teacher")
    parser.add_argument("--out", type=Path, default=Path("runs/official"), help="folder of the new files")
    parser.add_argument("--teacher_stride", type=int, default=2, help="of the teacher's last stage: 1 or 2")
    found = parser.parse_args(list(arguments))
    if found.teacher_stride not in (1, 2):
        parser.error(f"--teacher_stride: found {found.teacher_stride}, must be 1 or 2")

    from dgnet.models.official import import_official as run

    print(run(found.GEN, found.ID, found.DIS, found.TEACHER, out=found.out, teacher_stride=found.teacher_stride))


def export_onnx(arguments: Sequence[str]) -> None:
    """`dgnet export onnx RUN`."""
    parser = Parser(
        prog="dgnet export onnx",
        description="Write a run's re-id features as an ONNX file: normalised images N x 3 x H x W in, `prim` and"
        ' `fine` out (`baseline` of a run without a generator). Needs `pip install "dgnet[export]"`.',
        allow_abbrev=False,
    )
    parser.add_argument("RUN", type=str, help="a run's folder, or `bundled`")
    parser.add_argument("--out", type=Path, default=Path("model.onnx"), help="the file")
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.export import export

    print(f"ONNX: {export(found.RUN, found.out).resolve()}")


def bench_parser(name: str, description: str, default: str = "market1501") -> Parser:
    """What the three benchmarks have in common."""
    parser = Parser(prog=f"dgnet bench {name}", description=description, allow_abbrev=False)
    parser.add_argument("PRESET", nargs="?", default=default, help="as for `dgnet train`")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu or cuda")
    return parser


def bench_step(arguments: Sequence[str]) -> None:
    """`dgnet bench step`."""
    parser = bench_parser("step", "Time a training step on this machine, phase by phase. No data is needed.")
    parser.add_argument("--precision", type=str, choices=["fp32", "bf16"], default="bf16", help="of the arithmetic")
    parser.add_argument("--steps", type=int, default=3, help="measured, after one to warm up")
    found = parser.parse_args(list(arguments))
    if found.steps < 1:
        parser.error(f"--steps: found {found.steps}, must be at least 1")

    from dgnet.bench.step import bench_step as run
    from dgnet.experiment.setup import pick_device

    print(run(preset(found.PRESET), pick_device(found.device), found.precision, found.steps))


def bench_data(arguments: Sequence[str]) -> None:
    """`dgnet bench data`."""
    parser = bench_parser("data", "Time the batches that training would be fed on this machine.", "mannequin")
    parser.add_argument("--data.root", type=str, default="", help="folder of the data set")
    parser.add_argument("--data.cache", type=str, default="", help="where crops are stored")
    parser.add_argument("--batches", type=int, default=50, help="measured, after one to warm up")
    found = parser.parse_args(list(arguments))
    if found.batches < 1:
        parser.error(f"--batches: found {found.batches}, must be at least 1")

    from dgnet.bench.data import bench_data as run
    from dgnet.experiment.setup import pick_device

    config = preset(found.PRESET)
    config = replace(config, data=replace(config.data, root=found.data.root, cache=found.data.cache))
    print(run(config, pick_device(found.device), found.batches))


def bench_evaluate(arguments: Sequence[str]) -> None:
    """`dgnet bench evaluate`."""
    parser = bench_parser("evaluate", "Time features and ranking on this machine. No data is needed.")
    parser.add_argument("--images", type=int, default=256, help="to take features of")
    parser.add_argument(
        "--queries", type=int, default=3368, help="to rank the gallery for; the default is Market-1501's"
    )
    parser.add_argument("--gallery", type=int, default=15913, help="images to rank")
    found = parser.parse_args(list(arguments))
    if min(found.images, found.queries, found.gallery) < 1:
        parser.error("--images, --queries, --gallery: must be at least 1")

    from dgnet.bench.evaluate import bench_evaluate as run
    from dgnet.experiment.setup import pick_device

    print(run(preset(found.PRESET), pick_device(found.device), found.images, found.queries, found.gallery))


def as_plain(found: Namespace, leave_out: set[str]) -> dict[str, Any]:
    """A namespace as nested dictionaries."""
    values: dict[str, Any] = found.as_dict()
    return {key: value for key, value in values.items() if key not in leave_out and not key.startswith("__")}


COMMANDS: dict[tuple[str, ...], Callable[[Sequence[str]], None]] = {
    ("train",): train,
    ("evaluate",): evaluate,
    ("compare",): compare,
    ("swap",): swap,
    ("data", "verify"): data_verify,
    ("data", "prepare"): data_prepare,
    ("data", "mannequin"): data_mannequin,
    ("import", "official"): import_official,
    ("export", "onnx"): export_onnx,
    ("bench", "step"): bench_step,
    ("bench", "data"): bench_data,
    ("bench", "evaluate"): bench_evaluate,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the arguments name; what a user did wrong ends in one message, not in a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        print(HELP)
        return
    for length in (2, 1):
        command = COMMANDS.get(tuple(words[:length]))
        if command:
            break
    else:
        known = [" ".join(name) for name in COMMANDS]
        given = " ".join(words[:2] if words[0] in ("data", "import", "export", "bench") else words[:1])
        close = difflib.get_close_matches(given, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        print(f"dgnet: no command {given!r}.{hint}\n\n{HELP}", file=sys.stderr)
        raise SystemExit(2)
    # Of the processes that torchrun starts, the first says what goes on; the others speak of trouble alone.
    level = logging.INFO if os.environ.get("RANK", "0") == "0" else logging.ERROR
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)
    warnings.filterwarnings("ignore", module="jsonargparse")
    try:
        command(words[length:])
    except (ValueError, OSError, RuntimeError, ModuleNotFoundError) as error:
        if is_a_bug(error):
            raise
        print(f"dgnet: {error}", file=sys.stderr)
        raise SystemExit(1) from error
    except KeyboardInterrupt as stop:
        print(f"\ndgnet: {stop or 'interrupted'}", file=sys.stderr)
        raise SystemExit(130) from stop


def is_a_bug(error: Exception) -> bool:
    """Whether an exception is ours to mend, rather than a message to the user.

    Ours carry a class of dgnet's; so do problems of the system (OSError) and a package that is not installed.
    """
    return not (isinstance(error, OSError | ModuleNotFoundError) or type(error).__module__.startswith("dgnet."))
