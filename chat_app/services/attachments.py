"""Files on their way into a message: taken in, looked at, and thrown away again.

What a file is, its bytes say; what the sender says of it counts for nothing.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chat_app import access, images
from chat_app.access import Person
from chat_app.errors import Conflict, InvalidRequest, PayloadTooLarge, QuotaExceeded
from chat_app.images import Image
from chat_app.runtime import Runtime
from chat_app.store import attachments
from chat_app.store.attachments import NAME_MAX_CHARS
from chat_app.store.attachments import AttachmentRow as AttachmentRow
from chat_app.store.users import lock_user
from chat_app.streaming.opening import FILES_MAX

MB = 1024 * 1024
IMAGE_MAX_BYTES = 5 * MB
TEXT_MAX_BYTES = 512 * 1024
# What a browser that shows it, or a model's server, would have to unpack.
IMAGE_MAX_PIXELS = 64_000_000
IMAGE_MAX_SIDE_PIXELS = 16_384
PERSON_MAX_BYTES = 250 * MB
TEXT = "text/plain"

# What no text has. Escape (colours in logs) and backspace are left alone.
_NOT_TEXT = re.compile(rb"[\0-\7\x0e-\x1a\x1c-\x1f\x7f]")
# They would make `gpj.exe` read as `exe.jpg`.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class File:
    """A file as it is handed out; `content` is None where the reader has it already."""

    row: AttachmentRow
    content: bytes | None


def upload(rt: Runtime, person: Person, name: str, content: bytes) -> AttachmentRow:
    """Take in a file that is to be sent later on.

    Raises `InvalidRequest` for what is neither an image nor a text, `PayloadTooLarge`,
    `QuotaExceeded`, `AccessDenied`.
    """
    # It is not known yet where it will be sent.
    writable = (id for id in person.workspace_ids if person.may_write(id))
    workspace_id = next(writable, person.home)
    person.must_write(workspace_id)
    image = _checked(content)
    row = AttachmentRow(
        workspace_id=workspace_id,
        uploader_id=person.id,
        name=_clean(name),
        media_type=image.media_type if image else TEXT,
        size_bytes=len(content),
        width=image.width if image else None,
        height=image.height if image else None,
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )
    with rt.db.transaction() as session:
        lock_user(session, person.id)  # two uploads at once must not both find room for one
        if attachments.bytes_kept_for(session, person.id) + len(content) > PERSON_MAX_BYTES:
            raise QuotaExceeded(
                f"Your files may take {PERSON_MAX_BYTES // MB} MB in all. Delete messages with "
                "files that you no longer need."
            )
        session.add(row)
        session.flush()
    return row


def read(rt: Runtime, person: Person, ref: str | int, is_known: Callable[[str], bool]) -> File:
    """A file of a message that the person sees, or of their own.

    Where `is_known` knows its SHA-256 the content is not read. Raises `NotFound`.
    """
    with rt.db.reading() as session:
        row = access.attachment(session, person, ref)
        if is_known(row.sha256):
            return File(row, None)
        return File(row, attachments.contents_of(session, [row.id]).get(row.id, b""))


def discard(rt: Runtime, person: Person, ref: str | int) -> None:
    """Throw away what one has uploaded and not sent. Raises `NotFound`, `AccessDenied`, and
    `Conflict` for what was sent: it goes with its message.
    """
    person.must_act()
    with rt.db.transaction() as session:
        row = access.attachment(session, person, ref)
        if not attachments.delete_unsent(session, row.id):
            raise Conflict("This file was sent. It goes when its message is deleted.")


def unsent(rt: Runtime, person: Person, refs: Sequence[str | int]) -> list[AttachmentRow]:
    """Those of these that the person has uploaded and not sent, in this order; the others are
    left out.
    """
    ids = [id for ref in refs[:FILES_MAX] if (id := access.number(ref)) is not None]
    with rt.db.reading() as session:
        found = attachments.unsent_of(session, person.id, ids)
    return [found[id] for id in dict.fromkeys(ids) if id in found]


def _checked(content: bytes) -> Image | None:
    """What image it is, None for a text. Raises as `upload`."""
    if not content:
        raise InvalidRequest("The file is empty.", field="file")
    image = images.recognised(content)
    if image is None:
        _check_text(content)
        return None
    if len(content) > IMAGE_MAX_BYTES:
        raise PayloadTooLarge(f"An image may have {IMAGE_MAX_BYTES // MB} MB at most.")
    pixels, side = image.width * image.height, max(image.width, image.height)
    if pixels > IMAGE_MAX_PIXELS or side > IMAGE_MAX_SIDE_PIXELS:
        raise InvalidRequest(
            f"An image may have {IMAGE_MAX_PIXELS // 1_000_000} megapixels, and "
            f"{IMAGE_MAX_SIDE_PIXELS:,} pixels on each side.",
            field="file",
        )
    return image


def _check_text(content: bytes) -> None:
    if not _is_text(content):
        raise InvalidRequest(
            "This file cannot be attached: only PNG, JPEG, GIF and WebP images, and text in UTF-8.",
            field="file",
        )
    if len(content) > TEXT_MAX_BYTES:
        raise PayloadTooLarge(f"A text file may have {TEXT_MAX_BYTES // 1024} KB at most.")


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return _NOT_TEXT.search(content) is None


def _clean(name: str) -> str:
    """The last part of a path, on one line, with its ending kept where it is too long."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cs"))
    shown = " ".join("".join(c for c in shown if c not in _BIDI).split()) or "file"
    if len(shown) <= NAME_MAX_CHARS:
        return shown
    stem, dot, ending = shown.rpartition(".")
    ending = (dot + ending)[:20] if stem else ""
    return shown[: NAME_MAX_CHARS - len(ending)] + ending
