"""The language of a page: the person's choice, else the browser's, else English."""

from babel import Locale
from flask import Flask, request
from flask_babel import Babel, get_locale

# As browsers name them, and as the catalogue's folders are named.
LANGUAGES = {"en": "English", "zh-Hant": "繁體中文", "zh-Hans": "简体中文"}
COOKIE = "language"
# What a browser says of Chinese, by place or by script.
_HANT = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


def install(app: Flask) -> None:
    """Pages are translated with `_` and `ngettext`; the catalogues are in translations/."""
    Babel(app, locale_selector=chosen, default_locale="en")
    app.jinja_env.globals.update(languages=LANGUAGES, language=language)


def chosen() -> str:
    """The name of the request's catalogue."""
    wanted = request.cookies.get(COOKIE)
    return (wanted if wanted in LANGUAGES else _of_browser()).replace("-", "_")


def language() -> str:
    """The request's language as HTML's `lang` names it."""
    locale = get_locale() or Locale("en")
    return f"{locale.language}-{locale.script}" if locale.script else str(locale.language)


def _of_browser() -> str:
    for wanted, _ in request.accept_languages:
        tag = wanted.lower()
        if tag.startswith(_HANT):
            return "zh-Hant"
        if tag.startswith("zh"):
            return "zh-Hans"
        if tag.startswith("en"):
            return "en"
    return "en"
