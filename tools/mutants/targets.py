"""For each module that is tested by mutation, the tests that must notice its mutants; the quickest come first."""

from __future__ import annotations

from typing import Final

STEP: Final = (
    "tests/training/test_step_gradients.py",
    "tests/training/test_step.py",
    "tests/training/test_step_terms.py",
)
RAMPS: Final = "tests/training/test_step_gradients.py::test_what_has_no_weight_yet_is_not_computed"
LOSSES: Final = ("tests/losses",)
RANKING: Final = ("tests/retrieval/ranking/test_ranks.py", "tests/retrieval/ranking/test_brute_force.py")
RERANK: Final = ("tests/retrieval/ranking/test_rerank.py", "tests/retrieval/kernel")

TARGETS: Final[dict[str, tuple[str, ...]]] = {
    "dgnet/training/step.py": STEP,
    "dgnet/training/optim/schedules.py": ("tests/training/optim/test_schedules.py", RAMPS),
    "dgnet/losses/adversarial.py": LOSSES,
    "dgnet/losses/identity.py": LOSSES,
    "dgnet/losses/labels.py": LOSSES,
    "dgnet/losses/reconstruction.py": LOSSES,
    "dgnet/data/batches/pairs.py": ("tests/data/batches/test_pairs.py",),
    "dgnet/data/batches/streams.py": ("tests/data/batches/test_augment.py",),
    "dgnet/data/batches/augment.py": ("tests/data/batches/test_augment.py",),
    "dgnet/data/batches/mirror_shift.py": ("tests/data/batches/test_augment.py",),
    "dgnet/retrieval/ranking/matches.py": RANKING,
    "dgnet/retrieval/ranking/counting.py": RANKING,
    "dgnet/retrieval/ranking/ranks.py": RANKING,
    "dgnet/retrieval/features/queries.py": ("tests/retrieval/features/test_queries.py",),
    "dgnet/retrieval/verification.py": ("tests/retrieval/test_verification.py",),
    "dgnet/retrieval/ranking/rerank.py": RERANK,
    "dgnet/retrieval/ranking/reciprocal.py": RERANK,
    "dgnet/retrieval/kernel/best_lists.py": RERANK,
    "dgnet/retrieval/kernel/neighbours.py": RERANK,
    "dgnet/retrieval/kernel/products.py": ("tests/retrieval/kernel",),
    "dgnet/retrieval/kernel/self_neighbours.py": RERANK,
    "dgnet/retrieval/kernel/similarity.py": ("tests/retrieval/kernel", *RANKING),
    "dgnet/retrieval/kernel/sparse.py": RERANK,
}
