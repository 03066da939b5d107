"""Files for messages: uploading one, looking at it, and throwing it away again."""

from io import BytesIO

from flask import Blueprint, Response, request, send_file
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api.schemas.attachments import AttachmentOut
from chat_app.api.schemas.base import show
from chat_app.errors import InvalidRequest
from chat_app.services import attachments
from chat_app.services.attachments import File

# The largest file, and what a multipart form has around it.
BODY_MAX_BYTES = attachments.IMAGE_MAX_BYTES + 64 * 1024

bp = Blueprint("attachments", __name__, url_prefix="/api/attachments")


@bp.post("")
@current.takes_files(BODY_MAX_BYTES)
def upload() -> ResponseReturnValue:
    person, (name, content) = current.person(), _file()
    row = attachments.upload(current.runtime(), person, name, content)
    return show(AttachmentOut, row.about), 201


@bp.get("/<attachment_id>")
def get_attachment(attachment_id: str) -> ResponseReturnValue:
    known = request.if_none_match.contains
    return _shown(attachments.read(current.runtime(), current.person(), attachment_id, known))


@bp.delete("/<attachment_id>")
def discard(attachment_id: str) -> ResponseReturnValue:
    attachments.discard(current.runtime(), current.person(), attachment_id)
    return "", 204


def _file() -> tuple[str, bytes]:
    """Name and content of the one file in the form. Raises `InvalidRequest`."""
    files = [file for _, file in request.files.items(multi=True)]
    if len(files) != 1:
        raise InvalidRequest("Send one file, as multipart/form-data.", field="file")
    return files[0].filename or "", files[0].read()


def _shown(file: File) -> ResponseReturnValue:
    """The file as what its bytes are, and never as a page of ours."""
    row = file.row
    if file.content is None:
        response = Response(status=304)
        response.set_etag(row.sha256)
    else:
        content = BytesIO(file.content)
        response = send_file(content, row.media_type, download_name=row.name, etag=row.sha256)
    # It may be deleted, and who sees it may change: a browser asks each time, for a few bytes.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if row.width is None:
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
