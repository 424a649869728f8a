"""The loop that all trainings share: what it logs and shows, and that stopping at any step changes nothing."""

from __future__ import annotations

import copy
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from dgnet.config import RunConfig
from dgnet.data.people import Group, Identity, People
from dgnet.data.records import DataError
from dgnet.files.tensors import read_tensors, write_tensors
from dgnet.models.appearance import Teacher
from dgnet.training.batch import Networks
from dgnet.training.checkpoint import CheckpointError, latest_checkpoint
from dgnet.training.distributed import World
from dgnet.training.feed import Feed
from dgnet.training.joint import train_joint
from dgnet.training.log import read_log
from dgnet.training.session import Context, NamedTerms, Regular, Session
from dgnet.training.stop import Interrupted
from dgnet.training.teacher import train_teacher

STEPS = 6
PEOPLE = People((Group("noise", tuple(Identity(name, 4, name) for name in "abcd")),), "order")


def context_of(config: RunConfig, folder: Path) -> Context:
    autocast = torch.autocast("cpu", enabled=False)
    return Context(config, PEOPLE, folder / "states", folder / "log.jsonl", autocast, World())


class Line:
    """A training of one number, by noise from torch's generator."""

    def __init__(self, context: Context, stop_in: int | None = None) -> None:
        self.layer, self.stop_in, self.seen = nn.Linear(1, 1), stop_in, list[tuple[str, int]]()
        for parameter in self.layer.parameters():
            nn.init.ones_(parameter)
        self.optimizer = torch.optim.SGD(self.layer.parameters(), lr=0.1, momentum=0.9)
        self.session = Session("line", STEPS, {"line": self.layer}, {"line": self.optimizer}, context)

    def take(self, step: int) -> NamedTerms:
        if step == self.stop_in:
            signal.raise_signal(signal.SIGTERM)
        loss = self.layer(torch.randn(3, 1)).square().mean()
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.optimizer.step()
        return [("loss", loss.detach())]

    def run(self) -> dict[str, Tensor]:
        def often(done: int) -> dict[str, float]:
            self.seen.append(("often", done))
            return {"map": float(done)}

        def seldom(done: int) -> None:
            self.seen.append(("seldom", done))

        regulars = [Regular(2, often, measures=True), Regular(0, often), Regular(4, seldom)]
        self.session.run(self.take, lambda means: {"loss": f"{means['loss']:.1f}"}, regulars)
        return copy.deepcopy(self.layer.state_dict())


@pytest.fixture
def short(config: RunConfig) -> RunConfig:
    return replace(config, log_every=2, checkpoint_every=4)


def test_lines_states_and_what_else_happens_come_when_they_should(short: RunConfig, tmp_path: Path) -> None:
    line = Line(context_of(short, tmp_path))
    line.run()
    rows = [{key: row[key] for key in row if key != "seconds"} for row in read_log(tmp_path / "log.jsonl")]
    assert [(row["step"], *sorted(row.keys() - {"phase", "step"})) for row in rows] == [
        (2, "loss"),
        (2, "map"),
        (4, "loss"),
        (4, "map"),
        (6, "loss"),
        (6, "map"),
    ]
    assert line.seen == [("often", 2), ("often", 4), ("seldom", 4), ("often", 6), ("seldom", 6)]
    assert [path.stem for path in sorted((tmp_path / "states").iterdir())] == ["step_0000004", "step_0000006"]


@pytest.mark.parametrize("stop", range(STEPS - 1))
def test_a_session_stopped_in_any_step_ends_as_one_that_was_not(short: RunConfig, tmp_path: Path, stop: int) -> None:
    for folder in ("whole", "parts"):
        (tmp_path / folder).mkdir()
    parts = context_of(short, tmp_path / "parts")
    expected = Line(context_of(short, tmp_path / "whole")).run()
    with pytest.raises(Interrupted, match=f"stopped after {stop + 1} of 6 line steps; --resume continues"):
        Line(parts, stop).run()
    rest = Line(parts)
    assert rest.session.start == stop + 1
    found = rest.run()
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert [row["step"] for row in read_log(parts.log) if "map" in row] == [2, 4, 6]


def test_a_finished_session_takes_no_step_more(short: RunConfig, tmp_path: Path) -> None:
    expected = Line(context_of(short, tmp_path)).run()
    again = Line(context_of(short, tmp_path), stop_in=0)
    assert again.session.start == STEPS
    assert all(torch.equal(again.run()[name], value) for name, value in expected.items())
    assert again.seen == []


def test_case_05_a_checkpoint_knows_whom_it_learnt(
    short: RunConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    context = context_of(short, tmp_path)
    Line(context).run()
    assert "older version" not in caplog.text
    others = Group("noise", tuple(Identity(name, 4, name) for name in "abce"))
    with pytest.raises(DataError, match=r"step_0000006\.safetensors: .*1 identity removed: d; 1 identity added: e"):
        Line(replace(context, people=People((others,), "order")))

    path = latest_checkpoint(context.checkpoints)
    assert path
    tensors, metadata = read_tensors(path)
    del metadata["people"]  # as before it was kept
    write_tensors(path, tensors, metadata)
    Line(replace(context, people=People((others,), "order")))
    assert f"{path}: is of an older version, which kept no list of people" in caplog.text
    with pytest.raises(CheckpointError, match="seed: 0 then, 1 now"):
        Line(replace(context, config=replace(short, seed=1)))


def last_state(context: Context) -> dict[str, Tensor]:
    path = latest_checkpoint(context.checkpoints)
    assert path
    return read_tensors(path)[0]


def interrupted_everywhere(train: Callable[[Context], object], feed: Feed, num_steps: int, whole: Context) -> None:
    """Train once without a stop and once with a stop in every step; both must end with equal states."""
    train(whole)
    parts = replace(whole, checkpoints=whole.checkpoints.with_name("parts"), log=whole.log.with_name("parts.jsonl"))
    for name in ("anchors", "batch"):
        real = getattr(feed, name)

        def read(step: int, real: Callable[[int], object] = real) -> object:
            signal.raise_signal(signal.SIGTERM)
            return real(step)

        setattr(feed, name, read)
    for step in range(1, num_steps):
        with pytest.raises(Interrupted, match=f"stopped after {step} of"):
            train(parts)
    train(parts)
    expected, found = last_state(whole), last_state(parts)
    assert expected.keys() == found.keys()
    assert [name for name, value in expected.items() if not torch.equal(value, found[name])] == []


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_the_teacher_stopped_in_every_step_is_the_same(
    config: RunConfig, tmp_path: Path, feed: Callable[[int], Feed], ema: float
) -> None:
    config = replace(config, teacher=replace(config.teacher, ema=ema))
    mine = feed(config.teacher.batch_size)

    def train(context: Context) -> None:
        torch.manual_seed(0)
        train_teacher(Teacher(config.teacher.backbone, config.network.feature_dim, 4), mine, context)

    interrupted_everywhere(train, mine, config.teacher.steps, context_of(config, tmp_path))


@pytest.mark.parametrize("appearance_ema", [0.0, 0.9])
def test_joint_training_stopped_in_every_step_is_the_same(
    config: RunConfig, tmp_path: Path, feed: Callable[[int], Feed], networks: Networks, appearance_ema: float
) -> None:
    config = replace(config, optim=replace(config.optim, appearance_ema=appearance_ema))
    mine = feed(2 * config.batch_size)

    def train(context: Context) -> None:
        own = copy.deepcopy(networks)
        train_joint(own, mine, context, lambda _model, _step: None, lambda _model, _step: 0.0)

    interrupted_everywhere(train, mine, config.schedule.steps, context_of(config, tmp_path))
