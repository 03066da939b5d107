"""Writes the catalogues of the pages: what is to be said, in each language, and compiled.

`make translations` after a sentence was added or changed; then fill in what it names. The `.po`
files have neither dates nor line numbers, so that a change of them shows what was changed.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from scripts import sentences

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "chat_app"
CATALOGUES = APP / "translations"
FORMS = APP / "sentences/forms.py"
LOCALES = ("zh_Hans", "zh_Hant")
KEYWORDS = DEFAULT_KEYWORDS | {
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
    "lazy_pgettext": ((1, "c"), 2),
}
# As the application's templates are read.
JINJA = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
FORMS_HEAD = """\
# ruff: noqa: E501
\"\"\"Forms of sentences that code puts together. `make translations` writes this file.\"\"\"

"""
# What WTForms says itself of fields that our forms have; its own catalogues have other locales.
OF_WTFORMS = (
    "Not a valid choice.",
    "Not a valid integer value.",
    "This field is required.",
    "Invalid value, must be one of: {0}.",
)
# What pydantic says of a body's field, and our schemas through it.
OF_PYDANTIC = (
    "{0}: Field required.",
    "{0}: Input should be a valid string.",
    "{0}: Input should be a valid integer.",
    "{0}: Input should be a valid integer, unable to parse string as an integer.",
    "{0}: Input should be a valid number.",
    "{0}: Input should be a valid boolean.",
    "{0}: Input should be a valid list.",
    "{0}: Input should be a valid dictionary.",
    "{0}: Input should be {1}.",
    "{0}: Input should be greater than {1}.",
    "{0}: Input should be greater than or equal to {1}.",
    "{0}: Input should be less than {1}.",
    "{0}: Input should be less than or equal to {1}.",
    "{0}: String should have at least {1} character.",
    "{0}: String should have at most {1} characters.",
    "{0}: String should match pattern {1}.",
    "{0}: List should have at most {1} items after validation, not {2}.",
    "{0}: Dictionary should have at most {1} items after validation, not {2}.",
    "{0}: Value error, NUL is not allowed.",
    "{0}: Value error, too long.",
    "{0}: Value error, a key is not a tool's id.",
    "{0}: Value error, not an http or https address.",
    "{0}: Value error, a key belongs into api_key, not into the address.",
)
# What stands in the place of a tool server's name in what went wrong when people sign in to it.
NAMES = ("The sign-in of {0}",)
# What these say is for operators at their shell.
NOT_FOR_PEOPLE = (
    "cli/",
    "demo/",
    "tools/sidecar/demo.py",
    "services/schema.py",
)


class Calm(Catalog):
    """A catalogue whose own description is the same at any time."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", self.locale_identifier or ""),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", self.plural_forms),
        ]


def template() -> Catalog:
    """All that the pages and the errors say."""
    found = Calm()
    methods = [("web/**.py", "python"), ("web/templates/**.html", "jinja2")]
    for _, _, message, comments, context in extract_from_dir(
        APP, methods, {"**.html": JINJA}, KEYWORDS, directory_filter=lambda _: True
    ):
        found.add(message, None, auto_comments=comments, context=context)
    for sentence in told():
        found.add(sentence)
    return found


def told() -> list[str]:
    """The sentences of errors, and the forms of those that are put together, in their order."""
    found = {*OF_WTFORMS, *OF_PYDANTIC, *NAMES}
    for file in APP.rglob("*.py"):
        if not file.relative_to(APP).as_posix().startswith(NOT_FOR_PEOPLE):
            found |= {sentence for _, sentence in sentences.find(file.read_text("utf-8"))}
    return sorted(found)


def forms() -> str:
    """The module of the forms."""
    lines = "".join(f"    {_quoted(each)},\n" for each in told() if "{0}" in each)
    return f"{FORMS_HEAD}FORMS = (\n{lines})\n"


def path(locale: str) -> Path:
    return CATALOGUES / locale / "LC_MESSAGES/messages.po"


def read(locale: str) -> Calm:
    """The catalogue as it is kept."""
    kept = Calm(locale, header_comment="", fuzzy=False)
    if path(locale).exists():
        for message in read_po(io.BytesIO(path(locale).read_bytes()), locale=locale):
            if message.id:
                kept[message.id] = message
    return kept


def text(catalogue: Catalog) -> bytes:
    """As `.po`, in the order of the alphabet."""
    return _written(write_po, catalogue, width=100, no_location=True, sort_output=True)


def compiled(catalogue: Catalog) -> bytes:
    """As `.mo`."""
    return _written(write_mo, catalogue)


def write() -> Iterator[str]:
    """Brings all files up to date, and gives what is still to be translated."""
    FORMS.write_text(forms(), "utf-8")
    wanted = template()
    for locale in LOCALES:
        catalogue = read(locale)
        catalogue.update(wanted, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        path(locale).parent.mkdir(parents=True, exist_ok=True)
        path(locale).write_bytes(text(catalogue))
        path(locale).with_suffix(".mo").write_bytes(compiled(catalogue))
        for message in catalogue:
            if message.id and not all(_strings(message.string)):
                yield f"{locale}: {message.id!r}"


def _strings(string: Any) -> tuple[str, ...]:
    return tuple(string) if isinstance(string, tuple | list) else (string,)


def _quoted(sentence: str) -> str:
    """As our formatter writes it."""
    return repr(sentence) if '"' in sentence else f'"{sentence}"'


def _written(writer: Any, catalogue: Catalog, **options: Any) -> bytes:
    file: IO[bytes] = io.BytesIO()
    writer(file, catalogue, **options)
    file.seek(0)
    return file.read()


if __name__ == "__main__":
    print(*write(), sep="\n")
