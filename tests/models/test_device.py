"""The names of devices, the same for every command and for Python."""

from __future__ import annotations

import pytest
import torch

from dgnet import cli
from dgnet.config import ConfigError
from dgnet.models.device import autocast_for, computes_bf16, pick_device


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.parametrize(
    ("name", "device"),
    [
        *[("auto", "cuda"), ("cuda", "cuda"), ("0", "cuda:0"), (1, "cuda:1"), ("cuda:1", "cuda:1")],
        *[("CUDA:0", "cuda:0"), ("cpu", "cpu"), ("CPU", "cpu"), (torch.device("cuda", 1), "cuda:1")],
    ],
)
def test_case_19_what_is_accepted(two_gpus: None, name: str | int, device: str) -> None:
    assert pick_device(name) == torch.device(device)


@pytest.mark.parametrize(
    "name", ["gpu", "cuda:x", "cuda:", "cuda:-1", "-1", "", "cuda0", "cpu:1", "meta", "tpu", "1.0", "٣"]
)
def test_case_19_an_unknown_name_is_met_with_all_that_are_known(two_gpus: None, name: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"device: found '{name}', must be auto, cpu, cuda, cuda:N \(or N alone\) or"
    ):
        pick_device(name)


@pytest.mark.parametrize("name", ["cuda:2", "7", 99])
def test_case_19_a_gpu_that_is_not_there(two_gpus: None, name: str | int) -> None:
    with pytest.raises(ConfigError, match=r"but torch sees cuda:0 to cuda:1 here"):
        pick_device(name)


def test_case_19_without_a_gpu(no_gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pick_device("auto") == torch.device("cpu")
    for name in ("0", "cuda", "cuda:0"):
        with pytest.raises(ConfigError, match="torch sees no CUDA device here; use cpu"):
            pick_device(name)
    with pytest.raises(ConfigError, match=r"no Apple GPU \(mps\) here"):
        pick_device("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert pick_device("mps") == torch.device("mps")
    assert pick_device("auto") == torch.device("cpu")


@pytest.mark.parametrize("command", [("swap", "bundled-small"), ("bench", "step", "mannequin")])
def test_case_19_commands_say_it_in_one_message(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([*command, "--device", "gpu"])
    assert stopped.value.code == 1
    assert "device: found 'gpu', must be auto, cpu, cuda" in capsys.readouterr().err


@pytest.mark.parametrize("able", [True, False])
def test_bf16_that_a_processor_only_imitates_is_warned_of(
    able: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "avx512_bf16": able, "amx_bf16": False})
    assert computes_bf16(torch.device("cpu")) is able
    autocast_for(torch.device("cpu"), "fp32")
    assert not caplog.messages
    autocast_for(torch.device("cpu"), "bf16")
    assert caplog.messages == ([] if able else ["precision bf16: this cpu only imitates it; fp32 is faster here"])
