"""mannequin: a synthetic re-id data set whose true swapped images exist. Rendering needs `anny`; reading does not."""

from dgnet.mannequin.bundled import bundled_root
from dgnet.mannequin.swaps import SwapTarget, SwapTargetsError, swap_targets

__all__ = ["SwapTarget", "SwapTargetsError", "bundled_root", "swap_targets"]
