"""Small images, made by hand from the formats' own specifications."""

import struct
import zlib


def png(width: int = 2, height: int = 1) -> bytes:
    """A whole PNG, one colour."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\x0b\x6b\x5a" * width) * height
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_that_claims(width: int, height: int) -> bytes:
    """Some bytes that would be a great many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)


def jpeg(width: int, height: int) -> bytes:
    """The segments up to the frame: a thumbnail's in APP1, with a frame of its own, is passed."""
    thumbnail = b"\xff\xe1" + struct.pack(">H", 2 + 9) + b"\xff\xc0\0\x11\x08\0\1\0\1"
    frame = b"\xff\xc2" + struct.pack(">HBHHB", 17, 8, height, width, 3)
    return b"\xff\xd8" + thumbnail + b"\xff\xff" + frame[1:] + b"\0" * 12


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0;"


def webp(kind: bytes, width: int, height: int) -> bytes:
    """Lossy (`VP8 `), lossless (`VP8L`) or extended (`VP8X`)."""
    wide, high = width - 1, height - 1
    data = {
        b"VP8 ": b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height),
        b"VP8L": b"\x2f" + struct.pack("<I", wide | high << 14),
        b"VP8X": b"\0\0\0\0" + wide.to_bytes(3, "little") + high.to_bytes(3, "little"),
    }[kind]
    body = b"WEBP" + kind + struct.pack("<I", len(data)) + data.ljust(20, b"\0")
    return b"RIFF" + struct.pack("<I", len(body)) + body
