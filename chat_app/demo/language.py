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
TRADITIONAL_ONLY = frozenset(
    "麼這個們來時會說對沒為嗎樣發問題設頻資訊應請謝見誰處頭電語學習覺機關開無錯據庫標寫條幫運"
    "動連與從還過現點裝輸傳斷線網訂認證許護權號帳錄環變碼儲備導讓給誤態術構統結續總組級終實際"
    "專業長門間隊難雲頁順項預領願類顯飛體務萬億價優單圖執場計記論試詢該詳誌調談貼費軟載轉邊鐘"
    "鍵靜響驗讀數腦聽話歡簡漢譯筆嘗選釋錢雙麗"
)
SIMPLIFIED_ONLY = frozenset(
    "么这个们来时会说对没为吗样发问题设频资讯应请谢见谁处头电语学习觉机关开无错据库标写条帮运"
    "动连与从还过现点装输传断线网订认证许护权号账录环变码储备导让给误态术构统结续总组级终实际"
    "专业长门间队难云页顺项预领愿类显飞体务万亿价优单图执场计记论试询该详志调谈贴费软载转边钟"
    "键静响验读数脑听话欢简汉译笔尝选释钱双丽"
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
    traditional = sum(character in TRADITIONAL_ONLY for character in text)
    simplified = sum(character in SIMPLIFIED_ONLY for character in text)
    if traditional == simplified:
        return None
    return Language.TRADITIONAL if traditional > simplified else Language.SIMPLIFIED
