"""`dgnet train PRESET`: the preset, its first argument, gives the defaults of all options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from dgnet.cli.parser import HelpFormatter, OptionError, add_also, as_plain, count, parser_of
from dgnet.config import DATA_PRESETS, MODIFIERS, RunConfig, flatten, from_dict, preset, to_dict


def presets_help() -> str:
    """One line per preset and per modifier, from their docstrings."""

    def lines(functions: dict[str, Callable[..., RunConfig]]) -> str:
        return "\n".join(f"  {name:<12} {(f.__doc__ or '').strip().splitlines()[0]}" for name, f in functions.items())

    return (
        "PRESET is DATA[+MODIFIER...], such as market1501+small or mannequin+no_feed.\n\n"
        f"DATA:\n{lines(DATA_PRESETS)}\n\nMODIFIER:\n{lines(MODIFIERS)}\n\n"
        "Every setting has an option: --data.root DIR, --optim.generator_lr 2e-4, --loss.labels pseudo, ...\n"
        "--print_config shows them all, resolved."
    )


def train(arguments: Sequence[str]) -> None:
    """`dgnet train PRESET`."""
    # The defaults of all other options are the preset's, scaled to --steps, so both are read before the rest.
    asked_for_help = not arguments or arguments[0].startswith("-")
    config = preset("mannequin" if asked_for_help else arguments[0])
    steps = asked_steps(arguments)
    parser = parser_of(
        "train",
        presets_help(),
        usage="dgnet train PRESET [options]",
        formatter_class=HelpFormatter,
    )
    parser.add_argument("PRESET", help="what to train; comes first; see above")
    parser.add_argument("--out", type=Path, help="folder of the run (default: runs/PRESET-SEED)")
    parser.add_argument("--resume", action="store_true", help="continue the run in --out, if there is one")
    parser.add_argument(
        "--steps", type=count, help="joint steps; the whole schedule, the teacher's too, scales with them"
    )
    add_also(parser, "train on these data sets too (data.also); DIR alone is recognised")
    parser.add_argument("--config", action="config", help="a YAML file of settings, such as a run's config.yaml")
    parser.add_class_arguments(RunConfig)
    parser.set_defaults(flatten(to_dict(config.scaled(steps) if steps else config)))
    found = parser.parse_args(list(arguments))
    if found.steps != steps:
        parser.error(f"--steps: found {found.steps} in a file, must be an option: it scales what else the file may set")
    settings = as_plain(found, leave_out={"PRESET", "out", "resume", "steps", "config"})
    config = from_dict({**settings, "preset": found.PRESET})

    from dgnet.experiment.train import train as run

    out = found.out or Path("runs") / f"{found.PRESET}-{config.seed}"
    report = run(config, out, resume=found.resume)
    if report:  # only the first of several processes writes one
        print(f"Report: {report.resolve()}")


def asked_steps(arguments: Sequence[str]) -> int | None:
    """N of the last `--steps N` or `--steps=N`; None if there is none, or if N is invalid (the full parser says so)."""
    given = [*arguments, ""]
    said = [after if word == "--steps" else word.partition("=")[2] for word, after in pairwise(given) if is_steps(word)]
    try:
        return count(said[-1]) if said else None
    except OptionError:
        return None


def is_steps(word: str) -> bool:
    """Whether a word of the command line is the option `--steps`, alone or as `--steps=N`."""
    return word.partition("=")[0] == "--steps"
