"""`dgnet.Gallery`: a gallery that finds its own store and its own model."""

from __future__ import annotations

import os

from dgnet.experiment.galleries.embedder import AS_IT_IS, Loading, load_embedder, reload_model
from dgnet.experiment.models.find import BUNDLED_MODELS, BUNDLED_NAME, RUN
from dgnet.gallery import gallery
from dgnet.gallery.embedder import Embedder
from dgnet.gallery.stores.choice import create_store, open_store
from dgnet.gallery.stores.protocol import Meta, Precision


class Gallery(gallery.Gallery):
    __doc__ = gallery.Gallery.__doc__

    @classmethod
    def create(
        cls,
        address: str | os.PathLike[str],
        model: RUN = BUNDLED_NAME,
        how: Loading = AS_IT_IS,
        *,
        precision: Precision = "float16",
        thumbnails: bool = True,
    ) -> Gallery:
        """Make a new, empty gallery.

        Args:
            address: a file, such as `people.db`, `milvus://HOST:PORT/NAME` or `postgresql://...`.
            model: what makes the features: `bundled` or `bundled-small`, a run's folder, a model's, ONNX or OpenVINO
                file.
            how: the device, which of the model's features, and what `dgnet.load` may need to be told of a file.
            precision: `float16` or `float32`, of what is kept.
            thumbnails: keep small pictures too, to show what was found.

        Raises:
            GalleryError: there is one already, or it cannot be made.
            DgnetError: the model cannot be loaded.
        """
        embedder = load_embedder(model, how)
        meta = meta_of(embedder, model, precision, thumbnails=thumbnails)
        return cls(create_store(os.fspath(address), meta), lambda: embedder)

    @classmethod
    def open(
        cls,
        address: str | os.PathLike[str],
        model: RUN | None = None,
        *,
        device: str = "auto",
        engine: str = "auto",
    ) -> Gallery:
        """Open a gallery. Its model is loaded when an image is first added or searched for.

        Args:
            model: where the model lies now, if not where it was when the gallery was made; another one is refused.
            device, engine: as for `dgnet.load`; they may be others than when the gallery was made.

        Raises:
            GalleryError: there is none, or it cannot be read.
        """
        store = open_store(os.fspath(address))
        return cls(store, lambda: reload_model(store.meta, model, device, engine)[1])


def meta_of(embedder: Embedder, model: RUN, precision: Precision, *, thumbnails: bool) -> Meta:
    """What a new gallery of features by `model`, loaded as `embedder`, is to hold."""
    name = embedder.name if model in BUNDLED_MODELS else os.path.abspath(os.path.expanduser(embedder.name))
    return Meta(
        model_hash=embedder.hash,
        model_name=name,
        preprocessing=embedder.preprocessing,
        dim=embedder.dim,
        precision=precision,
        thumbnails=thumbnails,
        part=embedder.part,
        height=embedder.size[0],
        width=embedder.size[1],
        input=embedder.input,
    )
