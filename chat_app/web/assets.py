"""Static files, under an address that changes with their contents, so that browsers keep them.

The mark is in the path, not in the query: what a script imports or a style sheet names by a
relative address then carries it, too.
"""

import hashlib
import re
from pathlib import Path

from flask import Response, request, send_from_directory, url_for
from werkzeug.exceptions import NotFound

from chat_app.web.blueprint import bp

FOLDER = Path(__file__).parent / "static"
KEPT_S = 365 * 86_400
JOINED_MAX = 40
_SHEETS = re.compile(r"css/([a-z]+(?:\+[a-z]+)+)\.css")
_FOR_WRITERS = re.compile(rb"\s*/\*.*?\*/|(?<=\n)\s+", re.DOTALL)


def _mark_of(folder: Path) -> str:
    """A short hash of all names and contents in `folder`."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.*")):
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


MARK = _mark_of(FOLDER)


def url(name: str) -> str:
    """The address of the file with this path in `static/`. `css/a+b.css` is a.css and b.css in one:
    together they compress better, and are one request. Their comments and indents, a fifth of
    the bytes, are left out.
    """
    return url_for("web.asset", mark=MARK, name=name)


@bp.get("/assets/<mark>/<path:name>")
def asset(mark: str, name: str) -> Response:
    # In a rolling deploy a page of another version may ask here: it gets ours, but keeps it not.
    max_age_s = KEPT_S if mark == MARK else 0
    if sheets := _SHEETS.fullmatch(name):
        response = _joined(sheets[1].split("+"), max_age_s)
    else:
        response = send_from_directory(FOLDER, name, max_age=max_age_s)
    response.cache_control.immutable = mark == MARK
    return response


def _joined(names: list[str], max_age_s: int) -> Response:
    paths = [FOLDER / "css" / f"{name}.css" for name in names]
    if len(paths) > JOINED_MAX or not all(path.is_file() for path in paths):
        raise NotFound
    sheets = b"".join(path.read_bytes() for path in paths)
    response = Response(_FOR_WRITERS.sub(b"", sheets), mimetype="text/css")
    response.cache_control.public = True
    response.cache_control.max_age = max_age_s
    response.add_etag()
    response.make_conditional(request)
    return response
