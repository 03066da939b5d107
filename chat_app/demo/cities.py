"""Well-known places and their time zones, in three languages."""

import re
from dataclasses import dataclass

from chat_app.demo.language import Language


@dataclass(frozen=True, slots=True)
class Place:
    """A city or country, its IANA time zone, and what it is called in each language."""

    zone: str
    names: dict[Language, str]


# The first place of a zone is its name where a question names none.
_TABLE = """
Asia/Taipei | Taipei | 台北 | 台北
Asia/Taipei | Taiwan | 台灣 | 台湾
Asia/Taipei | Kaohsiung | 高雄 | 高雄
Asia/Hong_Kong | Hong Kong | 香港 | 香港
Asia/Macau | Macau | 澳門 | 澳门
Asia/Shanghai | Beijing | 北京 | 北京
Asia/Shanghai | Shanghai | 上海 | 上海
Asia/Shanghai | Guangzhou | 廣州 | 广州
Asia/Shanghai | Shenzhen | 深圳 | 深圳
Asia/Shanghai | China | 中國 | 中国
Asia/Tokyo | Tokyo | 東京 | 东京
Asia/Tokyo | Osaka | 大阪 | 大阪
Asia/Tokyo | Japan | 日本 | 日本
Asia/Seoul | Seoul | 首爾 | 首尔
Asia/Seoul | Korea | 韓國 | 韩国
Asia/Singapore | Singapore | 新加坡 | 新加坡
Asia/Kuala_Lumpur | Kuala Lumpur | 吉隆坡 | 吉隆坡
Asia/Bangkok | Bangkok | 曼谷 | 曼谷
Asia/Ho_Chi_Minh | Ho Chi Minh City | 胡志明市 | 胡志明市
Asia/Ho_Chi_Minh | Hanoi | 河內 | 河内
Asia/Jakarta | Jakarta | 雅加達 | 雅加达
Asia/Manila | Manila | 馬尼拉 | 马尼拉
Asia/Kolkata | New Delhi | 新德里 | 新德里
Asia/Kolkata | Delhi | 德里 | 德里
Asia/Kolkata | Mumbai | 孟買 | 孟买
Asia/Kolkata | India | 印度 | 印度
Asia/Dubai | Dubai | 杜拜 | 迪拜
Asia/Jerusalem | Jerusalem | 耶路撒冷 | 耶路撒冷
Europe/Istanbul | Istanbul | 伊斯坦堡 | 伊斯坦布尔
Europe/Moscow | Moscow | 莫斯科 | 莫斯科
Europe/Kyiv | Kyiv | 基輔 | 基辅
Europe/Helsinki | Helsinki | 赫爾辛基 | 赫尔辛基
Europe/Athens | Athens | 雅典 | 雅典
Europe/Berlin | Berlin | 柏林 | 柏林
Europe/Berlin | Munich | 慕尼黑 | 慕尼黑
Europe/Berlin | Germany | 德國 | 德国
Europe/Paris | Paris | 巴黎 | 巴黎
Europe/Paris | France | 法國 | 法国
Europe/Madrid | Madrid | 馬德里 | 马德里
Europe/Rome | Rome | 羅馬 | 罗马
Europe/Vienna | Vienna | 維也納 | 维也纳
Europe/Zurich | Zurich | 蘇黎世 | 苏黎世
Europe/Amsterdam | Amsterdam | 阿姆斯特丹 | 阿姆斯特丹
Europe/Brussels | Brussels | 布魯塞爾 | 布鲁塞尔
Europe/Copenhagen | Copenhagen | 哥本哈根 | 哥本哈根
Europe/Stockholm | Stockholm | 斯德哥爾摩 | 斯德哥尔摩
Europe/Oslo | Oslo | 奧斯陸 | 奥斯陆
Europe/Warsaw | Warsaw | 華沙 | 华沙
Europe/Prague | Prague | 布拉格 | 布拉格
Europe/Lisbon | Lisbon | 里斯本 | 里斯本
Europe/Dublin | Dublin | 都柏林 | 都柏林
Europe/London | London | 倫敦 | 伦敦
Africa/Cairo | Cairo | 開羅 | 开罗
Africa/Nairobi | Nairobi | 奈洛比 | 内罗毕
Africa/Lagos | Lagos | 拉哥斯 | 拉各斯
Africa/Johannesburg | Johannesburg | 約翰尼斯堡 | 约翰内斯堡
America/New_York | New York | 紐約 | 纽约
America/New_York | Boston | 波士頓 | 波士顿
America/New_York | Washington | 華盛頓 | 华盛顿
America/Toronto | Toronto | 多倫多 | 多伦多
America/Chicago | Chicago | 芝加哥 | 芝加哥
America/Denver | Denver | 丹佛 | 丹佛
America/Los_Angeles | Los Angeles | 洛杉磯 | 洛杉矶
America/Los_Angeles | San Francisco | 舊金山 | 旧金山
America/Los_Angeles | Seattle | 西雅圖 | 西雅图
America/Vancouver | Vancouver | 溫哥華 | 温哥华
America/Mexico_City | Mexico City | 墨西哥城 | 墨西哥城
America/Sao_Paulo | São Paulo | 聖保羅 | 圣保罗
America/Argentina/Buenos_Aires | Buenos Aires | 布宜諾斯艾利斯 | 布宜诺斯艾利斯
Pacific/Honolulu | Honolulu | 檀香山 | 檀香山
Australia/Sydney | Sydney | 雪梨 | 悉尼
Australia/Melbourne | Melbourne | 墨爾本 | 墨尔本
Pacific/Auckland | Auckland | 奧克蘭 | 奥克兰
"""
_ALSO_CALLED = {
    "臺北": "台北",
    "臺灣": "台灣",
    "sao paulo": "são paulo",
    "san fran": "san francisco",
}


def _places() -> tuple[Place, ...]:
    rows = (line.split(" | ") for line in _TABLE.strip().splitlines())
    return tuple(Place(zone, dict(zip(Language, names, strict=True))) for zone, *names in rows)


PLACES = _places()
_BY_NAME = {name.lower(): place for place in reversed(PLACES) for name in place.names.values()}
_BY_NAME |= {other: _BY_NAME[name] for other, name in _ALSO_CALLED.items()}
# Longest first, so that 新德里 is not read as 德里. A letter beside a Chinese name is no matter.
_NAMED = re.compile(
    "|".join(
        rf"(?<![a-z]){re.escape(name)}(?![a-z])" if name[0] < "\u3000" else name
        for name in sorted(_BY_NAME, key=len, reverse=True)
    )
    + r"|(?P<zone>(?<![\w/])(?:Africa|America|Asia|Atlantic|Australia|Europe|Indian|Pacific)"
    r"/[a-z_]+(?:/[a-z_]+)?)|(?P<utc>(?<![a-z])(?:UTC|GMT)(?![a-z]))",
    re.IGNORECASE,
)


def zones_in(text: str) -> list[str]:
    """The time zones of the places that `text` names, in its order, each once."""
    return list(dict.fromkeys(map(_zone, _NAMED.finditer(text))))


def name_of(zone: str, question: str, language: Language) -> str:
    """What to call a zone: the place that the question named, else one that lies in it."""
    named = (_BY_NAME.get(found[0].lower()) for found in _NAMED.finditer(question))
    for place in (*named, *PLACES):
        if place is not None and place.zone == zone:
            return place.names[language]
    return zone


def _zone(found: re.Match[str]) -> str:
    if found["utc"]:
        return "UTC"
    return found["zone"] or _BY_NAME[found[0].lower()].zone
