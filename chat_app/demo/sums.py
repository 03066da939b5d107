"""The sums in a question, as expressions that a calculator reads. Pure."""

import re
import unicodedata

# Words between two numbers, and what they mean.
_WORDS = (
    (re.compile(r"(?<=[\d)])\s*%\s*of\s*(?=[\d(])|(?<=\d)\s*%\s*的\s*(?=\d)", re.I), "/100*"),
    (re.compile(r"(?<=[\d)])\s*(?:times|multiplied by|乘以|乘上|乘|×|·|x)\s*(?=[\d(])", re.I), "*"),
    (re.compile(r"(?<=[\d)])\s*(?:divided by|over|除以|÷)\s*(?=[\d(])", re.I), "/"),
    (re.compile(r"(?<=[\d)])\s*(?:plus|加上|加)\s*(?=[\d(])", re.I), "+"),
    (re.compile(r"(?<=[\d)])\s*(?:minus|減去|减去|減|减|−|–)\s*(?=[\d(])", re.I), "-"),
    (re.compile(r"(?<=[\d)])\s*(?:to the power of|\^)\s*(?=[\d(])", re.I), "**"),
    (re.compile(r"(?<=\d)\s*的\s*(?=\d+\s*次方)"), "**"),
)
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBER = r"\d+(?:\.\d+)?"
_SUM = re.compile(
    rf"(?<![\w.])[-(\s]*{_NUMBER}[\s)]*(?:(?:\*\*|//|[-+*/%])[-(\s]*{_NUMBER}[\s)]*)+"
)
_DATE = re.compile(r"\d{4}\s*([-/])\s*\d{1,2}\s*\1\s*\d{1,2}")
# A person asks for it; a bare “24/7” in a sentence is no sum.
_ASKED = re.compile(
    r"what(?:'s|s| is| are)|how much|how many|calculat|comput|work out|solve|evaluate|equals?"
    r"|[計计]算|算|等[於于]|多少|[=＝]",
    re.IGNORECASE,
)
_ALONE = re.compile(r"[\s?？=＝.。!！]*")
# What may stand right behind a sum: nothing, a sign, another wish, or a Chinese character.
_BEHIND = re.compile(r"\s*(?:$|[^\w\s]|and\b|then\b|equals?\b|is\b|[\u3400-\u9fff])", re.IGNORECASE)


def sums_in(text: str) -> list[str]:
    """The expressions in `text` that it asks the result of: `*`, `/`, `**` for what people write.

    `17 乘以 23` is `17*23`, `15% of 80` is `15/100*80`.
    """
    plain = _with_operators(text)
    found = [match for match in _SUM.finditer(plain) if _is_sum(match, plain)]
    return list(dict.fromkeys(_closed(match[0]) for match in found))


def _with_operators(text: str) -> str:
    plain = _THOUSANDS.sub("", unicodedata.normalize("NFKC", text))
    for word, operator in _WORDS:
        plain = word.sub(operator, plain)
    return plain


def _is_sum(match: re.Match[str], text: str) -> bool:
    if _DATE.fullmatch(match[0].strip()):
        return False
    if _ALONE.fullmatch(text.replace(match[0], "", 1)):
        return True
    return bool(_ASKED.search(text) and _BEHIND.match(text, match.end()))


def _closed(expression: str) -> str:
    """Without the brackets that the sentence opened or closed around the sum."""
    kept = expression.strip()
    while kept.count(")") > kept.count("(") and kept.endswith(")"):
        kept = kept[:-1].rstrip()
    while kept.count("(") > kept.count(")") and kept.startswith("("):
        kept = kept[1:].lstrip()
    return kept
