"""A run begun by an older version, in which settings and modules had other names, is continued."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from dgnet.config import RunConfig
from dgnet.experiment.run_folder import RunFolder
from dgnet.experiment.train import train

OLDER = Path(__file__).with_name("run_of_an_older_version")  # stopped after 5 of 8 steps, by the settings of `config`


@pytest.mark.e2e
def test_a_run_of_an_older_version_goes_on(market: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(OLDER, run)
    saved: RunConfig = RunFolder(run).load_config()
    here = replace(saved, data=replace(saved.data, root=str(market), cache=str(tmp_path / "cache")))
    page = train(here, run, resume=True)
    assert page is not None
    assert page.is_file()
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if line["phase"] == "joint"] == [2, 4, 5, 6, 8]
    assert (run / "checkpoints/step_0000008.safetensors").is_file()
