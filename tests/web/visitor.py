"""A browser without JavaScript: cookies, pages, and forms that carry what the page gave them."""

import re
from collections.abc import Sequence
from html import unescape
from io import BytesIO
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

_INPUT = re.compile(r'<input[^>]*\bname="(?P<name>csrf_token|client_id)"[^>]*>')
_VALUE = re.compile(r'\bvalue="([^"]*)"')
PAGE = {"Accept": "text/html"}


class Visitor:
    """`page` is the text of what was shown last; with a `cookie` one has signed in."""

    def __init__(self, app: Flask, cookie: str | None = None) -> None:
        self.client = app.test_client()
        if cookie:
            self.client.set_cookie("session", cookie)
        self.page = ""

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self._shown(self.client.get(path, headers=PAGE, **kwargs))

    def submit(self, path: str, **fields: str) -> TestResponse:
        """Send the form of the page that is shown; `fields` go before what is hidden in it."""
        return self._shown(self.client.post(path, data=self.hidden() | fields, headers=PAGE))

    def send(self, path: str, files: Sequence[tuple[str, bytes]], **fields: Any) -> TestResponse:
        """As `submit`, with files: `(name, content)` each."""
        chosen = [(BytesIO(content), name) for name, content in files] or [(BytesIO(), "")]
        data = self.hidden() | fields | {"files": chosen}
        return self._shown(self.client.post(path, data=data, headers=PAGE))

    def hidden(self) -> dict[str, str]:
        """The hidden fields of the page's forms."""
        return {
            found["name"]: unescape(_VALUE.search(found[0])[1])
            for found in _INPUT.finditer(self.page)
        }

    def sign_in(self, email: str, password: str, path: str = "/login") -> TestResponse:
        self.get(path)
        return self.submit(path, email=email, password=password)

    def _shown(self, response: TestResponse) -> TestResponse:
        if response.mimetype == "text/html":
            self.page = response.text
        return response
