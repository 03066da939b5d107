"""Which of the three languages a text is written in."""

import re
from collections.abc import Sequence
from enum import StrEnum


class Language(StrEnum):
    """A language that the demo answers in; the value is its BCP 47 tag."""

    ENGLISH = "en"
    TRADITIONAL = "zh-Hant"
    SIMPLIFIED = "zh-Hans"


# Characters that one script writes and the other does not, in pairs.
_TRADITIONAL = set(
    "麼這個們來時會說對沒為嗎樣發問題設頻資訊應請謝見誰處頭電語學習覺機關開無錯據庫標寫裡條幫"
)
_SIMPLIFIED = set(
    "么这个们来时会说对没为吗样发问题设频资讯应请谢见谁处头电语学习觉机关开无错据库标写里条帮"
)

_CHINESE = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_JAPANESE_OR_KOREAN = re.compile("[\u3040-\u30ff\uac00-\ud7af]")
_WORD = re.compile(r"[^\W\d_]+", re.ASCII)
_WANTED = (
    (Language.ENGLISH, re.compile(r"\bin english\b|用英[文語语]", re.IGNORECASE)),
    (Language.TRADITIONAL, re.compile(r"\bin traditional chinese\b|用(?:繁體|繁体|正體)", re.I)),
    (Language.SIMPLIFIED, re.compile(r"\bin (?:simplified )?chinese\b|用(?:简体|簡體)", re.I)),
)


def language_of(texts: Sequence[str]) -> Language:
    """The language of the last of `texts`; where that leaves the script open, of those before.

    A wish such as “in English, please” in the last text comes first.
    """
    last = texts[-1] if texts else ""
    wanted = [language for language, wish in _WANTED if wish.search(last)]
    if wanted:
        return wanted[0]
    if not _is_chinese(last):
        return Language.ENGLISH
    scripts = (_script(text) for text in reversed(texts))
    return next((script for script in scripts if script), Language.SIMPLIFIED)


def _is_chinese(text: str) -> bool:
    characters = len(_CHINESE.findall(text))
    foreign = len(_WORD.findall(text)) + 2 * len(_JAPANESE_OR_KOREAN.findall(text))
    return characters > foreign


def _script(text: str) -> Language | None:
    traditional = sum(character in _TRADITIONAL - _SIMPLIFIED for character in text)
    simplified = sum(character in _SIMPLIFIED - _TRADITIONAL for character in text)
    if traditional == simplified:
        return None
    return Language.TRADITIONAL if traditional > simplified else Language.SIMPLIFIED
