"""`dgnet generate dataset`: what is written, that it depends on nothing else, and that nothing finished is lost."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dgnet import cli
from dgnet.data.readers.detect import read_dataset
from dgnet.experiment.models.find import find_model
from dgnet.generation.synthesis.draw import Artist
from dgnet.generation.synthesis.local import do
from dgnet.generation.synthesis.manifest import read_rows
from dgnet.generation.synthesis.plan import Planner
from dgnet.generation.synthesis.recipe import Recipe, Sources
from dgnet.generation.synthesis.shards import WorkFolder
from tests.experiment.conftest import drawing_from

pytest.importorskip("pyarrow")
LAYOUTS = ("market1501", "imagefolder", "webdataset")
TWO_SHARDS = ["--count", "300", "--near", "0"]  # of the 432 pairs of different people in `market`


def words(market: Path, out: str, *more: str) -> list[str]:
    return drawing_from(f"market1501={market}", "--out", out, *more)


def contents(folder: Path) -> dict[str, str]:
    """The hash of every file below a folder. Some name the folder itself, so compare folders of one name."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_reader_reads_it_and_every_image_says_where_it_comes_from(market: Path, here: Path) -> None:
    cli.main(words(market, "new", "--count", "40", "--identity", "both", "--share", "0.75", "--seed", "4"))
    assert sorted(path.name for path in here.iterdir()) == ["new"]
    tree, listed = (read_dataset(name, here / "new") for name in ("market1501", "manifest"))
    assert [(Path(r.path).name, r.pid, r.camid) for r in tree.train] == [
        (Path(r.path).name, r.pid, r.camid) for r in listed.train
    ]
    assert read_dataset("auto", here / "new").train == listed.train
    rows = read_rows(here / "new" / "manifest.parquet")
    assert len(rows) == len(tree.train) == 40
    sources = {f"bounding_box_train/{path.name}": path for path in (market / "bounding_box_train").iterdir()}
    for row in rows:
        i, j = sources[str(row["appearance"])], sources[str(row["structure"])]
        assert (row["appearance_sha256"], row["structure_sha256"]) == tuple(
            hashlib.sha256(path.read_bytes()).hexdigest() for path in (i, j)
        )
        giver, wearer = int(i.name[:4]), int(j.name[:4])
        assert giver != wearer
        assert (row["pid"], row["clothes_id"], row["structure_pid"]) == (giver, giver, wearer)
        assert row["camid"] == int(j.name.split("_c")[1][0])
        assert row["soft_label"] == [{"pid": giver, "weight": 0.75}, {"pid": wearer, "weight": 0.25}]
        assert row["source_licence"] == "not stated; the terms of the sources hold"
        with Image.open(here / "new" / str(row["path"])) as picture:
            assert picture.size == find_model("bundled-small").config.data.size[::-1]
            said = json.loads(picture.info["comment"])
        assert said["synthetic"] is True
        assert {name: row[name] for name in ("appearance", "structure", "model_sha256", "seed", "number")} == {
            name: said[name] for name in ("appearance", "structure", "model_sha256", "seed", "number")
        }
    about = json.loads((here / "new" / "synthesis.json").read_text())
    assert (about["images"], about["recipe"]["seed"], about["sources"]) == (40, 4, "market1501, train")
    croissant = json.loads((here / "new" / "croissant.json").read_text())
    manifest = (here / "new" / "manifest.parquet").read_bytes()
    assert croissant["distribution"][0]["sha256"] == hashlib.sha256(manifest).hexdigest()
    assert [field["name"] for field in croissant["recordSet"][0]["field"]] == list(rows[0])


def test_two_workers_and_torchrun_give_the_files_of_one(market: Path, here: Path) -> None:
    cli.main(words(market, "one/new", *TWO_SHARDS, "--workers", "1"))
    cli.main(words(market, "two/new", *TWO_SHARDS, "--workers", "2"))
    launcher = "-m torch.distributed.run --standalone --nproc-per-node=2 -m -- dgnet"
    command = [sys.executable, *launcher.split(), *words(market, "run/new", *TWO_SHARDS)]
    done = subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    one = contents(here / "one" / "new")
    assert len(one) == 300 + 4
    assert contents(here / "two" / "new") == one
    assert contents(here / "run" / "new") == one
    assert not [*here.rglob(".*")]


def test_killed_and_resumed_it_is_the_same(market: Path, here: Path) -> None:
    cli.main(words(market, "whole/new", *TWO_SHARDS, "--workers", "1"))
    command = [sys.executable, "-m", "dgnet", *words(market, "new", *TWO_SHARDS, "--workers", "1")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shards = here / ".new.unfinished" / ".work" / "shards"
    while process.poll() is None and not [*shards.glob("0*.npz")]:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (here / "new").exists()
    first = next(shards.glob("0*.npz"))
    (shards / f".{first.stem}.1.partial.npz").write_bytes(b"half")  # what a killed process may leave
    cli.main(words(market, "new", *TWO_SHARDS, "--workers", "1"))
    assert contents(here / "new") == contents(here / "whole" / "new")


FULL_DISK = """
import resource, sys
from dgnet import cli
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
cli.main(sys.argv[2:])
"""


def test_a_full_disk_loses_nothing_that_is_finished(market: Path, here: Path) -> None:
    """A limit on the size of files stands for a full disk: codes are smaller than it, the first shard is not."""
    cli.main(words(market, "whole/new", *TWO_SHARDS, "--workers", "1"))
    command = words(market, "new", *TWO_SHARDS, "--workers", "1")
    codes = (
        24 * find_model("bundled-small").model.appearance_encoder.channels * 4 * 4
    )  # bytes: 24 sources, four stripes
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(codes + 20_000), *command], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "File too large" in done.stderr
    assert "keeps what is finished: the same command goes on from there" in done.stderr
    assert not (here / "new").exists()
    assert [*(here / ".new.unfinished" / ".work" / "codes").glob("*.npy")]
    cli.main(command)
    assert contents(here / "new") == contents(here / "whole" / "new")


def test_n_pictures_give_all_their_pairs_for_n_encodings(market: Path, here: Path) -> None:
    dataset = read_dataset("market1501", market)
    sources = Sources(dataset.train)
    loaded = find_model("bundled-small")
    model, size = loaded.model, loaded.config.data.size
    counted = {"appearance": 0, "structure": 0, "decoder": 0}

    def count(name: str):  # type: ignore[no-untyped-def]
        def hook(_module, inputs, _output) -> None:  # type: ignore[no-untyped-def]
            counted[name] += len(inputs[-1])

        return hook

    model.appearance_encoder.backbone.register_forward_hook(count("appearance"))
    model.structure_encoder.register_forward_hook(count("structure"))
    model.decoder.register_forward_hook(count("decoder"))
    work = WorkFolder(here / "work")
    work.prepare()
    crops = np.random.default_rng(0).integers(0, 256, (len(sources), *size, 3), dtype=np.uint8)
    recipe = Recipe(10_000, near=0)
    artist = Artist(model, crops, recipe, [str(k) for k in range(len(sources))], {})
    planned = Planner(sources, recipe).round(10_000)
    for task in (*planned.codes, *planned.shards):
        do(task, artist, work)
    assert counted == {"appearance": 24, "structure": 24, "decoder": 24 * 18}


@pytest.mark.parametrize("pairs", ["cross_camera", "hardest", "balanced"])
def test_rules_and_filters_are_followed(pairs: str, market: Path, here: Path) -> None:
    cli.main(words(market, "new", "--count", "24", "--pairs", pairs, "--keep_rank", "1", "--identity", "structure"))
    rows = read_rows(here / "new" / "manifest.parquet")
    assert {row["identity_rank"] for row in rows} == {1}
    assert all(-1 <= row["identity_similarity"] <= 1 for row in rows)  # type: ignore[operator]
    assert all(row["pid"] == row["structure_pid"] != row["clothes_id"] for row in rows)
    assert min(row["changed"] for row in rows) >= 2  # type: ignore[type-var]
    if pairs == "cross_camera":
        assert all(str(row["appearance"]).split("_c")[1][0] != str(row["camid"]) for row in rows)


def test_folders_of_images_and_tars(market: Path, here: Path) -> None:
    for layout in LAYOUTS:
        cli.main(words(market, layout, "--count", "12", "--format", layout))
    plain, folder, tars = (
        read_rows(here / name / "manifest.parquet") for name in ("market1501", "imagefolder", "webdataset")
    )
    for other in (folder, tars):
        assert [{**row, "path": ""} for row in other] == [{**row, "path": ""} for row in plain]
    lines = [json.loads(line) for line in (here / "imagefolder" / "train" / "metadata.jsonl").read_text().splitlines()]
    assert [f"train/{line['file_name']}" for line in lines] == [row["path"] for row in folder]
    with tarfile.open(here / "webdataset" / "train-000000.tar") as tar:
        names = tar.getnames()
        assert names == [name for k in range(12) for name in (f"{k:08d}.jpg", f"{k:08d}.json")]
        for row, twin in zip(tars, plain, strict=True):
            file = tar.extractfile(str(row["path"]).partition("/")[2])
            assert file is not None
            data = file.read()
            assert data == (here / "market1501" / str(twin["path"])).read_bytes()
            Image.open(io.BytesIO(data)).verify()


def test_fewer_pairs_than_images_are_said(market: Path, here: Path, caplog: pytest.LogCaptureFixture) -> None:
    cli.main(words(market, "new", "--count", "500", "--near", "0"))
    assert len(read_rows(here / "new" / "manifest.parquet")) == 24 * 18
    assert "432 images instead of 500: there are no more pairs" in caplog.text


def test_one_bad_file_among_many_is_named_and_nothing_is_made(
    market: Path, here: Path, refused: Callable[[list[str]], str]
) -> None:
    shutil.copytree(market, here / "copy")
    bad = next((here / "copy" / "bounding_box_train").iterdir())
    bad.write_bytes(bad.read_bytes()[:300])
    assert bad.name in refused(words(here / "copy", "new", "--count", "10"))
    assert sorted(path.name for path in here.iterdir()) == ["copy"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--out", "full"], "--out: full exists and is not empty: name a new folder"),
        (["--out", "file"], "--out: file is a file, must be a folder"),
        (["--share", "2", "--identity", "both"], "--share: found 2.0, must be between 0 and 1"),
        (["--keep_rank", "9"], "--keep_rank: found 9, but there are only 4 people"),
        (["--min_realism", "0.5"], "--discriminator: bundled-small has none"),
        (["--split", "query", "--near", "250"], "no image is left"),
        (["--judge", "nowhere", "--keep_rank", "1"], "nowhere: no such file or folder"),
    ],
)
def test_what_cannot_be_made_is_said(
    more: list[str], message: str, market: Path, here: Path, refused: Callable[[list[str]], str]
) -> None:
    (here / "full").mkdir()
    (here / "full" / "mine.txt").write_text("mine")
    (here / "file").write_text("mine")
    assert message in refused([*words(market, "new", "--count", "5"), *more])
    assert (here / "full" / "mine.txt").read_text() == (here / "file").read_text() == "mine"
    assert not (here / "new").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--share", "0.9"], "--share: nothing uses it without --identity both; give that too"),
        (["--judge", "bundled"], "--judge: nothing uses it without --keep_rank or --pairs hardest"),
        (["--discriminator", "runs/x"], "--discriminator: nothing uses it without --min_realism"),
    ],
)
def test_options_that_nothing_uses_are_refused(
    more: list[str], message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([*words(here, "new", "--count", "5"), *more])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_an_unfinished_set_of_other_settings_is_not_mixed_in(
    market: Path, here: Path, refused: Callable[[list[str]], str]
) -> None:
    refused(words(market, "new", "--count", "5", "--near", "250"))
    shown = refused(words(market, "new", "--count", "6"))
    assert "holds an unfinished data set of other settings (count 5 there, 6 here, near 250.0 there, 2.0 here)" in shown
