"""What browsers are told to forbid. No page of ours has a script or a style inside its HTML."""

from flask import Response

POLICY = (
    "default-src 'self'; img-src 'self' data:; media-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    # What is on a page is private, and may be old a second later.
    "Cache-Control": "private, no-cache",
}


def protect(response: Response) -> Response:
    """Add the security headers: to every response what suits all, to HTML the rest."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    if response.mimetype == "text/html":
        for name, value in PAGE_HEADERS.items():
            response.headers.setdefault(name, value)
    return response


def let_forms_out(response: Response) -> Response:
    """For a page whose forms are answered by sending the person to another site, which one is not
    known before: browsers hold `form-action` against that, too.
    """
    response.headers["Content-Security-Policy"] = f"{POLICY} https: http:"
    return response
