"""The steps from nothing to the bundled model, read from a file and run one after another."""

from __future__ import annotations

import shlex
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dgnet.errors import DgnetError

RECIPE: Final = Path(__file__).with_name("recipe.toml")
PROGRAMS: Final = {"dgnet": ("-m", "dgnet"), "torchrun": ("-m", "torch.distributed.run")}


class RecipeError(DgnetError, ValueError):
    """A recipe that cannot be followed, or a step of it that failed."""


@dataclass(frozen=True)
class Step:
    """A command, run in the working folder; it is done where the file or folder `makes` exists there."""

    makes: str
    command: str


@dataclass(frozen=True)
class Recipe:
    """How the bundled model is made.

    Args:
        steps: in their order.
        people: a folder of rendered people, whose true swaps are measured beside the bundled edition's.
        mean_of: the model files whose weights are averaged; the settings are those of the last.
        card: text for the model's card, by heading.
    """

    steps: tuple[Step, ...]
    people: str
    mean_of: tuple[str, ...]
    card: Mapping[str, str]

    @property
    def commands(self) -> str:
        """All commands, and what is averaged, as one line."""
        mean = f"; the mean of the weights of {' and '.join(self.mean_of)}" if len(self.mean_of) > 1 else ""
        return "; ".join(step.command for step in self.steps) + mean


def read_recipe(path: Path) -> Recipe:
    """Read a recipe's file. Raises RecipeError naming what is wrong in it."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        steps = tuple(Step(str(one["makes"]), _one_line(one["command"])) for one in found["steps"])
        card = {str(heading): _one_line(text) for heading, text in found["card"].items()}
        recipe = Recipe(steps, str(found["people"]), tuple(found["mean_of"]), card)
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise RecipeError(
            f"{path}: {error!r}; a recipe has people, mean_of, [card], and [[steps]] with makes and command"
        ) from error
    for step in steps:
        if step.command.partition(" ")[0] not in PROGRAMS:
            raise RecipeError(f"{path}: found the command {step.command!r}, must begin with {' or '.join(PROGRAMS)}")
    if not recipe.mean_of:
        raise RecipeError(f"{path}: mean_of is empty; name the model files to average, or the one to take")
    return recipe


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def follow(recipe: Recipe, work: Path) -> None:
    """Run in `work` each step whose result is not there. Raises RecipeError where one fails or does not make it."""
    work.mkdir(parents=True, exist_ok=True)
    for number, step in enumerate(recipe.steps, start=1):
        head = f"[{number}/{len(recipe.steps)}]"
        if (work / step.makes).exists():
            print(f"{head} {step.makes} is there", flush=True)
            continue
        print(f"{head} {step.command}", flush=True)
        program, *arguments = shlex.split(step.command)
        status = subprocess.run([sys.executable, *PROGRAMS[program], *arguments], cwd=work, check=False).returncode
        if status:
            raise RecipeError(f"{step.command}: ended with status {status}; run tools.bundle again to go on from there")
        if not (work / step.makes).exists():
            raise RecipeError(f"{step.command}: ended well, but {work / step.makes} is not there; correct `makes`")
