"""Freed memory stays with the process, so that using it again causes no page faults."""

import subprocess
import sys

import pytest

CODE = """
import resource, torch
from dgnet.data.store.memory import keep_freed_memory
kept = {argument} and keep_freed_memory()
for _ in range(3): torch.ones(1 << 24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20): torch.ones(1 << 24)
print(int(kept), resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(keeping: bool) -> tuple[bool, int]:
    code = CODE.format(argument=keeping)
    kept, faults = subprocess.run(
        [sys.executable, "-c", code], text=True, capture_output=True, check=True
    ).stdout.split()
    return bool(int(kept)), int(faults)


def test_memory_asked_for_again_is_not_taken_from_the_system_again() -> None:
    kept, faults = page_faults(True)
    if not kept:
        pytest.skip("not glibc")
    assert faults < page_faults(False)[1] / 2


LOADED = """
import resource, numpy as np
import dgnet
model, images = dgnet.load("bundled-small"), np.zeros((256, 64, 32, 3), np.uint8)
for _ in range(3): model.features(images)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3): model.features(images)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def test_a_loaded_model_takes_no_new_memory_for_each_batch() -> None:
    if not page_faults(True)[0]:
        pytest.skip("not glibc")
    found = subprocess.run([sys.executable, "-c", LOADED], text=True, capture_output=True, check=True)
    assert int(found.stdout) < 20_000  # pages; 40 000 in each pass where each tensor is new
