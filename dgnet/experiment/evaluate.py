"""`dgnet evaluate`: a run's figures again, or on another data set (direct transfer)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dgnet.config import DataConfig, from_dict, to_dict
from dgnet.experiment.setup import load_config, open_data, pick_device
from dgnet.experiment.train import MODEL, evaluate_run
from dgnet.models.weights import load_model


def evaluate(run: Path, out: Path, name: str = "", root: str = "", device: str = "auto") -> Path:
    """Measure the model and the teacher in `run`; write `results.json`, `tables/` and `report.html` into `out`.

    A folder of imported files has no `config.yaml`; its model says what it was made under, and `root` is then needed.

    Args:
        name, root: another data set; empty means the one trained on, where it was.

    Returns:
        The report's path.
    """
    saved, imported = run / "config.yaml", run / MODEL
    config = load_model(imported).config if imported.exists() and not saved.exists() else load_config(run)
    if name or root:
        values = {**to_dict(config)["data"], "name": name or config.data.name, "root": root, "also": []}
        data: DataConfig = from_dict(values, DataConfig, "data.")
        config = replace(config, data=data)
    return evaluate_run(config, open_data(config), run, out, pick_device(device))
