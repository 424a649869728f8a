"""Two processes equal one that averages the gradients of both batches; whole runs under torchrun; a killed process."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.optim import Optimizer

from dgnet.config import RunConfig, to_dict
from dgnet.files.tensors import read_tensors
from dgnet.training import joining
from dgnet.training.batch import Networks
from dgnet.training.checkpoint import latest_checkpoint
from dgnet.training.distributed import World, WorldError
from dgnet.training.joining import joined, world_of
from dgnet.training.log import read_log
from dgnet.training.optim.optimizers import Optimizers, build_optimizers

SCRIPT = Path(__file__).with_name("one_of_two.py")
_spec = importlib.util.spec_from_file_location("one_of_two", SCRIPT)
assert _spec
assert _spec.loader
one_of_two = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(one_of_two)


class InsteadOf:
    """Takes an optimiser's place within a step: clears gradients, and calls a function in place of the update."""

    def __init__(self, real: Optimizer, step) -> None:  # type: ignore[no-untyped-def]
        self.zero_grad, self.step = real.zero_grad, step


def parameters_of(optimizer: Optimizer) -> list[nn.Parameter]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def gradients_of(optimizers: list[Optimizer]) -> list[Tensor | None]:
    return [None if p.grad is None else p.grad.clone() for o in optimizers for p in parameters_of(o)]


def step_with_mean(optimizers: list[Optimizer], gradients: list[list[Tensor | None]]) -> None:
    """Update with the mean of the gradients of several batches."""
    parameters = [p for o in optimizers for p in parameters_of(o)]
    for parameter, *found in zip(parameters, *gradients, strict=True):
        parameter.grad = None if found[0] is None else sum(found) / len(found)  # type: ignore[arg-type]
    for optimizer in optimizers:
        optimizer.step()


Statistics = dict[str, torch.Tensor]


def running_statistics(networks: Networks) -> Statistics:
    return {name: value.clone() for name, value in networks.model.state_dict().items() if "running" in name}


def one_process_takes_both(
    networks: Networks, optimizers: Optimizers, config: RunConfig, step: int, statistics: list[Statistics]
) -> None:
    """Take one step in this process with both ranks' batches and the mean of their gradients.

    First both batches are run until D's gradients are there, and D is updated. Then both are run to the end with the
    new D, and the other networks are updated. Each rank keeps its own running statistics, by which its codes are
    normalised.
    """
    D, before = networks.discriminator, one_of_two.state_of(networks)
    others = [optimizer for name, optimizer in optimizers.named().items() if name != "discriminator"]

    def restore(rank: int) -> None:
        for name, module in (("model.", networks.model), ("discriminator.", D)):
            module.load_state_dict({k.removeprefix(name): v for k, v in before.items() if k.startswith(name)})
        networks.model.load_state_dict(statistics[rank], strict=False)

    def stop() -> None:
        raise StopIteration

    gradients = []
    for rank in range(2):
        restore(rank)
        halted = replace(optimizers, discriminator=InsteadOf(optimizers.discriminator, stop))
        with pytest.raises(StopIteration):
            one_of_two.take(networks, halted, config, step, rank)
        gradients.append(gradients_of([optimizers.discriminator]))
    step_with_mean([optimizers.discriminator], gradients)
    after = {name: value.clone() for name, value in D.state_dict().items()}

    gradients = []
    for rank in range(2):
        restore(rank)
        unmoved = {name: InsteadOf(optimizer, lambda: None) for name, optimizer in optimizers.named().items()}
        unmoved["discriminator"] = InsteadOf(optimizers.discriminator, lambda: D.load_state_dict(after))
        recording = Optimizers(**unmoved)  # type: ignore[arg-type]
        one_of_two.take(networks, recording, config, step, rank)
        gradients.append(gradients_of(others))
        statistics[rank] = running_statistics(networks)
    step_with_mean(others, gradients)


def test_two_processes_are_one_that_averages_both_batches_gradients(config: RunConfig, tmp_path: Path) -> None:
    words = [str(tmp_path / "meeting"), json.dumps(to_dict(config))]
    started = [
        subprocess.Popen([sys.executable, str(SCRIPT), str(rank), *words, str(tmp_path / f"{rank}.safetensors")])
        for rank in range(2)
    ]
    networks = one_of_two.build(config, seed=0)
    initial = one_of_two.state_of(networks)
    optimizers = build_optimizers(networks.model, networks.discriminator, config.optim)
    statistics = [running_statistics(networks)] * 2
    for step in range(one_of_two.STEPS):
        one_process_takes_both(networks, optimizers, config, step, statistics)
    agreed = {name: (statistics[0][name] + statistics[1][name]) / 2 for name in statistics[0]}
    networks.model.load_state_dict(agreed, strict=False)
    expected = one_of_two.state_of(networks)
    assert [process.wait() for process in started] == [0, 0]
    for rank in range(2):
        found = load_file(tmp_path / f"{rank}.safetensors")
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=0, atol=1e-6, msg=lambda text, n=name: f"{n}: {text}")
    moved = [name for name, value in expected.items() if not torch.equal(value, initial[name])]
    assert len(moved) > 0.9 * len(expected)


def test_alone_nothing_is_hooked_or_changed() -> None:
    world, layer = World(), nn.Linear(2, 2)
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    world.average_before_step([optimizer])
    assert not optimizer._optimizer_step_pre_hooks
    before = layer.weight.detach().clone()
    world.average([layer.weight])
    world.broadcast([layer])
    assert torch.equal(layer.weight, before)
    assert world.mean({"a": 2.0}) == {"a": 2.0}
    assert (world.any(True), world.any(False), world.leads) == (True, False, True)


COMPLETE = {"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29555"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (dict.fromkeys(("RANK", "LOCAL_RANK", "MASTER_PORT")), "WORLD_SIZE says 2 processes, but RANK, "),
        ({"LOCAL_RANK": None}, "WORLD_SIZE says 2 processes, but LOCAL_RANK is not set"),
        ({"MASTER_ADDR": None, "MASTER_PORT": ""}, "WORLD_SIZE says 2 processes, but MASTER_ADDR, MASTER_PORT are "),
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE: found 'two', must be a whole number, 1 or more"),
        ({"WORLD_SIZE": "0"}, "WORLD_SIZE: found '0', must be a whole number, 1 or more"),
        ({"WORLD_SIZE": "-2"}, "WORLD_SIZE: found '-2'"),
        ({"WORLD_SIZE": "2.0"}, "WORLD_SIZE: found '2.0'"),
        ({"RANK": "2"}, r"RANK: found '2', must be a whole number, 0 to 1 \(WORLD_SIZE 2\)"),
        ({"RANK": "-1"}, "RANK: found '-1', must be a whole number, 0 to 1"),
        ({"LOCAL_RANK": "2"}, "LOCAL_RANK: found '2', must be a whole number, 0 to 1"),
        ({"LOCAL_RANK": "gpu"}, "LOCAL_RANK: found 'gpu'"),
        ({"MASTER_PORT": "http"}, "MASTER_PORT: found 'http', must be a whole number, 1 to 65535"),
        ({"MASTER_PORT": "70000"}, "MASTER_PORT: found '70000'"),
        ({"WORLD_SIZE": "1", "RANK": "3"}, r"RANK: found '3', must be a whole number, 0 \(one process alone\)"),
        ({"WORLD_SIZE": None, "RANK": "1"}, r"RANK: found '1', must be a whole number, 0 \(WORLD_SIZE is not set\)"),
        ({"WORLD_SIZE": "1", "LOCAL_RANK": "1"}, "LOCAL_RANK: found '1'"),
        ({"TORCHELASTIC_RESTART_COUNT": "x"}, "TORCHELASTIC_RESTART_COUNT: found 'x'"),
    ],
)
def test_case_24_an_environment_that_torchrun_did_not_make_is_told(change: dict[str, str | None], said: str) -> None:
    environment = {name: value for name, value in {**COMPLETE, **change}.items() if value is not None}
    with pytest.raises(WorldError, match=rf"^{said}.*torchrun --nproc-per-node"):
        world_of(environment)


def test_the_environment_of_torchrun_and_that_of_one_process() -> None:
    assert world_of(COMPLETE) == World(0, 2, 0)
    again = {**COMPLETE, "RANK": "1", "LOCAL_RANK": "1", "TORCHELASTIC_RESTART_COUNT": "2"}
    assert world_of(again) == World(1, 2, 1, restarted=True)
    for alone in ({}, {"WORLD_SIZE": "1"}, {"WORLD_SIZE": "1", "RANK": "0", "LOCAL_RANK": "0"}, {"WORLD_SIZE": ""}):
        assert world_of(alone) == World()


@pytest.mark.parametrize("change", [{}, {"RANK": "1", "LOCAL_RANK": "1"}, {"RANK": "1", "MASTER_ADDR": "nowhere.test"}])
def test_case_24_a_world_that_never_meets_says_so(change: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of two waits for the second, and the second looks for the first."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    for name, value in {**COMPLETE, "MASTER_PORT": port, **change}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(joining, "MEETING", timedelta(seconds=1))
    with pytest.raises(WorldError, match=r"^WORLD_SIZE: 2 processes should meet at .*torchrun"), joined():
        pass


def torchrun(config_file: Path, out: Path, *words: str) -> list[str]:
    launcher = "-m torch.distributed.run --standalone --nproc-per-node=2 -m -- dgnet train market1501+small"
    return [sys.executable, *launcher.split(), f"--config={config_file}", f"--out={out}", *words]


@pytest.mark.e2e
def test_torchrun_trains_survives_a_killed_worker_and_resumes(config: RunConfig, tmp_path: Path) -> None:
    settings = tmp_path / "run.yaml"
    values = {**to_dict(config), "preset": "market1501+small", "checkpoint_every": 1}
    values["schedule"]["steps"] = 30
    settings.write_text(json.dumps(values))  # JSON is YAML
    out, checkpoints = tmp_path / "run", tmp_path / "run/checkpoints"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        torchrun(settings, out), env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as job:
        while job.poll() is None and len(list(checkpoints.glob("step_*.safetensors"))) < 2:
            time.sleep(0.05)
        children = Path(f"/proc/{job.pid}/task/{job.pid}/children").read_text().split()
        os.kill(int(children[-1]), signal.SIGKILL)
        said = job.communicate()[0]
    assert job.returncode not in (0, None), said
    assert "SIGKILL" in said or "exitcode: -9" in said
    found = latest_checkpoint(checkpoints)
    assert found
    read_tensors(found)

    done = subprocess.run(
        torchrun(settings, out, "--resume"), env=environment, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Report: ") == 1
    assert (out / "report.html").exists()
    joint = [row["step"] for row in read_log(out / "log.jsonl") if row["phase"] == "joint"]
    assert joint == sorted(set(joint))
    assert joint[-1] == 30
    assert read_tensors(checkpoints / "step_0000030.safetensors")[1]["processes"] == "2"
