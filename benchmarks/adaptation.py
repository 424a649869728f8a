"""What adaptation without labels gives: each form, each seed, judged by labels on people who are held out.

    python benchmarks/adaptation.py folder=PEOPLE --start bundled --out runs/adaptation -- --adapt.epochs 20

PEOPLE is a data set with labels, as `dgnet adapt` takes it; of a folder with one folder per person, 100 people are held
out. Labels only judge. What follows `--` goes to every `dgnet adapt`. A run that is finished is read, one that was
stopped goes on, so the same command may be given until all is done. The last column is mAP (AP step) of the kept epoch
less that of the start; what is printed last is its mean per form, and how much more the generator gives.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from dgnet.experiment.run_folder import RunFolder

FORMS = {"plain": "false", "generator": "true"}


def adapted(folder: RunFolder, start: str, crops: str, form: str, seed: int, more: list[str]) -> dict[str, float]:
    """Figures of one run, which is made or finished if need be."""
    if not folder.adaptation_results.exists():
        words = ["adapt", start, crops, f"--out={folder}", f"--generate={FORMS[form]}", f"--seed={seed}", "--resume"]
        subprocess.run([sys.executable, "-m", "dgnet", *words, *more], check=True)
    found = json.loads(folder.adaptation_results.read_text(encoding="utf-8"))
    epochs = {line["step"]: line for line in found["epochs"]}
    first, kept, last = epochs[0], epochs[found["kept"]], epochs[max(epochs)]
    return {
        "epochs": last["step"],
        "kept": found["kept"],
        "minutes": last["seconds"] / 60,
        "clusters": kept["clusters"],
        "purity": kept["purity"],
        "start": first["map"],
        "mAP": kept["map"],
        "last": last["map"],
        "gain": kept["map"] - first["map"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crops", help="a data set with labels: NAME=DIR")
    parser.add_argument("--start", default="bundled", help="the model to start from")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs' folders")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    asked, more = parser.parse_args(sys.argv[1:end]), sys.argv[end + 1 :]
    gains: dict[str, list[float]] = {}
    for seed in asked.seeds:
        for form in asked.forms:
            figures = adapted(RunFolder(asked.out / f"{form}-{seed}"), asked.start, asked.crops, form, seed, more)
            gains.setdefault(form, []).append(figures["gain"])
            print(f"{form} seed {seed}", *(f"{name} {value:.4g}" for name, value in figures.items()), flush=True)
    for form, found in gains.items():
        print(f"{form}: mAP {np.mean(found):+.3f} (from {min(found):+.3f} to {max(found):+.3f}, {len(found)} seeds)")
    if len(gains) == len(FORMS):
        print(f"generator less plain: {np.mean(gains['generator']) - np.mean(gains['plain']):+.3f}")


if __name__ == "__main__":
    main()
