"""`python -m tools.bundle WORK`: make the model that the package brings, all of it, with one command.

The steps of tools/bundle/recipe.toml run in the folder WORK: rendering people, training T, training DG-Net. What a step
makes is kept there, so a step that was done is left out and one that was stopped goes on. Then the weights of the
recipe's models are averaged, the result is measured, and written with its card to WORK/bundled.safetensors. It is
copied into the package with --install.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dgnet.data.store.memory import keep_freed_memory
from dgnet.errors import DgnetError
from dgnet.experiment.evaluation.transfer import parse_target
from tools.bundle.card import RealPeople
from tools.bundle.make import make
from tools.bundle.recipe import RECIPE, read_recipe


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.bundle", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("WORK", type=Path, help="a folder for what the steps make: some GB")
    parser.add_argument("--recipe", type=Path, default=RECIPE, metavar="FILE", help="other steps than the package's")
    parser.add_argument(
        "--measured-on",
        metavar="DIR",
        help="photographs of people, labelled (a folder per identity, or as `dgnet evaluate --to` takes it): the card "
        "then says how the model does on them. Nothing is trained on them",
    )
    parser.add_argument("--measured-as", metavar="TEXT", help="what the card calls them (default: the folder's name)")
    parser.add_argument("--install", action="store_true", help="replace the package's model")
    found = parser.parse_args()
    if found.measured_as and not found.measured_on:
        parser.error("--measured-as: names the people of --measured-on; give that too")
    keep_freed_memory()
    try:
        people = None
        if found.measured_on:
            called = found.measured_as or Path(found.measured_on).name
            people = RealPeople(parse_target(found.measured_on), called)
        print(make(read_recipe(found.recipe), found.WORK, people, install=found.install))
    except DgnetError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
