"""The test feature of an image: both views normalised, averaged, normalised again."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dgnet.data.normalise import normalise
from dgnet.retrieval.arrays import EvaluationError
from dgnet.retrieval.features.extract import combine, extract


def features_of(images: torch.Tensor) -> dict[str, torch.Tensor]:
    """Two features of different widths and lengths, which differ between an image and its mirror."""
    columns = images.mean(dim=(1, 2))
    return {"prim": columns, "fine": 10 * columns[:, :2] + 1}


def crops(num: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (num, 6, 4, 3), dtype=np.uint8)


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_equals_the_formula_image_by_image(batch_size: int) -> None:
    images = crops(7)
    features = extract(features_of, images, batch_size=batch_size, progress=False)
    assert {name: array.shape for name, array in features.items()} == {"prim": (7, 4), "fine": (7, 2)}
    for n in range(7):
        one = normalise(torch.from_numpy(images[n : n + 1]))
        for name, array in features.items():
            straight = features_of(one)[name][0].double().numpy()
            mirrored = features_of(one.flip(3))[name][0].double().numpy()
            mean = straight / np.linalg.norm(straight) + mirrored / np.linalg.norm(mirrored)
            np.testing.assert_allclose(array[n], mean / np.linalg.norm(mean), atol=1e-6)


def test_runs_without_gradients() -> None:
    weight = torch.ones(4, requires_grad=True)

    def watched(images: torch.Tensor) -> dict[str, torch.Tensor]:
        feature = images.mean(dim=(1, 2)) * weight
        assert not feature.requires_grad
        return {"prim": feature}

    assert extract(watched, crops(2), progress=False)["prim"].dtype == np.float32


def test_features_that_are_not_finite_are_named() -> None:
    def broken_on_the_last(images: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"fine": images.mean(dim=(1, 2)) / (0.0 if len(images) == 1 else 1.0)}

    with pytest.raises(
        EvaluationError, match=r"feature 'fine' is NaN or infinite for image 4, and for 0 more of 1 images"
    ):
        extract(broken_on_the_last, crops(5), batch_size=2, progress=False)


def test_no_images_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="no images"):
        extract(features_of, crops(0), progress=False)


def test_combined_inner_product() -> None:
    rng = np.random.default_rng(0)
    prim, fine = rng.normal(size=(5, 3)).astype(np.float32), rng.normal(size=(5, 2)).astype(np.float32)
    both = combine(prim, fine, alpha=0.3)
    np.testing.assert_allclose(both @ both.T, prim @ prim.T + 0.3 * fine @ fine.T, atol=1e-5)
    assert both.dtype == np.float32


@pytest.mark.parametrize(("rows", "alpha", "message"), [(4, 0.5, "prim has 5 rows and fine 4"), (5, -1.0, "alpha")])
def test_combine_refuses(rows: int, alpha: float, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        combine(np.ones((5, 3), np.float32), np.ones((rows, 2), np.float32), alpha)
