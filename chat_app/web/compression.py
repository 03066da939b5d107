"""Pages and static files go out compressed: plain WSGI hosting has nobody else who would do it.

Not the API, whose answers may mix secrets with what others typed (the BREACH attack), and never a
stream. Our pages are safe from that: another site cannot ask for one with our cookie (SameSite).
"""

import gzip

from flask import Response, request

TYPES = {"text/html", "text/css", "text/javascript", "image/svg+xml"}
LEAST_BYTES = 500  # below it there is nothing to win
LEVEL = 6


def compress(response: Response) -> Response:
    """Compress the body where it is a whole one of `TYPES` and the browser takes gzip."""
    if response.mimetype not in TYPES or response.status_code == 304:
        return response
    response.vary.add("Accept-Encoding")
    is_plain = response.status_code != 206 and "Content-Encoding" not in response.headers
    if not is_plain or not request.accept_encodings["gzip"] or request.method == "HEAD":
        return response
    response.direct_passthrough = False  # a file is read now
    body = response.get_data()
    if len(body) < LEAST_BYTES:
        return response
    response.set_data(gzip.compress(body, LEVEL, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    tag, _ = response.get_etag()
    if tag is not None:
        response.set_etag(tag, weak=True)  # the same content, in other bytes (RFC 9110, 8.8.3)
    return response
