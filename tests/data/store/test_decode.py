from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFile

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


def noise(**options) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 32, 3), dtype=np.uint8)
    return encode(Image.fromarray(pixels), "JPEG", quality=90, **options)


def with_orientation() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 1
    return exif


JPEGS = {"baseline": noise(), "progressive": noise(progressive=True), "with exif": noise(exif=with_orientation())}


def after_first_segment(data: bytes) -> int:
    return 4 + int.from_bytes(data[4:6])


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-2] + b"\x00\x01\x02\x03" + data[-2:],  # before the end marker
        lambda data: data[:-2] + bytes(500) + data[-2:],
        lambda data: data[: after_first_segment(data)] + bytes(3) + data[after_first_segment(data) :],
        lambda data: data[:2] + b"\x00\x12" + data[2:],  # before the first segment
        lambda data: data[: data.rindex(b"\xff\xda")] + b"\x01\x02" + data[data.rindex(b"\xff\xda") :],
        lambda data: data[:2] + b"\xff\xff" + data[2:],  # padding, which the format allows
        lambda data: data + b"after the end",
    ],
)
def test_case_26_stray_bytes_in_a_good_jpeg_change_nothing(decoder, kind, spoil):
    np.testing.assert_array_equal(decode_image(spoil(JPEGS[kind])), decode_image(JPEGS[kind]))


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize(
    "cut",
    [
        lambda data: data[:-1],
        lambda data: data[:-2],
        lambda data: data[:-100],
        lambda data: data[: len(data) // 2],
        lambda data: data[: len(data) // 2] + bytes(len(data) // 2),  # what a broken download leaves
        lambda data: data[:-100] + b"\x00" * 100,
        lambda data: data[:2],
        lambda data: data[: after_first_segment(data)],
    ],
)
def test_case_26_truncated_jpegs_are_refused_by_both_decoders(decoder, kind, cut):
    with pytest.raises(ImageError, match="corrupt or truncated"):
        decode_image(cut(JPEGS[kind]))


@pytest.mark.parametrize("kind", JPEGS)
def test_case_26_a_jpeg_cut_and_closed_again_is_refused(kind):
    data = JPEGS[kind]
    with pytest.raises(ImageError, match="premature end of data segment"):
        decode_image(data[: len(data) // 2] + b"\xff\xd9")


def test_case_26_pillow_is_not_told_to_read_what_is_truncated():
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize(
    ("kind", "mode"), [("PPM", "L"), ("PPM", "1"), ("TGA", "RGB"), ("JPEG2000", "RGB"), ("AVIF", "RGB")]
)
def test_case_13_further_formats_are_decoded(kind, mode):
    image = picture(mode)
    data = encode(image, kind, **({"quality": 100, "subsampling": "4:4:4"} if kind == "AVIF" else {}))
    error = np.abs(decode_image(data).astype(int) - np.asarray(image.convert("RGB")))
    assert error.max() <= (8 if kind == "AVIF" else 0)


@pytest.mark.parametrize("largest", [65535, 1023])
def test_case_13_sixteen_bit_pgm_keeps_its_range(largest):
    grey = np.linspace(0, largest, 24 * 16).reshape(24, 16).astype(">u2")
    pixels = decode_image(b"P5 16 24 %d\n" % largest + grey.tobytes())
    assert np.abs(pixels[:, :, 1] - grey.astype(float) / largest * 255).max() <= 1


def test_case_26_the_end_of_a_small_jpeg_in_the_header_is_not_the_end(decoder):
    small, data = noise(), JPEGS["baseline"]
    segment = b"\xff\xe5" + (len(small) + 2).to_bytes(2, "big") + small
    whole = data[:2] + segment + data[2:]
    np.testing.assert_array_equal(decode_image(whole), decode_image(data))
    half = len(whole) - len(data) // 2
    with pytest.raises(ImageError, match="corrupt or truncated"):
        decode_image(whole[:half] + bytes(len(data) // 2))
