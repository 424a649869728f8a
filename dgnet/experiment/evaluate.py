"""`dgnet evaluate`: a run's figures again, a run or an ONNX file on other data, or two feature files of any model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dgnet.config import ConfigError, DataConfig, RunConfig, from_dict, to_dict
from dgnet.experiment.evaluate_features import evaluate_features
from dgnet.experiment.evaluate_onnx import evaluate_onnx
from dgnet.experiment.evaluate_run import MODEL, Measures, evaluate_run, networks_of
from dgnet.experiment.find import check_report_folder
from dgnet.experiment.measure import describe_by
from dgnet.experiment.publish import Published, publish
from dgnet.experiment.setup import load_config, open_held_out, pick_device
from dgnet.experiment.transfer import Described, parse_target, transfer_report
from dgnet.files.cache import cache_root
from dgnet.models.weights.ours import load_model
from dgnet.quality.inception import download_inception

FEATURE_FILES = (".npz", ".parquet")
DOWNLOAD = Path("download")  # as --inception: fetch the weights; a file of that name is given by its full path
ELSEWHERE = Path("runs/evaluation")  # where the report of a file goes


@dataclass(frozen=True)
class Request:
    """What `dgnet evaluate` was asked for.

    Args:
        name, root: the data set's reader and folder; empty means the one trained on, where it was.
        to: data sets for direct transfer, each `NAME=ROOT` or a folder alone.
        size: height and width for an ONNX file that leaves them open.
        measures: how galleries are ranked, and what else is measured.
        device: auto, cpu or cuda.
        out: where everything is written; None is the run's folder, or `runs/evaluation` for a file.
    """

    name: str = ""
    root: str = ""
    to: Sequence[str] = ()
    size: tuple[int, int] | None = None
    measures: Measures = field(default_factory=Measures)
    device: str = "auto"
    out: Path | None = None


DATA, TO, DRAWN = ("--data.name", "--data.root"), ("--to",), ("--inception", "--lpips")


def evaluate(what: Sequence[Path], request: Request) -> Published:
    """Measure, and write `results.json`, `tables/` and `report.html`.

    Args:
        what: a run's folder; or an ONNX file; or the feature files of the queries and of the gallery.

    Raises:
        ConfigError: these are something else, or a switch was given that they cannot answer.
    """
    out, protocol = request.out or ELSEWHERE, request.measures.protocol
    if request.out:
        check_report_folder(request.out, what[0])
    if any(path.suffix.lower() in FEATURE_FILES for path in what):
        if len(what) != 2:
            raise ConfigError(f"found {len(what)} paths, must be two feature files: the queries' and the gallery's")
        refuse(request, "two feature files", (*DATA, *TO, *DRAWN, "--multi_query", "--size"))
        return publish(evaluate_features(what[0], what[1], protocol), out)
    if len(what) != 1:
        raise ConfigError(f"found {len(what)} paths, must be one run, one .onnx file, or two .npz or .parquet files")
    if what[0].suffix.lower() == ".onnx":
        refuse(request, "an ONNX file", DRAWN)
        refuse(request, "--to", DATA if request.to else ())
        targets = [parse_target(word) for word in request.to]
        own = (request.name or "auto", request.root) if request.name or request.root else None
        return publish(evaluate_onnx(what[0], own, targets, request.size, protocol), out)
    refuse(request, "a run, which has a size of its own", ("--size",))
    return evaluate_folder(what[0], request)


def evaluate_folder(run: Path, request: Request) -> Published:
    """A run's figures on its own data, on another data set, or on several that it was never trained on.

    A folder of imported files has no `config.yaml`; its model says what it was made under, and its data's root is then
    needed.
    """
    saved, imported = run / "config.yaml", run / MODEL
    config = load_model(imported).config if imported.exists() and not saved.exists() else load_config(run)
    device, out = pick_device(request.device), request.out or run
    if request.to:
        refuse(request, "--to", (*DATA, *DRAWN))
        teacher, model = networks_of(run, device)
        described = Described(
            describe_by(teacher, model), config.alpha, config.data.size, config.data.name, device, config.data.cache
        )
        targets = [parse_target(word) for word in request.to]
        report = transfer_report(described, targets, request.measures.protocol, run.resolve().name)
        return publish(report, request.out or run / "transfer")
    trained_on = config.data.name if request.name not in ("", config.data.name) else ""
    if request.name or request.root:
        config = elsewhere(config, request.name, request.root)
    measures = request.measures
    if measures.inception == DOWNLOAD:  # before anything that takes long
        measures = replace(measures, inception=download_inception(cache_root(config.data.cache)))
    return evaluate_run(config, open_held_out(config), run, out, device, measures, trained_on)


def refuse(request: Request, kind: str, switches: Sequence[str]) -> None:
    """Raise ConfigError naming a switch that was given and that `kind` cannot go with."""
    given = {
        "--data.name": request.name,
        "--data.root": request.root,
        "--to": request.to,
        "--size": request.size,
        "--multi_query": request.measures.protocol.multi_query,
        "--inception": request.measures.inception,
        "--lpips": request.measures.lpips,
    }
    for switch in switches:
        if given[switch]:
            raise ConfigError(f"{switch}: does not go with {kind}; leave it out")


def elsewhere(config: RunConfig, name: str, root: str) -> RunConfig:
    """The same run, its data another set, or the same set at another place."""
    values = {**to_dict(config)["data"], "name": name or config.data.name, "root": root, "also": []}
    data: DataConfig = from_dict(values, DataConfig, "data.")
    return replace(config, data=data)
