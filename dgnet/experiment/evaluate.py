"""`dgnet evaluate`: figures of a run, a model or another program's file, on its own or other data; or of features."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from dgnet.config import ConfigError, RunConfig
from dgnet.experiment.data import open_held_out
from dgnet.experiment.evaluation.feature_files import evaluate_features
from dgnet.experiment.evaluation.features import FeatureModel, features_by
from dgnet.experiment.evaluation.foreign_file import evaluate_file, file_features
from dgnet.experiment.evaluation.outputs import (
    Evaluated,
    check_report_folder,
    data_key,
    data_name,
    folder_for,
    folder_name,
    joined,
)
from dgnet.experiment.evaluation.publish import Published, publish
from dgnet.experiment.evaluation.run import Measures, networks_of, run_report
from dgnet.experiment.evaluation.transfer import parse_target, transfer_report
from dgnet.experiment.evaluation.which_data import elsewhere, reader_of
from dgnet.experiment.models.find import BUNDLED_MODELS, FOREIGN, RUN, find, find_network, kind_of
from dgnet.experiment.own_data import as_trained
from dgnet.experiment.run_folder import RunFolder
from dgnet.files.cache import cache_root
from dgnet.models.appearance import Teacher
from dgnet.models.device import pick_device
from dgnet.models.dgnet import DGNet
from dgnet.models.layers.units import place
from dgnet.quality.inception import download_inception

FEATURE_FILES = (".npz", ".parquet")
DOWNLOAD = Path("download")  # --inception download fetches the weights; a file of that name is given by its full path
ELSEWHERE = Path("runs/evaluation")  # holds the folders of results for everything but runs


@dataclass(frozen=True)
class Request:
    """What `dgnet evaluate` was asked for.

    Args:
        name, root: the data set's reader and folder; empty means the data set that the model was trained on. Of a
            folder without a name the reader is recognised.
        to: data sets for direct transfer, each `NAME=ROOT`, or only a folder.
        size: (height, width), for an ONNX or OpenVINO file that does not fix them.
        measures: how galleries are ranked, and what else is measured.
        device: auto, cpu or cuda.
        out: the folder to write to. None means a folder named after what is measured: inside the run's folder or, for
            anything but a run, inside `runs/evaluation`. The default figures of a run on its own data go to the run's
            folder itself.
        engine, input: for an ONNX or OpenVINO file, as of `dgnet.load`.
        pattern: for the reader `folder`, how paths in `root` name identities and cameras (`config.DataConfig`).
    """

    name: str = ""
    root: str = ""
    to: Sequence[str] = ()
    size: tuple[int, int] | None = None
    measures: Measures = field(default_factory=Measures)
    device: str = "auto"
    out: Path | None = None
    engine: str = "auto"
    input: str = ""
    pattern: str = ""


ROWS = ("--multi_query", "--query", "--also_baselines")
DATA, TO, DRAWN = ("--data.name", "--data.root", "--data.pattern"), ("--to",), ("--inception", "--lpips")
OTHERS = ("--size", "--engine", "--input")  # for files of other programs' networks


def evaluate(what: Sequence[RUN], request: Request) -> Published:
    """Measure, and write `results.json`, `tables/` and `report.html` into a folder without results of anything else.

    Args:
        what: one RUN, as `find` takes it; or one ONNX or OpenVINO file; or two feature files, queries' and gallery's.

    Raises:
        ConfigError: `what` is none of these, or an option was given that does not apply to it.
    """
    measures = request.measures
    paths = [Path(one) for one in what]
    if request.out:
        check_report_folder(request.out, paths)
    if any(path.suffix.lower() in FEATURE_FILES for path in paths):
        if len(paths) != 2:
            raise ConfigError(f"found {len(paths)} paths, must be two feature files: the queries' and the gallery's")
        refuse(request, "two feature files", (*DATA, *TO, *DRAWN, *ROWS, *OTHERS))
        evaluated = Evaluated(tuple(map(os.path.realpath, paths)), measures=measures.words())
        name = folder_name(paths[0].stem, "in", paths[1].stem, *measures.words())
        out = folder_for(evaluated, request.out, ELSEWHERE / name)
        return publish(evaluate_features(paths[0], paths[1], measures.protocol), out, evaluated)
    if len(what) != 1:
        raise ConfigError(
            f"found {len(what)} paths, must be one run, model, .onnx or .xml file, or two .npz or .parquet files"
        )
    targets = [parse_target(word) for word in request.to]
    if targets:
        refuse(request, "--to", (*DATA, *DRAWN))
    if paths[0].suffix.lower() in FOREIGN:
        refuse(request, kind_of(paths[0]), DRAWN)
        own = (request.name or "auto", request.root) if request.name or request.root else None
        evaluated, name = _evaluated(os.path.realpath(paths[0]), own, targets, measures, request.pattern)
        out = folder_for(evaluated, request.out, ELSEWHERE / folder_name(paths[0].stem, name))
        model = file_features(paths[0], request.size, request.engine, request.input)
        return publish(evaluate_file(model, own, targets, measures, request.pattern), out, evaluated)
    refuse(request, "a run, whose network torch runs at its own size", OTHERS)
    return evaluate_networks(what[0], request, targets)


def evaluate_networks(what: RUN, request: Request, targets: Sequence[tuple[str, str]]) -> Published:
    """The figures of a run or a model: on its own data, on another data set, or on several (direct transfer)."""
    subject = find_subject(what, pick_device(request.device))
    config, measures = subject.config, request.measures
    reader = reader_of(request.name, request.root, request.pattern, config.data.name)
    other = (reader, request.root) if _elsewhere(request, config) else None
    where = str(what) if what in BUNDLED_MODELS else os.path.realpath(what)
    if not other and not targets:
        _refuse_people_trained_on(request, config)
    evaluated, name = _evaluated(where, other, targets, measures, request.pattern)
    if subject.folder:
        usual = subject.folder / folder_name(name) if name else subject.folder
    else:
        usual = ELSEWHERE / folder_name(Path(what).stem, name or f"on-{data_name(config.data.name, '')}")
    out = folder_for(evaluated, request.out, usual)
    if targets:
        model = FeatureModel(
            str(what),
            features_by(subject.teacher, subject.model),
            config.alpha,
            config.data.size,
            config.data.name,
            pick_device(request.device),
            config.data.cache,
            run=what,
        )
        return publish(transfer_report(model, targets, measures, Path(where).name), out, evaluated)
    other_reader = config.data.name if reader != config.data.name else ""
    trained_on: frozenset[str] = frozenset()
    if other:
        config = elsewhere(config, *other, request.pattern)
    else:
        _, trained_on = as_trained(what, config.data)
    if measures.inception == DOWNLOAD:  # before anything that takes long
        measures = replace(measures, inception=download_inception(cache_root(config.data.cache)))
    protocol = measures.protocol
    data = open_held_out(config, trained_on=trained_on, same_camera=protocol.same_camera, queries=protocol.queries)
    networks = subject.teacher, subject.model
    report = run_report(config, data, *networks, pick_device(request.device), measures, other_reader, subject.folder)
    return publish(report, out, evaluated)


@dataclass(frozen=True)
class Subject:
    """The networks to measure, their configuration, and the run's folder; None where they are only a file."""

    teacher: Teacher | None
    model: DGNet | None
    config: RunConfig
    folder: Path | None = None


def find_subject(what: RUN, device: torch.device) -> Subject:
    """Load the networks of a run's folder, a model's file, a teacher's file or `bundled` onto a device.

    A folder of imported files has no `config.yaml`; the configuration is then read from its model's file. That names no
    folder of data, so the user has to give one.

    Raises:
        ConfigError, WeightsError: there is no such run, or no model in it.
    """
    found = find(what)
    if found.folder:
        config = RunFolder(found.folder).load_config()
        teacher, model = networks_of(found.folder, device)
        return Subject(teacher, model, config, found.folder)
    loaded = find_network(what)
    network = place(loaded.model, device)
    if isinstance(network, Teacher):
        return Subject(network, None, loaded.config)
    return Subject(None, network, loaded.config)


def _elsewhere(request: Request, config: RunConfig) -> bool:
    """Whether the request names a data set other than the one that the model was trained on."""
    if request.root and not (config.data.root and os.path.realpath(request.root) == os.path.realpath(config.data.root)):
        return True
    return request.name not in ("", config.data.name)


def _refuse_people_trained_on(request: Request, config: RunConfig) -> None:
    """Raise ConfigError for switches that have no meaning on the data that the model was trained on."""
    if request.measures.protocol.queries == "first":
        raise ConfigError(
            "--query first: takes every identity as a test, those that the model was trained on too; give other people "
            "with --data.root DIR, or leave it out"
        )
    if request.pattern and request.pattern != config.data.pattern:
        raise ConfigError("--data.pattern: belongs to the folder of --data.root; give that too")


def _evaluated(
    what: str, data: tuple[str, str] | None, targets: Sequence[tuple[str, str]], measures: Measures, pattern: str
) -> tuple[Evaluated, str]:
    """What will be measured, and a folder's name for it: empty for the default measures on the model's own data."""
    words = measures.words()
    if targets:
        evaluated = Evaluated((what,), tuple(data_key(*one) for one in targets), ("transfer", *words))
        return evaluated, folder_name("transfer-to", joined([data_name(*one) for one in targets]), *words)
    if data:
        key = data_key(*data) + (f" by {pattern}" if pattern else "")
        return Evaluated((what,), (key,), words), folder_name("on", data_name(*data), *words)
    return Evaluated((what,), measures=words), folder_name("own", *words) if words else ""


def refuse(request: Request, kind: str, switches: Sequence[str]) -> None:
    """Raise ConfigError if one of `switches` was given, none of which applies to `kind`."""
    given = {
        "--data.name": request.name,
        "--data.root": request.root,
        "--data.pattern": request.pattern,
        "--to": request.to,
        "--size": request.size,
        "--engine": request.engine != "auto",
        "--input": request.input,
        "--multi_query": request.measures.protocol.multi_query,
        "--query": request.measures.protocol.queries != "own",
        "--also_baselines": request.measures.baselines,
        "--inception": request.measures.inception,
        "--lpips": request.measures.lpips,
    }
    for switch in switches:
        if given[switch]:
            raise ConfigError(f"{switch}: does not go with {kind}; leave it out")
