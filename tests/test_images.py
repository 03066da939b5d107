"""What an image is, by its first bytes alone."""

import pytest

from chat_app.images import Image, recognised
from tests.pictures import gif, jpeg, png, png_that_claims, webp

IMAGES = {
    "png": (png(300, 200), "image/png"),
    "jpeg": (jpeg(300, 200), "image/jpeg"),
    "gif": (gif(300, 200), "image/gif"),
    "lossy webp": (webp(b"VP8 ", 300, 200), "image/webp"),
    "lossless webp": (webp(b"VP8L", 300, 200), "image/webp"),
    "extended webp": (webp(b"VP8X", 300, 200), "image/webp"),
}


@pytest.mark.parametrize("kind", IMAGES)
def test_an_image_is_known_by_its_bytes(kind: str) -> None:
    data, media_type = IMAGES[kind]
    assert recognised(data) == Image(media_type, 300, 200)


@pytest.mark.parametrize("kind", IMAGES)
def test_a_header_that_is_cut_anywhere_is_no_image_and_no_mistake(kind: str) -> None:
    data, media_type = IMAGES[kind]
    for length in range(len(data)):
        found = recognised(data[:length])
        assert found in (None, Image(media_type, 300, 200))
    assert recognised(data[:9]) is None


def test_what_an_image_claims_is_told_and_not_tried() -> None:
    assert recognised(png_that_claims(60_000, 60_000)) == Image("image/png", 60_000, 60_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"BM\0\0",
        b"RIFF\0\0\0\0WAVEfmt ",
        gif(0, 5),
        png_that_claims(5, 0),
        jpeg(0, 0),
        b"\xff\xd8\xff" + b"\xff" * 50,
        b"\xff\xd8\xff\xe0\0\0" * 10,
    ],
)
def test_anything_else_is_none(data: bytes) -> None:
    assert recognised(data) is None
