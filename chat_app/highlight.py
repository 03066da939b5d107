"""Code to coloured HTML: Pygments lexers, and the CSS classes that css/code.css has colours for."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import escape
from itertools import groupby
from operator import itemgetter
from time import thread_time

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES, Token
from pygments.token import _TokenType as TokenType

MAX_COLOURED_CHARS = 20_000

# Only lexers that were timed on hostile input: some of the other 500 backtrack for minutes.
LEXERS = {
    "bash": ("sh", "shell", "zsh", "console", "shell-session"),
    "c": ("h",),
    "c++": ("cpp", "hpp", "cxx"),
    "c#": ("csharp", "cs"),
    "css": (),
    "diff": ("patch",),
    "docker": ("dockerfile",),
    "go": ("golang",),
    "html": ("htm", "xhtml"),
    "http": (),
    "java": (),
    "javascript": ("js", "mjs", "jsx"),
    "json": ("jsonc", "json5", "jsonl"),
    "kotlin": ("kt",),
    "lua": (),
    "make": ("makefile",),
    "nginx": ("nginxconf",),
    "php": (),
    "powershell": ("ps1", "pwsh"),
    "python": ("py", "python3", "pyi"),
    "r": (),
    "ruby": ("rb",),
    "rust": ("rs",),
    "sql": ("postgresql", "sqlite", "mysql", "psql"),
    "swift": (),
    "toml": (),
    "typescript": ("ts", "tsx"),
    "xml": ("svg", "rss"),
    "yaml": ("yml",),
}
_LEXER_NAMES = {name: lexer for lexer, also in LEXERS.items() for name in (lexer, *also)}

# Token types that have a colour; every other type takes the colour of its nearest parent here.
COLOURED = (
    Token.Comment,
    Token.Keyword,
    Token.Keyword.Type,
    Token.Name.Attribute,
    Token.Name.Builtin,
    Token.Name.Class,
    Token.Name.Decorator,
    Token.Name.Function,
    Token.Name.Tag,
    Token.Name.Variable,
    Token.Literal.Number,
    Token.Literal.String,
    Token.Literal.String.Escape,
    Token.Operator,
    Token.Generic.Deleted,
    Token.Generic.Heading,
    Token.Generic.Inserted,
    Token.Generic.Prompt,
)
CSS_CLASSES = frozenset(STANDARD_TYPES[kind] for kind in COLOURED)


def highlight(code: str, language: str, until: float) -> str:
    """`code` as escaped HTML with `<span class="…">` of CSS_CLASSES; plain in an unknown language.

    `until` is the moment, on the clock of `time.thread_time`, when the rest stays uncoloured.
    """
    name = _LEXER_NAMES.get(language.lower())
    if name is None or len(code) > MAX_COLOURED_CHARS or thread_time() > until:
        return escape(code)
    tokens = list(_tokens_until(get_lexer_by_name(name), code, until))
    if "".join(text for _, text in tokens) != code:
        return escape(code)  # a lexer that loses a character must not change what people copy
    return "".join(_spans(tokens))


def _tokens_until(lexer: Lexer, code: str, until: float) -> Iterator[tuple[str, str]]:
    for start, kind, text in lexer.get_tokens_unprocessed(code):
        # Some lexers try an expensive rule at every character, so the clock is read between tokens.
        if thread_time() > until:
            yield "", code[start:]
            return
        yield _css_class(kind), text


def _spans(tokens: Iterable[tuple[str, str]]) -> Iterator[str]:
    for css_class, group in groupby(tokens, key=itemgetter(0)):
        text = escape("".join(text for _, text in group))
        yield f'<span class="{css_class}">{text}</span>' if css_class else text


@lru_cache(maxsize=len(STANDARD_TYPES))
def _css_class(kind: TokenType) -> str:
    while kind not in COLOURED:
        if kind.parent is None:
            return ""
        kind = kind.parent
    return STANDARD_TYPES[kind]
