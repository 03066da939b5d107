"""Searching what was said."""

from flask import request
from flask.typing import ResponseReturnValue

from chat_app import access, current
from chat_app.errors import RequestError
from chat_app.services import search
from chat_app.services.search import Found
from chat_app.web import shell, snippets
from chat_app.web.blueprint import bp

PAGE_HITS = 20


@bp.get("/search")
def show_search() -> ResponseReturnValue:
    words = request.args.get("q", "").strip()
    before = access.number(request.args.get("before", ""))
    if not words:
        return _page("", None)
    try:
        found = search.search(current.runtime(), current.person(), words, before, PAGE_HITS)
    except RequestError as error:
        return _page(words, None, error), error.http_status
    return _page(words, found)


def _page(words: str, found: Found | None, error: RequestError | None = None) -> str:
    pieces = {m.id: snippets.snippet(m.body, words) for m, _ in found.hits} if found else {}
    return shell.page("search.html", words=words, found=found, pieces=pieces, error=error)
