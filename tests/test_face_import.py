"""Importing the Python interface `dgnet.*` loads no heavy package; a wrong name is answered with the nearest."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dgnet


def test_import_loads_nothing_heavy_and_dir_lists_everything() -> None:
    code = (
        "import sys, dgnet; heavy = {'torch', 'numpy', 'PIL', 'yaml', 'difflib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert set(dgnet.__all__) <= set(dir(dgnet)); assert 'torch' not in sys.modules\n"
        "assert dgnet.preset('mannequin').preset == 'mannequin'; assert 'torch' not in sys.modules\n"
        "from dgnet import *; assert load is dgnet.load; assert issubclass(dgnet.DgnetError, Exception)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lod", "did you mean dgnet.load?"),
        ("trian", "did you mean dgnet.train?"),
        ("bench_", "it has DgnetError, Gallery, Model"),
    ],
)
def test_a_wrong_attribute_names_the_nearest(name: str, message: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'dgnet' has no attribute '{name}'.*{message.replace('?', '.')}"):
        getattr(dgnet, name)


def test_a_module_that_was_not_imported_is_named_as_one() -> None:
    code = "import dgnet\ntry: dgnet.bench\nexcept AttributeError as error: print(error)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "it is a module: import dgnet.bench" in done.stdout
