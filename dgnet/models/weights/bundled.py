"""The models that travel with the package; both were trained on rendered people alone.

Their cards say which commands trained them, on what machine, and what they score.
"""

from __future__ import annotations

from pathlib import Path

BUNDLED = Path(__file__).with_name("bundled.safetensors")
BUNDLED_SMALL = Path(__file__).with_name("bundled_small.safetensors")
