"""`python -m tools.mutants [MODULE ...]`: find changes to these modules (by default all targets) that no test notices.

A mutant is a module with one change. It is killed if a test fails on it; else it survives. Results are kept in
build/mutants.jsonl. A mutant killed before counts as killed as long as its module is unchanged; those that survived
are tried again, with the tests of today. `--fresh` tries all again. `--at-most N` tries N mutants of each module:
always the same ones, and a greater N adds to them. `--list` only prints the mutants. The exit status is 1 if a mutant
survives that tools/mutants/equal.toml does not list as equal (it computes the same as the unchanged module).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

from tools.mutants.operators import Mutant, mutants_of
from tools.mutants.runner import outcome, prepare
from tools.mutants.targets import TARGETS

KEPT = Path("build/mutants.jsonl")
LOG = Path("build/mutants.log")
EQUAL = Path(__file__).with_name("equal.toml")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__.split("\n\n")[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="a path such as dgnet/losses/labels.py")
    parser.add_argument("--fresh", action="store_true", help="try again what was killed before")
    parser.add_argument("--at-most", type=int, metavar="N", help="try N mutants of each module, drawn evenly")
    parser.add_argument("--list", action="store_true", help="print the mutants and try none")
    parser.add_argument("--limit", type=int, default=120, help="processor seconds that one mutant's tests may take")
    options = parser.parse_args()
    unknown = [path for path in options.modules if path not in TARGETS]
    if unknown:
        parser.error(f"no tests are named for {', '.join(unknown)} in tools/mutants/targets.py")
    equal = {name for group in tomllib.loads(EQUAL.read_text())["group"] for name in group["mutants"]}
    known = {} if options.fresh else _known()
    bad = 0
    for path in options.modules or TARGETS:
        source = Path(path).read_text()
        mutants = mutants_of(path, source)
        for name in sorted(name for name in equal - {mutant.name for mutant in mutants} if name.startswith(f"{path}:")):
            print(f"{EQUAL}: there is no such mutant (any more): {name}", file=sys.stderr)
        mutants = _drawn(mutants, options.at_most)
        if options.list:
            print("\n".join(f"{mutant.line}: {mutant.name}" for mutant in mutants))
            continue
        bad += _try_module(path, source, mutants, equal, known, options.limit)
    return 1 if bad else 0


def _try_module(
    path: str, source: str, mutants: list[Mutant], equal: set[str], known: dict[str, str], limit: int
) -> int:
    """Try a module's mutants, print the survivors and a line of counts; return the number of survivors."""
    version = hashlib.sha256(source.encode()).hexdigest()
    begin, counts = time.monotonic(), Counter[str]()
    if prepare(TARGETS[path]):
        sys.exit(f"{path}: its tests fail as it is")
    LOG.parent.mkdir(exist_ok=True)
    for mutant in mutants:
        key = _hash(mutant)
        if mutant.name in equal:
            counts["equal"] += 1
            continue
        found = known.get(f"{version} {key}", "survived")
        if found == "survived":
            found = outcome(path, mutant.source, TARGETS[path], LOG, limit)
            with KEPT.open("a") as file:
                file.write(json.dumps({"of": version, "mutant": key, "outcome": found, "name": mutant.name}) + "\n")
        counts[found] += 1
        if found == "survived":
            print(f"{path}:{mutant.line} {mutant.function}\n  - {mutant.before}\n  + {mutant.after}", flush=True)
    print(
        f"{path}: {len(mutants)} mutants, {counts['killed']} killed, {counts['timeout']} out of time, "
        f"{counts['survived']} survived, {counts['equal']} equal; {time.monotonic() - begin:.0f} s",
        flush=True,
    )
    return counts["survived"]


def _drawn(mutants: list[Mutant], at_most: int | None) -> list[Mutant]:
    """The `at_most` mutants with the least hashes, in the order of their lines; all if `at_most` is None."""
    chosen = sorted(mutants, key=_hash)[:at_most]
    return sorted(chosen, key=lambda mutant: mutant.line)


def _hash(mutant: Mutant) -> str:
    return hashlib.sha256(mutant.source.encode()).hexdigest()


def _known() -> dict[str, str]:
    lines = KEPT.read_text().splitlines() if KEPT.exists() else []
    results = [json.loads(line) for line in lines]
    return {f"{result['of']} {result['mutant']}": result["outcome"] for result in results}


if __name__ == "__main__":
    sys.exit(main())
