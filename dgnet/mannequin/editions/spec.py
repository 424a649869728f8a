"""The numbers of an edition that somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass

from dgnet.mannequin.editions.edition import Edition, EditionError
from dgnet.mannequin.editions.named import edition_named

LARGEST = 2048  # pixels


@dataclass(frozen=True)
class EditionSpec:
    """One data set of an edition; `size` is (height, width), `quality` the JPEG's.

    Each identity passes `cameras_per_id` of the edition's cameras (None: as many as the edition draws, five of six in
    `cameras`, three to six of 300 in `wild`), `images_per_camera` images each. Identities 1 to `num_train_ids` are for
    training, the next `num_test_ids` for testing; up to `num_swap_targets` pairs of test images of different people
    have their true swap, as have up to `num_train_swaps` pairs of training images. Of people seen once,
    `num_distractors` are pid 0 of the gallery.
    """

    edition: str = "cameras"
    num_train_ids: int = 150
    num_test_ids: int = 50
    images_per_camera: int = 3
    cameras_per_id: int | None = None
    num_swap_targets: int = 300
    num_train_swaps: int = 0
    num_distractors: int = 50
    size: tuple[int, int] = (128, 64)
    seed: int = 0
    quality: int = 88

    def __post_init__(self) -> None:
        for name, low in (
            ("num_train_ids", 2),
            ("num_test_ids", 2),
            ("images_per_camera", 2),
            ("num_swap_targets", 1),
            ("num_train_swaps", 0),
            ("num_distractors", 0),
            ("seed", 0),
        ):
            if getattr(self, name) < low:
                raise EditionError(f"{name} must be at least {low}, got {getattr(self, name)}")
        most = self.draws.num_cameras
        if self.cameras_per_id is not None and not 2 <= self.cameras_per_id <= most:
            raise EditionError(f"cameras_per_id must be 2 to {most}, got {self.cameras_per_id}")
        if min(self.size) < 16:
            raise EditionError(f"size must be at least 16x16 pixels, got {self.size[0]}x{self.size[1]}")
        if max(self.size) > LARGEST:
            raise EditionError(f"size must be at most {LARGEST}x{LARGEST} pixels, got {self.size[0]}x{self.size[1]}")
        if not 1 <= self.quality <= 100:
            raise EditionError(f"quality must be 1 to 100, got {self.quality}")

    @property
    def draws(self) -> Edition:
        """The edition that people and moments are drawn by."""
        return edition_named(self.edition)
