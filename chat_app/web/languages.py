"""The language of a page: the person's choice, else the browser's, else English."""

from datetime import date, datetime

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_compact_decimal, format_decimal
from flask import Flask, request
from flask_babel import Babel, get_locale
from flask_babel import gettext as _

# As browsers name them, and as the catalogue's folders are named.
LANGUAGES = {"en": "English", "zh-Hant": "繁體中文", "zh-Hans": "简体中文"}
COOKIE = "language"
# What a browser says of Chinese, by place or by script.
_HANT = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


def install(app: Flask) -> None:
    """Pages are translated with `_` and `ngettext`; the catalogues are in translations/."""
    Babel(app, locale_selector=chosen, default_locale="en")
    # WTForms would say what it says in Simplified Chinese to both: it is in our catalogues.
    app.config["WTF_I18N_ENABLED"] = False
    app.jinja_env.globals.update(languages=LANGUAGES, language=language)
    app.jinja_env.filters.update(moment=moment, day=day, number=number, short_number=short_number)


def chosen() -> str:
    """The name of the request's catalogue."""
    wanted = request.cookies.get(COOKIE)
    return (wanted if wanted in LANGUAGES else _of_browser()).replace("-", "_")


def language() -> str:
    """The request's language as HTML's `lang` names it."""
    locale = _locale()
    return f"{locale.language}-{locale.script}" if locale.script else str(locale.language)


def moment(at: datetime) -> str:
    """`20 Nov, 14:05 UTC`, as the request's language writes it."""
    said: str = format_datetime(at, _("d MMM, HH:mm 'UTC'"), locale=_locale())
    return said


def day(at: date) -> str:
    """`20 Nov 2026`, as the request's language writes it."""
    said: str = format_date(at, _("d MMM y"), locale=_locale())
    return said


def number(value: int) -> str:
    """`70,272`, as the request's language writes it."""
    said: str = format_decimal(value, locale=_locale())
    return said


def short_number(value: int) -> str:
    """`950`, `1.2K`, `82K`, or `8.2萬`: for where there is little room."""
    said: str = format_compact_decimal(value, fraction_digits=1, locale=_locale())
    return said


def _locale() -> Locale:
    return get_locale() or Locale("en")


def _of_browser() -> str:
    for wanted in request.accept_languages.values():
        tag = wanted.lower()
        if tag.startswith(_HANT):
            return "zh-Hant"
        if tag.startswith("zh"):
            return "zh-Hans"
        if tag.startswith("en"):
            return "en"
    return "en"
