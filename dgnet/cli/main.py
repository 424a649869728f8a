"""The command line: `dgnet train | evaluate | compare | swap | data | import | export | bench`.

Heavy imports happen inside the commands, so that `--help` is instant.
"""

from __future__ import annotations

import difflib
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence

from dgnet.cli.bench import bench_data, bench_evaluate, bench_step
from dgnet.cli.data import data_mannequin, data_prepare, data_verify
from dgnet.cli.evaluate import compare, evaluate
from dgnet.cli.models import export_onnx, import_official, swap
from dgnet.cli.train import train

HELP = """\
dgnet recognises people across cameras and draws them, in one network.

  dgnet train PRESET          teacher, joint training, evaluation and report, in one go
  dgnet evaluate RUN          measure a run again, or on other data; or an ONNX file, or features of any model
  dgnet compare RUNS...       several runs on one page; seeds averaged
  dgnet swap RUN IMAGES...    everyone in everyone's clothes, as one picture
  dgnet data verify ROOT      what data set is this, and is it whole?
  dgnet data mannequin        render a synthetic data set of any size
  dgnet import official ...   convert the authors' released checkpoints
  dgnet export onnx RUN       the re-id features for other programs
  dgnet bench step            how fast this machine trains; also: bench data, bench evaluate

`dgnet COMMAND --help` says more. A first run, minutes on two CPU cores: dgnet train mannequin"""

COMMANDS: dict[tuple[str, ...], Callable[[Sequence[str]], None]] = {
    ("train",): train,
    ("evaluate",): evaluate,
    ("compare",): compare,
    ("swap",): swap,
    ("data", "verify"): data_verify,
    ("data", "prepare"): data_prepare,
    ("data", "mannequin"): data_mannequin,
    ("import", "official"): import_official,
    ("export", "onnx"): export_onnx,
    ("bench", "step"): bench_step,
    ("bench", "data"): bench_data,
    ("bench", "evaluate"): bench_evaluate,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the arguments name; what a user did wrong ends in one message, not in a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        print(HELP)
        return
    for length in (2, 1):
        command = COMMANDS.get(tuple(words[:length]))
        if command:
            break
    else:
        known = [" ".join(name) for name in COMMANDS]
        given = " ".join(words[:2] if words[0] in ("data", "import", "export", "bench") else words[:1])
        close = difflib.get_close_matches(given, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        print(f"dgnet: no command {given!r}.{hint}\n\n{HELP}", file=sys.stderr)
        raise SystemExit(2)
    # Of the processes that torchrun starts, the first says what goes on; the others speak of trouble alone.
    level = logging.INFO if os.environ.get("RANK", "0") == "0" else logging.ERROR
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)
    warnings.filterwarnings("ignore", module="jsonargparse")
    try:
        command(words[length:])
    except (ValueError, OSError, RuntimeError, ModuleNotFoundError) as error:
        if is_a_bug(error):
            raise
        print(f"dgnet: {error}", file=sys.stderr)
        raise SystemExit(1) from error
    except KeyboardInterrupt as stop:
        print(f"\ndgnet: {stop or 'interrupted'}", file=sys.stderr)
        raise SystemExit(130) from stop


def is_a_bug(error: Exception) -> bool:
    """Whether an exception is ours to mend, rather than a message to the user.

    Ours carry a class of dgnet's; so do problems of the system (OSError) and a package that is not installed.
    """
    return not (isinstance(error, OSError | ModuleNotFoundError) or type(error).__module__.startswith("dgnet."))
