"""What an image is, told by its first bytes: its type and its size. Pure.

Nothing is ever decompressed: a file of some kilobytes may claim to be gigabytes of pixels.
"""

from typing import NamedTuple

# In the JPEG standard (ITU-T T.81, table B.1) these begin a frame; C4, C8 and CC do not.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length


class Image(NamedTuple):
    """`width` and `height` are in pixels, and above 0."""

    media_type: str
    width: int
    height: int


def recognised(data: bytes) -> Image | None:
    """The PNG, JPEG, GIF or WebP that `data` begins as; None for anything else, and for one whose
    header is broken.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _image("image/png", _png(data))
    if data.startswith(b"\xff\xd8\xff"):
        return _image("image/jpeg", _jpeg(data))
    if data.startswith((b"GIF87a", b"GIF89a")) and len(data) >= 10:
        return _image("image/gif", (_little(data[6:8]), _little(data[8:10])))
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _image("image/webp", _webp(data))
    return None


def _image(media_type: str, size: tuple[int, int]) -> Image | None:
    return Image(media_type, *size) if all(size) else None


def _png(data: bytes) -> tuple[int, int]:
    """https://www.w3.org/TR/png-3/#11IHDR"""
    if data[12:16] != b"IHDR" or len(data) < 24:
        return 0, 0
    return _big(data[16:20]), _big(data[20:24])


def _jpeg(data: bytes) -> tuple[int, int]:
    """From segment to segment, up to the first frame."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAMES:
            return _big(data[at + 7 : at + 9]), _big(data[at + 5 : at + 7])
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _ALONE:
            at += 2
        else:
            at += 2 + max(_big(data[at + 2 : at + 4]), 2)
    return 0, 0


def _webp(data: bytes) -> tuple[int, int]:
    """https://developers.google.com/speed/webp/docs/riff_container"""
    if len(data) < 30:
        return 0, 0
    match data[12:16]:
        case b"VP8X":
            return _little(data[24:27]) + 1, _little(data[27:30]) + 1
        case b"VP8L" if data[20] == 0x2F:
            bits = _little(data[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 " if data[23:26] == b"\x9d\x01\x2a":
            return _little(data[26:28]) & 0x3FFF, _little(data[28:30]) & 0x3FFF
    return 0, 0


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
