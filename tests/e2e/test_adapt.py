"""`dgnet adapt` as a user calls it: on images alone, on a data set whose labels only judge, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import dgnet
from dgnet import cli
from dgnet.config import AdaptConfig, RunConfig
from dgnet.data.batches.clusters import ClusterSampler
from dgnet.experiment.adapt import Request, adapt_to_crops
from dgnet.experiment.adaptation.images import open_images
from dgnet.experiment.run_folder import RunFolder
from dgnet.files.tensors import read_tensors
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import load_model, save_model, save_teacher
from dgnet.retrieval.clustering.dbscan import Clustering
from dgnet.training.adaptation.clusters import Clusters
from dgnet.training.adaptation.features import retrieval_features
from dgnet.training.adaptation.finding import AdaptError

pytestmark = pytest.mark.e2e
TINY = {"epochs": 1, "steps": 2, "num_ids": 2, "num_images": 2, "k1": 5, "k2": 2, "min_samples": 3, "copies": 0}
WORDS = [f"--adapt.{name}={value}" for name, value in TINY.items()]
CARD = {"trained on": "noise"}


@pytest.fixture
def start(config: RunConfig, tmp_path: Path) -> Path:
    """An untrained model: it tells people of other colours apart all the same."""
    pytest.importorskip("sklearn")
    torch.manual_seed(0)
    roomy = replace(config, batch_size=4)  # so that two processes with two clusters each draw as many as one with four
    save_model(tmp_path / "start.safetensors", DGNet(config.network, 3).eval(), roomy, CARD)
    return tmp_path / "start.safetensors"


@pytest.fixture
def adapt(start: Path, tmp_path: Path) -> Callable[[str, str], Path]:
    def run(crops: str, out: str) -> Path:
        words = [str(start), crops, f"--out={tmp_path / out}", f"--cache={tmp_path / 'cache'}", *WORDS]
        cli.main(["adapt", *words])
        return tmp_path / out

    return run


def test_the_result_is_a_run_and_labels_change_nothing_in_it(
    adapt: Callable[[str, str], Path], market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(market / "bounding_box_train", tmp_path / "crops/deep/down")
    alone, judged = adapt(str(tmp_path / "crops"), "alone"), adapt(f"market1501={market}", "judged")
    assert f"Page: {judged / 'adaptation.html'}" in capsys.readouterr().out
    one, other = (read_tensors(run / "model.safetensors")[0] for run in (alone, judged))
    assert [name for name in one if not torch.equal(one[name], other[name])] == []

    model = dgnet.load(alone)
    assert model.can_draw
    assert model.card["trained on"] == "noise; adapted to crops without its labels"
    assert model.features(market / "query/0005_c1s1_000000_01.jpg").shape == (1, 16)
    figures = [json.loads((run / "adaptation.json").read_text()) for run in (alone, judged)]
    assert [len(one["epochs"]) for one in figures] == [2, 2]
    assert not {"map", "purity", "rand"} & figures[0]["epochs"][0].keys()
    assert {"map", "purity", "rand"} < figures[1]["epochs"][0].keys()
    page = (judged / "adaptation.html").read_text()
    assert all(text in page for text in ("The tightest", "without labels", "Judged by labels", "<img"))
    cli.main(["evaluate", str(judged)])
    assert (judged / "report.html").exists()
    assert "in_use" not in figures[0]
    measured = json.loads((judged / "results.json").read_text())["retrieval"]
    assert figures[1]["in_use"]["written"] == pytest.approx(measured[-1]["map_step"], abs=1e-6)
    assert f"{100 * figures[1]['in_use']['written']:.1f}</" in page  # the tile, not that of before whitening
    assert RunFolder(judged).load_config().adapt.steps == 2


def test_a_baseline_is_adapted_to_a_baseline(config: RunConfig, market: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    torch.manual_seed(0)
    save_teacher(tmp_path / "T.safetensors", Teacher(config.teacher.backbone, 8, 3).eval(), config, CARD)
    request = Request(
        str(tmp_path / "T.safetensors"), f"market1501={market}", settings=AdaptConfig(**TINY), cache=str(tmp_path)
    )
    adapt_to_crops(request, tmp_path / "run")
    assert dgnet.load(tmp_path / "run").parts == ("baseline",)
    assert not RunFolder(tmp_path / "run").load_config().joint


def test_what_cannot_work_is_refused_before_anything_is_written(start: Path, market: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    request = Request(str(start), f"market1501={market}", cache=str(tmp_path / "cache"))
    with pytest.raises(AdaptError, match="found 24 different images, too few"):
        adapt_to_crops(request, out)
    (tmp_path / "copies").mkdir()
    for number in range(40):
        shutil.copy(market / "query/0005_c1s1_000000_01.jpg", tmp_path / f"copies/{number}.jpg")
    with pytest.raises(AdaptError, match="found 1 different images"):
        adapt_to_crops(replace(request, crops=str(tmp_path / "copies")), out)
    assert not out.exists()


def test_with_the_generator_the_result_draws_and_shows_it(start: Path, market: Path, tmp_path: Path) -> None:
    shutil.copytree(market / "bounding_box_train", tmp_path / "crops")
    words = [str(start), str(tmp_path / "crops"), f"--cache={tmp_path / 'cache'}", *WORDS, "--generate=true"]
    run = RunFolder(tmp_path / "run")
    # The start's file does not say where its people are, so they are named.
    cli.main(["adapt", *words, f"--out={run}", f"--source=market1501={market}"])
    kept, before = (read_tensors(path)[0] for path in (run.model, start))
    adapted = json.loads(run.adaptation_results.read_text())["kept"] > 0
    for part in ("structure_encoder", "decoder", "appearance_encoder"):
        assert adapted == any(name.startswith(part) and not torch.equal(kept[name], before[name]) for name in before)
    assert run.sample(TINY["steps"]).is_file()
    page = run.adaptation.read_text()
    assert "Swapped people" in page
    assert "redressed" in run.log.read_text()
    assert "so swaps drawn with this model are worse" not in page
    assert [group["dataset"] for group in json.loads(run.people.read_text())["groups"]] == ["crops", "market1501"]
    assert RunFolder(tmp_path / "run").load_config().adapt.source == f"market1501={market}"


def test_two_processes_train_as_one(start: Path, market: Path, tmp_path: Path) -> None:
    """One step in two processes is one step in one with twice the clusters, but for E_a's batch norms.

    The centres that have moved are those of the images that the one would draw. E_s, G and D, which have no batch norm,
    move as they would in the one; redressing is off, since it takes clothes from within each process's batch.
    """
    launcher = "-m torch.distributed.run --standalone --nproc-per-node=2 -m -- dgnet adapt"
    run, alone = RunFolder(tmp_path / "run"), RunFolder(tmp_path / "alone")
    words = [str(start), f"market1501={market}", f"--cache={tmp_path}", *WORDS, "--adapt.steps=1", "--generate=true"]
    words += [f"--source=market1501={market}", "--adapt.drawing.redressed=0", "--adapt.drawing.muon_lr=0"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *launcher.split(), *words, f"--out={run}"]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Page: ") == 1
    tensors, about = read_tensors(run.checkpoints / "step_0000001.safetensors")
    assert about["processes"] == "2"

    images = open_images(run.load_config().data).images
    encoder = load_model(start).model.appearance_encoder
    features = retrieval_features(encoder, images, 0.5, torch.device("cpu"))
    labels = tensors["clusters.labels"].numpy()
    begun = Clusters(images.camids, 1, features.shape[1])
    begun.take(0, features, Clustering(labels, np.zeros(len(labels), np.float32), 0.5))
    drawn = ClusterSampler(labels, images.camids, 2 * TINY["num_ids"], TINY["num_images"], 0).batch(0)
    moved = (tensors["clusters.centres"] - begun.centres).abs().amax(dim=1) > 1e-4
    assert set(np.flatnonzero(moved)) == set(begun.centre_of[drawn].tolist())

    cli.main(["adapt", *words, f"--adapt.num_ids={2 * TINY['num_ids']}", f"--out={alone}"])
    whole, _ = read_tensors(alone.checkpoints / "step_0000001.safetensors")
    fresh = read_tensors(start)[0]
    apart, change = 0.0, 0.0
    for name in [one for one in whole if one.startswith("drawing.") and whole[one].ndim == 4]:
        # Kernels alone: norms undo most biases, whose gradients are rounding, which Adam makes steps of.
        apart += float((tensors[name] - whole[name]).abs().sum())
        change += float((whole[name] - fresh[name.removeprefix("drawing.")]).abs().sum())
    assert change > 0
    assert apart < 0.01 * change


def test_a_run_goes_on_from_its_own_start_and_lies_outside_its_crops(
    start: Path, market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], adapt: Callable[[str, str], Path]
) -> None:
    crops = shutil.copytree(market / "bounding_box_train", tmp_path / "crops")
    out = adapt(str(crops), "run")
    other = shutil.copy(start, tmp_path / "other.safetensors")
    words = [str(crops), f"--out={out}", f"--cache={tmp_path / 'cache'}", *WORDS, "--resume"]
    for wrong, message in [
        (["adapt", str(other), *words], f"was begun from '{start}', found '{other}'"),
        (["adapt", str(start), *words, "--seed=1"], "config.yaml: was written by a run with other settings (seed"),
        (["adapt", str(start), str(crops), f"--out={crops / 'run'}"], "lies in CROPS"),
        (["adapt", str(start), str(crops), "--out=x", "--source=none"], "adapt.source: found 'none'"),
    ]:
        with pytest.raises(SystemExit):
            cli.main(wrong)
        assert message in capsys.readouterr().err
    cli.main(["adapt", str(start), *words])
    assert not (crops / "run").exists()
