"""The command line: help, options that override settings, and mistakes that end in one message."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dgnet import cli
from dgnet.config import DATA_PRESETS, MODIFIERS, from_dict, preset


@pytest.mark.parametrize("command", [" ".join(words) for words in cli.COMMANDS])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([*command.split(), "--help"])
    assert stopped.value.code == 0
    assert f"dgnet {command}" in capsys.readouterr().out


@pytest.mark.parametrize("group", sorted({words[0] for words in cli.COMMANDS if len(words) > 1}))
@pytest.mark.parametrize("asking", [[], ["--help"], ["-h"]])
def test_a_group_lists_its_commands(group: str, asking: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    cli.main([group, *asking])
    shown = capsys.readouterr().out
    assert all(f"dgnet {' '.join(words)} " in shown for words in cli.COMMANDS if words[0] == group)


def test_the_help_of_train_lists_every_preset_and_modifier(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["train", "--help"])
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in (*DATA_PRESETS, *MODIFIERS))


def printed_config(capsys: pytest.CaptureFixture[str], *words: str):  # type: ignore[no-untyped-def]
    with pytest.raises(SystemExit) as stopped:
        cli.main(["train", *words, "--print_config"])
    assert stopped.value.code in (0, None)
    values = yaml.safe_load(capsys.readouterr().out)
    for name in ("PRESET", "out", "resume", "steps"):
        values.pop(name, None)
    return from_dict(values)


def test_print_config_shows_the_resolved_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed_config(capsys, "market1501") == preset("market1501")
    changed = printed_config(capsys, "market1501+small", "--optim.generator_lr=0.5", "--data.size", "[128, 64]")
    assert changed.optim.generator_lr == 0.5
    assert changed.data.size == (128, 64)
    assert changed.network == preset("market1501+small").network


def test_also_is_the_shorter_way_of_saying_data_also(capsys: pytest.CaptureFixture[str]) -> None:
    """`--also` sets `data.also`, and only `data.also` is printed."""
    config = printed_config(capsys, "market1501", "--also", "dukemtmc=A", "B", "--seed=3")
    assert (config.data.also, config.seed) == (("dukemtmc=A", "B"), 3)


@pytest.mark.parametrize("words", [("--steps", "1000"), ("--steps=1000",), ("--steps=3", "--steps", "1000")])
def test_steps_scale_the_whole_schedule(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert printed_config(capsys, "market1501", *words) == preset("market1501").scaled(1000)


def test_a_saved_configuration_can_be_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yaml").write_text("seed: 7\nloss:\n  cycle: 0.25\n")
    config = printed_config(capsys, "market1501", "--config", str(tmp_path / "mine.yaml"))
    assert (config.seed, config.loss.cycle, config.loss.image) == (7, 0.25, 5.0)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["trian"], 2, "Did you mean 'train'?"),
        (["data", "verfy"], 2, "Did you mean 'data verify'?"),
        (["train", "mannequi"], 1, "did you mean 'mannequin'?"),
        (["train", "mannequin", "--optim.generator_l", "1"], 2, "Did you mean --optim.generator_lr?"),
        (["train", "mannequin", "--loss.labels", "guess"], 2, "dynamic_soft"),
        (["train", "mannequin", "--loss.cycle", "-1"], 1, "loss.cycle: found -1.0, must be 0 or more"),
        (["train", "market1501"], 1, "data.root: empty"),
        (["train", "mannequin", "--also", "dukmtmc=x"], 1, "data.also: found 'dukmtmc=x', must be DIR or NAME=DIR"),
        (["train", "mannequin", "--also", "nowhere"], 1, "nowhere: no such folder"),
        (["train", "mannequin", "--data.store", "zip"], 2, "data.store"),
        (["train", "mannequin", "--start", "nowhere"], 1, "nowhere: no such file"),
        (["train", "mannequin", "--start", "bundled-small"], 1, "add --network.structure_width 12"),
        (["evaluate", "nowhere"], 1, "nowhere: no such file or folder"),
        (["swap", "nowhere.safetensors", "x.jpg"], 1, "nowhere.safetensors: no such file"),
        (["data", "verify", "nowhere"], 1, "nowhere"),
        (["data", "mannequin", "--out", "x", "--size", "big"], 2, "--size: found 'big'"),
        (["data", "mannequin", "--out", "x", "--per_camera", "1"], 1, "images_per_camera must be at least 2, got 1"),
        (["data", "mannequin", "--out", "x", "--ids", "1"], 1, "num_train_ids must be at least 2, got 1"),
        (["data", "mannequin", "--out", "."], 1, ". exists and is not empty: name a new folder"),
    ],
)
def test_a_mistake_ends_in_one_message(
    words: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(words)
    assert stopped.value.code == code
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown


NOWHERE = ["train", "mannequin", "--data.root", "nowhere"]  # so that what is accepted does not begin to train


@pytest.mark.parametrize("number", ["-5", "0", "x", "1.5"])
@pytest.mark.parametrize(
    ("words", "option"),
    [
        (NOWHERE, "--steps"),
        (["bench", "step"], "--steps"),
        (["bench", "data"], "--batches"),
        (["bench", "evaluate"], "--images"),
        (["bench", "evaluate"], "--queries"),
        (["bench", "evaluate"], "--gallery"),
    ],
)
def test_case_31_a_count_is_at_least_1(
    words: list[str], option: str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([*words, f"{option}={number}"])
    assert stopped.value.code == 2
    shown = capsys.readouterr().err
    assert f"{option}: found {number}, must be a whole number, at least 1\n" in shown
    assert "Did you mean" not in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["bench", "step", "--precision", "fp12"],
            "--precision: found fp12, must be one of 'auto', 'fp32', 'bf16'\n",
        ),
        (["evaluate", "x", "--denominator", "most"], "--denominator: invalid choice: 'most'"),
        ([*NOWHERE, "--execution", "fast"], "--execution: found fast, must be one of 'plain', 'compile', 'recompute',"),
        ([*NOWHERE, "--seed", "x"], "--seed: found x, must be a whole number\n"),
        ([*NOWHERE, "--loss.cycle", "true"], "--loss.cycle: found True, must be a number\n"),
        ([*NOWHERE, "--network.dilations", "[1, 2]"], "--network.dilations: found [1, 2], must be a list of 3 values"),
        ([*NOWHERE, "--steps"], "--steps: expected one argument\n"),
    ],
)
def test_case_31_a_wrong_value_is_not_told_its_own_option(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(words)
    assert stopped.value.code == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert "Did you mean" not in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--recompute", "true"], "Write --execution recompute"),
        (["--cuda_graphs=true"], "Write --execution cuda_graphs"),
        (["--loss.redrawn", "3"], "Write --loss.redressed"),
        (["--config", "recompute: true"], "Write execution: recompute"),
        (["--config", "loss: {redrawn: 3.0}"], "Write loss.redressed"),
        (["--config", "network: {backbone: {widht: 3}}"], "Did you mean network.backbone.width?"),
        (["--config", "seed: x"], "--seed: found x, must be a whole number"),
        (["--config", "steps: -5"], 'steps": found -5, must be a whole number, at least 1'),
        (["--config", "steps: 5"], "--steps: found 5 in a file, must be an option"),
    ],
)
def test_a_setting_of_before_or_a_mistyped_one_names_the_right_one(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if words[0] == "--config":
        (tmp_path / "mine.yaml").write_text(words[1])
        words = ["--config", str(tmp_path / "mine.yaml")]
    with pytest.raises(SystemExit) as stopped:
        cli.main([*NOWHERE, *words])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seed", "-1"], "seed: found -1, must be from 0 to 2^63 - 1"),
        (["--loss.cycle", ".nan"], "loss.cycle: found nan, must be a finite number, 0 or more"),
        (["--optim.betas", "[0.5, 2]"], "optim.betas: found (0.5, 2.0), must be in [0, 1) each"),
        (
            ["--teacher.backbone.layers", "[1, 1, 0, 1]"],
            "teacher.backbone.layers: found (1, 1, 0, 1), must",
        ),
        (["--execution", "cuda_graphs", "--device", "cpu"], "execution: found 'cuda_graphs'"),
    ],
)
def test_a_setting_out_of_its_range_is_named(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([*NOWHERE, *words])
    assert stopped.value.code == 1
    assert message in capsys.readouterr().err


def test_verifying_says_whether_training_may_start(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, code, last in (
        ([str(market)], 0, "ready to train"),
        ([str(market / "query"), "--name=folder", "--pattern", r"(?P<pid>5)"], 1, "dgnet: "),
        (
            [str(market / "query"), "--name=folder", "--pattern", r"(?P<pid>\d)0*\d_c(?P<camid>\d)"],
            1,
            "not ready to train",
        ),
    ):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["data", "verify", *words])
        assert stopped.value.code == code
        printed = capsys.readouterr()
        assert (printed.out or printed.err).splitlines()[-1].startswith(last)


def test_help_loads_no_torch() -> None:
    code = "import sys; from dgnet.cli import main; main(['--help']); assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ["generate", "grid", "bundled"],
        ["generate", "cases", "bundled"],
        ["generate", "dataset", "bundled", "--count", "1", "--out", "x"],
        ["generate", "report", "bundled", "x"],
        ["gallery", "calibrate", "x.db"],
        ["adapt", "bundled", "x", "--out", "y"],
        ["data", "mannequin", "--out", "x"],
    ],
)
@pytest.mark.parametrize("seed", ["-1", "x", "1.5"])
def test_a_seed_is_a_whole_number_of_at_least_0(
    words: list[str], seed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([*words, "--seed", seed])
    assert stopped.value.code == 2
    assert f"--seed: found {seed}, must be a whole number, at least 0" in capsys.readouterr().err
