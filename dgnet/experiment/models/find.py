"""What RUN means in every command: `bundled`, `bundled-small`, a run's folder, a model's file, or another program's."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dgnet.experiment.run_folder import RunFolder
from dgnet.files.tensors import WeightsError, read_metadata
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.bundled import BUNDLED, BUNDLED_SMALL
from dgnet.models.weights.ours import LoadedModel, load_model, load_teacher

BUNDLED_NAME = "bundled"  # the model that comes with dgnet; a folder of that name is given as `./bundled`
SMALL_NAME = "bundled-small"  # the one for trying things out quickly, on rendered people
WANTED = f"a run's folder, a model's file or `{BUNDLED_NAME}`"
FOREIGN = (".onnx", ".xml")  # suffixes of files that hold networks for other programs
NUM_NAMED = 5
RUN = str | os.PathLike[str]


@dataclass(frozen=True)
class Found:
    """The files that a RUN stands for; at least one of `model`, `teacher` and `foreign` is given.

    Args:
        name: RUN as the user gave it.
        folder: the run's folder, where RUN is one.
        model, teacher: files of dgnet's own networks.
        foreign: a file of any network that computes features: ONNX (`.onnx`) or OpenVINO's (`.xml`).
    """

    name: str
    folder: Path | None = None
    model: Path | None = None
    teacher: Path | None = None
    foreign: Path | None = None


BUNDLED_MODELS: Final = {
    BUNDLED_NAME: Found(BUNDLED_NAME, model=BUNDLED),
    SMALL_NAME: Found(SMALL_NAME, model=BUNDLED_SMALL),
}


def find(run: RUN) -> Found:
    """Find the files that RUN stands for. No network is loaded.

    Args:
        run: the texts `bundled` and `bundled-small` mean the models that come with dgnet; any other text, and every
            `Path`, is a path.

    Raises:
        WeightsError: nothing is there, or something that is no RUN; the message says what it is and what to give.
    """
    if run in BUNDLED_MODELS:  # a Path is unequal to any text
        return BUNDLED_MODELS[str(run)]
    if not os.fspath(run):
        raise WeightsError(f"no model: found an empty name, must be {WANTED}")
    name, path = str(run), Path(run).expanduser()
    if path.is_dir():
        return _in_folder(name, path)
    if not path.exists():
        raise WeightsError(f"{name}: no such file or folder; give {WANTED}{_similar(path)}")
    if path.suffix.lower() in FOREIGN:
        return Found(name, foreign=path)
    return _file(name, path)


def find_model(run: RUN) -> LoadedModel[DGNet]:
    """A whole model, which computes features and draws, on the CPU.

    Raises:
        WeightsError: as `find` does; RUN has only a teacher, or is another program's file: neither can draw.
    """
    found = find(run)
    if found.model:
        return load_model(found.model)
    if found.foreign:
        raise WeightsError(f"{found.name}: {kind_of(found.foreign)} has features alone and cannot draw; give {WANTED}")
    if not found.folder:
        raise WeightsError(f"{found.name}: a teacher, which cannot draw; give the model that was trained with it")
    run_folder = RunFolder(found.folder)
    best = f", or give {run_folder.best}, its best so far" if run_folder.best.is_file() else ""
    raise WeightsError(
        f"{found.name}: no {run_folder.model.name} here, only a teacher, which cannot draw: finish the run with "
        f"--resume{best}; a Baseline never has a generator"
    )


def find_network(run: RUN) -> LoadedModel[DGNet] | LoadedModel[Teacher]:
    """The network that computes features: the model or, where there is none, the teacher; on the CPU.

    Raises:
        WeightsError: as `find` does; or RUN is another program's file, which cannot become a dgnet network.
    """
    found = find(run)
    if found.model:
        return load_model(found.model)
    if found.teacher:
        return load_teacher(found.teacher)
    assert found.foreign is not None
    raise WeightsError(
        f"{found.name}: {kind_of(found.foreign)} already, which is no network of dgnet's any more; give {WANTED}"
    )


def kind_of(foreign: Path) -> str:
    """What messages call a file of another program's."""
    return "an ONNX file" if foreign.suffix.lower() == ".onnx" else "an OpenVINO file"


def _in_folder(name: str, folder: Path) -> Found:
    run = RunFolder(folder)
    model, teacher = run.model, run.teacher
    if model.is_file() or teacher.is_file():
        return Found(name, folder, model if model.is_file() else None, teacher if teacher.is_file() else None)
    if run.config.is_file():
        raise WeightsError(f"{name}: no {model.name} here: the run has not come so far; go on with it (--resume)")
    runs = sorted(one.parent for one in folder.glob(f"*/{run.config.name}"))
    if runs:
        more = f" and {len(runs) - NUM_NAMED} more" if len(runs) > NUM_NAMED else ""
        some = ", ".join(map(str, runs[:NUM_NAMED]))
        raise WeightsError(f"{name}: no {model.name} here, but runs: give {some}{more}")
    if folder.name in ("checkpoints", "samples", "tables") and RunFolder(folder.resolve().parent).config.is_file():
        raise WeightsError(f"{name}: a folder within a run: give the run's own, {folder.parent}")
    raise WeightsError(f"{name}: no {model.name} here; give {WANTED}")


def _file(name: str, path: Path) -> Found:
    """A file other than an ONNX file. The metadata of a safetensors file say what it is. Raises WeightsError."""
    if path.suffix.lower() != ".safetensors":
        raise WeightsError(f"{name}: {_what_else(path)}; here it must be {WANTED}")
    about = read_metadata(path)
    match about.get("kind"):
        case "model":
            return Found(name, model=path)
        case "teacher":
            return Found(name, teacher=path)
        case str(kind):
            raise WeightsError(f"{name}: found a {kind}, must be {WANTED}")
    if {"step", "processes"} <= about.keys():
        raise WeightsError(f"{name}: a checkpoint, which only --resume reads; give {WANTED}")
    raise WeightsError(f"{name}: safetensors of another program ({_advice_on_weights()}); here it must be {WANTED}")


def _what_else(path: Path) -> str:
    """What a file that is not a model seems to be, by its suffix, and what can be done with it."""
    match path.suffix.lower():
        case ".pth" | ".pt" | ".ckpt" | ".bin" | ".tar" | ".pkl":
            return f"weights of another program ({_advice_on_weights()})"
        case ".npz" | ".parquet" | ".npy":
            return "features or arrays (`dgnet evaluate QUERY GALLERY` measures two such files)"
        case ".yaml" | ".yml" | ".json" | ".jsonl" | ".html":
            return f"not a model (the folder it lies in may be a run: {path.parent})"
    return "not a model"


def _advice_on_weights() -> str:
    return (
        "a ResNet's can be what training starts from, --network.backbone.weights; the authors' released files are read "
        "by `dgnet import official`; other models are measured as ONNX files"
    )


def _similar(path: Path) -> str:
    """A question whether the user meant a file with a similar name in the same folder, or a bundled model; or empty."""
    try:
        names = [one.name for one in path.parent.iterdir()]
    except OSError:
        names = []
    close = difflib.get_close_matches(path.name, names, n=1)
    if close:
        return f"; did you mean {path.with_name(close[0])}?"
    meant = difflib.get_close_matches(str(path), list(BUNDLED_MODELS), n=1)
    return f"; did you mean {meant[0]}?" if meant else ""
