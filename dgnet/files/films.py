"""Writing films: GIF and WebP with Pillow, MP4 with the encoder that the package imageio-ffmpeg brings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from dgnet.files.images import ImagesU8
from dgnet.files.outputs import OutputError, check_output_file
from dgnet.files.pictures import MAX_PIXELS
from dgnet.files.whole_file import written_whole

SUFFIXES: Final = (".gif", ".webp", ".mp4")
MAX_SIDE: Final = 16_383  # pixels: the longest side of WebP; the others hold more


def check_film(path: Path, option: str, size: tuple[int, int], num_frames: int, inputs: Sequence[Path]) -> None:
    """Raise OutputError if `save_film` could not write frames of `size` (height, width) at `path`."""
    check_output_file(path, option, suffixes=SUFFIXES, inputs=inputs)
    if path.suffix.lower() == ".mp4":
        _encoder()
    if max(size) > MAX_SIDE or size[0] * size[1] * num_frames > MAX_PIXELS * 8:
        raise OutputError(
            f"{option}: {path} would have {num_frames} frames of {size[0]} x {size[1]} pixels, which is too much; give "
            "fewer images, fewer --steps or a smaller --zoom"
        )


def save_film(path: Path, frames_u8: Sequence[ImagesU8], fps: int) -> None:
    """Write frames (uint8 H x W x 3 each) as a film, by the suffix; GIF and WebP begin again at their end.

    MP4 is H.264; sides that are odd are made even by repeating the last line, since it holds only even ones.
    """
    with written_whole(path, flushed=False) as partial:
        if path.suffix.lower() == ".mp4":
            _write_mp4(partial, frames_u8, fps)
            return
        first, *rest = (Image.fromarray(frame) for frame in frames_u8)
        options: dict[str, Any] = {"quality": 90, "method": 4} if path.suffix.lower() == ".webp" else {}
        duration = round(1000 / fps)
        first.save(partial, save_all=True, append_images=rest, duration=duration, loop=0, **options)


def _write_mp4(path: Path, frames_u8: Sequence[ImagesU8], fps: int) -> None:
    even = [np.pad(f, ((0, f.shape[0] % 2), (0, f.shape[1] % 2), (0, 0)), mode="edge") for f in frames_u8]
    height, width, _ = even[0].shape
    writer = _encoder().write_frames(
        str(path), (width, height), fps=fps, quality=8, macro_block_size=2, ffmpeg_log_level="error"
    )
    writer.send(None)  # it is a generator, which takes frames once it has begun
    for frame in even:
        writer.send(np.ascontiguousarray(frame))
    writer.close()
    if not path.is_file():
        raise OutputError(f"--out: {path}: the MP4 encoder wrote nothing; name a .gif or a .webp")


def _encoder() -> Any:
    """The package imageio_ffmpeg. Raises OutputError where it, or its encoder, is missing."""
    try:
        import imageio_ffmpeg

        imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise OutputError(
            'MP4 needs an encoder: pip install "dgnet[film]", or name a .gif or a .webp, which need none'
        ) from error
    return imageio_ffmpeg
