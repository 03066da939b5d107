"""Static files, under an address that changes with their contents, so that browsers keep them.

The mark is in the path, not in the query: what a script imports or a style sheet names by a
relative address then carries it, too.
"""

import hashlib
from pathlib import Path

from flask import Response, send_from_directory, url_for

from chat_app.web.blueprint import bp

FOLDER = Path(__file__).parent / "static"
KEPT_S = 365 * 86_400


def _mark_of(folder: Path) -> str:
    """A short hash of all names and contents in `folder`."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.*")):
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


MARK = _mark_of(FOLDER)


def url(name: str) -> str:
    """The address of the file with this path in `static/`."""
    return url_for("web.asset", mark=MARK, name=name)


@bp.get("/assets/<mark>/<path:name>")
def asset(mark: str, name: str) -> Response:
    # In a rolling deploy a page of another version may ask here: it gets ours, but keeps it not.
    response = send_from_directory(FOLDER, name, max_age=KEPT_S if mark == MARK else 0)
    response.cache_control.immutable = mark == MARK
    return response
