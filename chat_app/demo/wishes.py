"""What a question wants done with tools. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chat_app.demo.cities import zones_in
from chat_app.demo.sums import sums_in

MAX_READ_CHARS = 600
MAX_WISHES = 8


@dataclass(frozen=True, slots=True)
class Wish:
    """One call of a tool: its plain name, and the arguments."""

    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)


_NOTES = "(?:[筆笔][記记]|[記记]事|[備备]忘[錄录]?)"
_DIGITS = "一二三四五六七八九"
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")

_NOTE = re.compile(
    r"(?:^|(?<=[.!?,;:。！？，；：\s]))"
    r"(?:remember(?: (?:that|to)\s| ?(?:this)? ?[:：])"
    r"|(?:make|take|add|write|save) (?:me )?(?:a )?(?:new )?note(?: ?[:：]| (?:that|to|of)\s)"
    r"|note (?:down\s|that\s)|note(?: down)? ?[:：]"
    r"|(?:write|jot) (?:this |that )?down(?: ?[:：]|(?: that)?\s)"
    r"|[請请幫帮我替]*[記记](?:下[來来]?|住|得|一下|[個个])"
    rf"|(?:新增|加|[寫写])(?:[一下入]*[條条則则個个])?{_NOTES}|^{_NOTES}(?=[:：]))"
    r"[:：,，\s]*(?P<text>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
# Where the words to note end, and something else is said.
_END = re.compile(
    r"\n|[。！？；;]|[.!?](?:\s|$)"
    r"|,?\s+(?:and|then)\s+(?:then\s+|please\s+|also\s+)*"
    r"(?=what|how|list|show|read|tell|delete|remove|calculat|comput)"
    r"|[,，]?\s*(?:然[後后]|接[著着]|[並并]且?|再)(?=列|[顯显]示|告[訴诉]|[計计]?算|看|[現现]在|[刪删])",
    re.IGNORECASE,
)
_DELETE = re.compile(
    r"\b(?:delete|remove|erase|forget|drop)\b[^.?!\n]{0,24}\bnotes?\b(?:[\s#,\d]|and\b|number|no\.)*"
    rf"|(?:[刪删]除?掉?|移除|去掉)[^。！？\n]{{0,12}}{_NOTES}[\s第、和與与條条則则\d{_DIGITS}]*",
    re.IGNORECASE,
)
_NUMBER = re.compile(rf"\d{{1,9}}|{'|'.join(_ORDINALS)}|[{_DIGITS}]", re.IGNORECASE)
_LIST = re.compile(
    r"\b(?:list|show|read|see|give|display|what are|what(?:'s| is) in|which|are there"
    r"|have (?:i|we|you)|do (?:i|we|you) have)\b[^.?!\n]{0,24}\bnotes\b|\bwhat notes\b"
    r"|^\s*(?:my )?notes\s*[?.!]?\s*$|\bwhat (?:have|did) (?:i|you) note"
    rf"|(?:列出|[顯显]示|看|[讀读]|[給给]我|所有|哪些|什[麼么])[^。！？\n]{{0,8}}{_NOTES}"
    rf"|{_NOTES}.{{0,4}}(?:有哪些|有什[麼么]|列出|清[單单]|列表)|我[記记]了(?:什[麼么]|哪些)",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\bwhat(?:'s|s| is)? (?:the |today's )?(?:current |local |exact |right )*(?:time|date)\b"
    r"(?! ?[-_]?(?:out|limit|zone|frame|span|it takes|do|did|can|should|will|between|before|after))"
    r"|\bthe time (?:is it|now|in)\b|\btime is it\b|\b(?:current|local) (?:time|date)\b"
    r"|\btell (?:me )?the time\b|\bwhat day is (?:it|today)\b|\btoday's date\b|\bwhat date is\b"
    r"|[幾几][點点](?:[鐘钟了嗎吗?？]|$)|[現现]在(?:是)?[幾几][點点]"
    r"|(?:[現现]在|目前|[當当]地|此刻)的?[時时][間间]|[時时][間间]是?(?:多少|什[麼么]|[幾几])|[報报][時时]"
    r"|今天是?(?:[幾几][號号月]|星期[幾几]|[禮礼]拜[幾几]|[週周][幾几]|什[麼么]日子|的?日期)",
    re.IGNORECASE,
)
_TIME_OF_A_PLACE = re.compile(r"\btime in\b|的[時时][間间]|[幾几][點点]", re.IGNORECASE)


def wishes(question: str) -> list[Wish]:
    """What `question` wants done, in the order to do it: what changes notes before what reads."""
    said = question[:MAX_READ_CHARS].replace("’", "'")
    found: list[Wish] = []
    if note := _NOTE.search(said):
        text, end, rest = _split(note["text"])
        if noted := text.strip(" \t\"“”「」'.,，:：。！？"):
            found.append(Wish("add_note", {"text": noted}))
        # What is to be noted is not asked.
        said = said[: note.start()] + "\n" + end + rest
    deletions = [_NUMBER.findall(each[0]) for each in _DELETE.finditer(said)]
    found += _deletions(number for numbers in deletions for number in numbers)
    found += [Wish("current_time", {"timezone": zone}) for zone in _zones(said)]
    found += [Wish("calculate", {"expression": expression}) for expression in sums_in(said)]
    # Who does not say which note to delete is shown them.
    if _LIST.search(said) or [] in deletions:
        found.append(Wish("list_notes"))
    return found[:MAX_WISHES]


def _split(text: str) -> tuple[str, str, str]:
    """The words to note, what ends them, and the rest."""
    end = _END.search(text)
    return (text[: end.start()], end[0], text[end.end() :]) if end else (text, "", "")


def _deletions(numbers: Iterator[str]) -> Iterator[Wish]:
    # From the last on: so the numbers of those before it stay what they are.
    for number in sorted(set(map(_value, numbers)), reverse=True):
        yield Wish("delete_note", {"number": number})


def _value(number: str) -> int:
    if number.lower() in _ORDINALS:
        return _ORDINALS.index(number.lower()) + 1
    return _DIGITS.index(number) + 1 if number in _DIGITS else int(number)


def _zones(said: str) -> list[str]:
    zones = zones_in(said)
    if _TIME.search(said):
        return zones or ["UTC"]
    return zones if _TIME_OF_A_PLACE.search(said) else []
