from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from dgnet.data.store import decode
from dgnet.data.store.decode import ImageError, decode_image


def picture(mode: str = "RGB") -> Image.Image:
    rows, columns = np.mgrid[:24, :16]
    pixels = np.stack([rows * 10, columns * 15, 255 - rows * 10], axis=2).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


def encode(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture(params=["simplejpeg", "pillow"])
def decoder(request, monkeypatch) -> str:
    if request.param == "pillow":
        monkeypatch.setattr(decode, "simplejpeg", None)
    return request.param


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_jpeg_is_what_pillow_decodes(decoder, subsampling):
    data = encode(picture(), "JPEG", quality=80, subsampling=subsampling)
    pixels = decode_image(data)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_jpeg(decoder, mode):
    data = encode(picture(mode), "JPEG", quality=95)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(decode_image(data), expected)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1"])
def test_png_modes(mode):
    image = picture(mode)
    np.testing.assert_array_equal(decode_image(encode(image, "PNG")), np.asarray(image.convert("RGB")))


def test_sixteen_bit_grey_keeps_its_range():
    grey = np.linspace(0, 65535, 24 * 16).reshape(24, 16).astype(np.uint16)
    pixels = decode_image(encode(Image.fromarray(grey), "PNG"))
    assert pixels.shape == (24, 16, 3)
    np.testing.assert_array_equal(pixels[:, :, 1], grey >> 8)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(decoder, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(picture(), "JPEG", quality=95, exif=exif)
    turn = {3: 2, 4: 2, 6: 3, 5: 3, 8: 1, 7: 1}.get(orientation, 0)
    expected = np.asarray(Image.open(io.BytesIO(data)))
    expected = np.rot90(expected, turn)
    if orientation in (2, 4, 5, 7):
        expected = expected[:, ::-1]
    np.testing.assert_array_equal(decode_image(data), expected)


@pytest.mark.parametrize(("kind", "suffix"), [("GIF", "gif"), ("PNG", "apng"), ("WEBP", "webp"), ("TIFF", "tiff")])
def test_animations_are_refused(kind, suffix):
    other = Image.eval(picture(), lambda value: 255 - value)
    with pytest.raises(ImageError, match="animation or stack of 2 pictures"):
        decode_image(encode(picture(), kind, save_all=True, append_images=[other]))


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_32_bit_pixels_are_refused(dtype):
    with pytest.raises(ImageError, match="32 bits"):
        decode_image(encode(Image.fromarray(np.ones((4, 4), dtype)), "TIFF"))


def test_zero_bytes_are_refused():
    with pytest.raises(ImageError, match="the file is empty"):
        decode_image(b"")


@pytest.mark.parametrize("data", [b"hello", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_no_image_is_refused(decoder, data):
    with pytest.raises(ImageError):
        decode_image(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_truncated_images_are_refused(decoder, kind):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 32, 3), dtype=np.uint8))
    data = encode(noise, kind)
    with pytest.raises(ImageError, match="corrupt or truncated"):
        decode_image(data[: len(data) // 2])


def test_a_camera_with_two_pictures_in_a_jpeg_gives_the_first(decoder):
    other = Image.eval(picture(), lambda value: 255 - value)
    data = encode(picture(), "MPO", save_all=True, append_images=[other])
    np.testing.assert_array_equal(decode_image(data), np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
