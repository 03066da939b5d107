"""An error's sentence in the language of the request.

Code raises English; here it is said in the person's language. The catalogues hold every error's own
sentence, every constant one that code gives instead, and the form of those it puts together.
"""

import copy
import re
from typing import TypeVar

from flask_babel import gettext

from chat_app.errors import HoldfastError
from chat_app.sentences.forms import FORMS

Error = TypeVar("Error", bound=HoldfastError)


def told(sentence: str) -> str:
    """The sentence in the language of the request; as it is where no catalogue knows it."""
    if not sentence:
        return ""  # the catalogues have their own description there
    said: str = gettext(sentence)
    if said != sentence:
        return said
    first, line_end, output = sentence.partition("\n")
    whole = _filled_in(sentence)
    return whole or (told(first) + line_end + output if line_end else sentence)


def translated(error: Error) -> Error:
    """The same error for somebody who reads the language of the request."""
    again = copy.copy(error)
    again.message = told(error.message)
    return again


def _filled_in(sentence: str) -> str:
    """What was put together is known by its form, and put together again from the translated one;
    empty where none is known. So it is also known when it comes from a journal, or from another
    process.
    """
    for pattern, form in _PATTERNS:
        if found := pattern.fullmatch(sentence):
            said: str = gettext(form)
            return said.format(*map(_part, found.groups())) if said != form else sentence
    return ""


def _part(filled_in: str) -> str:
    """A sentence within a sentence is said too; a name or a number stays as it is."""
    is_sentence = filled_in.partition("\n")[0].endswith(".")
    return told(filled_in) if is_sentence else _filled_in(filled_in) or filled_in


def _pattern(form: str) -> re.Pattern[str]:
    parts = re.split(r"\{\d+\}", form)
    return re.compile("(.*?)".join(map(re.escape, parts)), re.DOTALL)


def _most_telling(form: str) -> tuple[bool, int]:
    """What only follows another sentence, which may itself be filled in; then the longest."""
    return bool(re.match(r"\{0\} [A-Z]", form)), len(form)


_PATTERNS = [(_pattern(form), form) for form in sorted(FORMS, key=_most_telling, reverse=True)]
