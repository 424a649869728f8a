"""dgnet: recognise people across cameras and draw them, in one network.

    import dgnet

    model = dgnet.load("bundled")                  # or a run's folder, a model's file, an ONNX file
    features = model.features(images)              # N x F, for search by inner product
    drawn = model.swap(images, others)             # the clothes of `images` on the bodies of `others`

Everything is imported when it is first used: `import dgnet` itself loads neither torch nor numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dgnet.errors import DgnetError

if TYPE_CHECKING:
    from dgnet.config import RunConfig, preset
    from dgnet.experiment.from_python import train
    from dgnet.experiment.galleries.gallery import Gallery
    from dgnet.experiment.models.load import load
    from dgnet.experiment.models.model import Model
    from dgnet.retrieval.ranking.ranks import evaluate

__version__ = "0.1.0"

# Name -> the module that it is imported from when it is used.
_PUBLIC = {
    "Gallery": "dgnet.experiment.galleries.gallery",
    "Model": "dgnet.experiment.models.model",
    "RunConfig": "dgnet.config",
    "evaluate": "dgnet.retrieval.ranking.ranks",
    "load": "dgnet.experiment.models.load",
    "preset": "dgnet.config",
    "train": "dgnet.experiment.from_python",
}

__all__ = ["DgnetError", "Gallery", "Model", "RunConfig", "__version__", "evaluate", "load", "preset", "train"]


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        from importlib import import_module

        value: object = getattr(import_module(_PUBLIC[name]), name)
        globals()[name] = value  # later uses find it without this function
        return value
    raise AttributeError(f"module 'dgnet' has no attribute {name!r}{_hint(name)}", name=name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _hint(name: str) -> str:
    """What the user may have meant by an attribute that does not exist, to end the error message."""
    from os.path import isdir, isfile, join

    if any(isdir(join(folder, name)) or isfile(join(folder, f"{name}.py")) for folder in __path__):
        return f"; it is a module: import dgnet.{name}"
    from difflib import get_close_matches

    close = get_close_matches(name, __all__, n=1)
    return f"; did you mean dgnet.{close[0]}?" if close else f"; it has {', '.join(__all__)}"
