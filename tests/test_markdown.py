"""The renderer: what it draws, and what it must never let through."""

import gc
import re
from html.parser import HTMLParser
from pathlib import Path
from time import thread_time

import pytest

from chat_app import mathml
from chat_app.highlight import CSS_CLASSES, LEXERS, MAX_COLOURED_CHARS, highlight
from chat_app.markdown import (
    COLOUR_CHARS,
    MAX_CHARS,
    MAX_MARKS,
    MAX_TABLE_CELLS,
    PLAIN_BLOCK_CHARS,
    blocks,
    render,
)

CODE_CSS = Path(__file__).parent.parent / "chat_app/web/static/css/code.css"
NEVER = 1e9
# Twice what the worst text takes on a slow machine; a renderer that is not linear takes minutes.
MAX_RENDER_S = 2

TAGS = {
    *("a", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr"),
    *("input", "li", "ol", "p", "pre", "s", "section", "span", "strong", "sup", "table", "tbody"),
    *("td", "th", "thead", "tr", "ul"),
    *mathml.ELEMENTS,
}
ATTRIBUTES = {
    *("href", "title", "rel", "class", "data-language", "start", "type", "checked", "disabled"),
    *("aria-label", "tabindex"),
    *mathml.ATTRIBUTES,
}
RENDERED_CLASSES = CSS_CLASSES | {
    *("code", "table", "plain", "task-list-item", "task-list-item-checkbox", "contains-task-list"),
    *("footnotes", "footnote-ref", "left", "center", "right", "math"),
}

SAMPLE = """\
# Title & *more*

Text with **bold**, ~~gone~~, `code <b>`, a [link](https://a.example/?q=1&r="2" "a \\"title\\""),
<https://auto.example>, ![an *image*](https://evil.example/x.png "t") and a note[^n].
<script>alert(1)</script> <img src=x onerror=alert(1)> &lt;b&gt; &#60;i&#62;

| left | centre | right |
|:-----|:------:|------:|
| 1    | `a|b`  | [x](javascript:alert(1)) |

- [x] done
- [ ] open
  > quoted

```python title="<b>"
def f(x: int) -> str:
    return f"<script>{x}</script>"
```

    indented <b>code</b>

[^n]: The *note* <b>itself</b>.
"""

HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "<math><mi xlink:href='data:x,<script>'>x</math>",
    "<style>*{background:url(//evil.example)}</style>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<form action=/logout><button formaction=javascript:alert(1)>x</button></form>",
    "<base href=//evil.example><link rel=stylesheet href=//evil.example/x.css>",
    "<!-- --!><script>alert(1)</script> -->",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](  javascript:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](&#x6A;avascript&colon;alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](vbscript:x) [x](file:///etc/passwd) [x](blob:x)",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](data:image/svg+xml;base64,PHN2Zz4=)",
    "![x](data:image/png;base64,iVBORw0KGgo=)",
    "![x](javascript:alert(1))",
    "[x](//evil.example) [x](/logout) [x](?a) [x](#top) [x](\\\\evil.example)",
    "<javascript:alert(1)> <data:text/html,x>",
    "[x]\n\n[x]: javascript:alert(1)",
    '[x](https://a.example "\\" onmouseover=alert(1) x=\\"")',
    "[x](https://a.example '\"><script>alert(1)</script>')",
    '[x](https://a.example/"onmouseover="alert(1))',
    "![\"><script>alert(1)</script>](https://a.example)",
    "![x\" onerror=\"alert(1)](https://a.example)",
    "[![x](https://a.example/i.png)](javascript:alert(1))",
    "![[x](javascript:alert(1))](https://a.example)",
    "![a ![b](javascript:1) <img src=x onerror=y>](https://a.example)",
    "`<script>alert(1)</script>`",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "```\"><script>alert(1)</script>\nx\n```",
    "```js\" onclick=\"alert(1)\nx\n```",
    "```html\n<script>alert('</span><script>')</script>\n```",
    "~~~py onclick=alert(1)\n'</span>' \"<img onerror=x>\"\n~~~",
    "    </pre><script>alert(1)</script>",
    "a[^<script>]\n\n[^<script>]: <script>alert(1)</script>",
    'a[^"onclick=x]\n\n[^"onclick=x]: [x](javascript:alert(1))',
    "| <script> | [x](javascript:1) |\n|:-:|-|\n| <img onerror=x> | ![x](data:x) |",
    "- [x] <img src=x onerror=alert(1)>\n- [ ] [x](javascript:alert(1))",
    "# <script>\n\n<h1 id=login onclick=x>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62; &amp;lt;script&amp;gt;",
    "<<script>script>alert(1)<</script>/script>",
    "**<b onclick=x>** *<i style=x>* ~~<s class=x>~~",
    "$<script>alert(1)</script>$ $$<img src=x onerror=y>$$",
    "$\\text{<script>alert(1)</script>}$ $\\mbox{</mtext></math><img src=x onerror=alert(1)>}$",
    "$\\text{&#x0003C;script&#x0003E;} \\text{&lt;img src=x onerror=y&gt;}$",
    "$$\n\\href{javascript:alert(1)}{x} \\style{background:url(//a)}{y} \\class{left}{z}\n$$",
    "$\\color{red;x}{y} \\color[url(x)]{z} \\hspace{9999em} \\rule{9em}{\"onclick=x}$",
    "\x00<script\x00>alert(1)</script\x00>",
    "\ud800<script>\udfff",
    "\u2028<script>\u2029 \ufeff<script>",
    "<script>alert(1)" + "*" * (MAX_MARKS + 1),
    "<script>alert(1)" + "x" * MAX_CHARS,
    ">" * 500 + " <script>alert(1)</script>",
]  # fmt: skip


class Page(HTMLParser):
    """What a browser would make of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def assert_safe(html: str) -> None:
    for tag, attributes in Page(html).elements:
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES
        assert set((attributes.get("class") or "").split()) <= RENDERED_CLASSES
        assert re.fullmatch(r"(https?://[^/].*|mailto:.+)?", attributes.get("href") or "", re.S)
        assert attributes.get("type") in (None, "checkbox")
        if tag == "a" and "href" in attributes:
            assert attributes["rel"] == "noopener nofollow ugc"


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_comes_through(text: str) -> None:
    assert_safe(render(text))


@pytest.mark.parametrize(
    "wrap", ["> {}", "- {}", "1. {}", "# {}", "**{}**", "[{}](https://a.b)", "| {} |\n|-|"]
)
@pytest.mark.parametrize("text", [text for text in HOSTILE if len(text) < 200])
def test_nothing_hostile_comes_through_inside_other_markdown(text: str, wrap: str) -> None:
    assert_safe(render(wrap.format(text)))


@pytest.mark.parametrize("text", [SAMPLE, *(text for text in HOSTILE if len(text) < 200)])
def test_no_cut_of_a_text_at_any_character_is_unsafe(text: str) -> None:
    for end in range(len(text)):
        assert_safe(render(text[:end]))
        assert_safe(render(text[end:]))


def test_html_is_shown_as_the_text_it_is() -> None:
    assert Page(render("a <b onclick=x>b</b>")).text == "a <b onclick=x>b</b>\n"


def test_a_link_opens_no_door_back_and_vouches_for_nothing() -> None:
    html = render('[x](https://a.example "t")')
    link = '<a href="https://a.example" title="t" rel="noopener nofollow ugc">x</a>'
    assert html == f"<p>{link}</p>\n"


@pytest.mark.parametrize(
    "url", ["https://a.example/?a=1&b=2#c", "HTTP://a.example", "mailto:a@b.example"]
)
def test_web_and_mail_addresses_are_linked(url: str) -> None:
    assert len(Page(render(f"[x]({url}) <{url}>")).named("a")) == 2


@pytest.mark.parametrize(
    "url", ["/a", "a.html", "//a.example", "?a", "#a", "ftp://a.example", "tel:1"]
)
def test_other_addresses_are_not(url: str) -> None:
    assert Page(render(f"[x]({url})")).named("a") == []


def test_an_image_becomes_a_link_with_its_description() -> None:
    page = Page(render("![a *small* cat](https://a.example/cat.png)"))
    assert page.named("img") == []
    assert page.named("a")[0]["href"] == "https://a.example/cat.png"
    assert page.text == "a small cat\n"


def test_an_image_without_a_description_shows_its_address() -> None:
    assert Page(render("![](https://a.example/cat.png)")).text == "https://a.example/cat.png\n"


def test_an_image_in_a_link_leaves_the_link() -> None:
    page = Page(render("[![badge](https://a.example/b.svg)](https://b.example)"))
    assert [link["href"] for link in page.named("a")] == ["https://b.example"]
    assert page.text == "badge\n"


def test_tables_keep_their_alignment_as_classes() -> None:
    page = Page(render("| a | b | c |\n|:-|:-:|-:|\n| 1 | 2 | 3 |"))
    classes = [cell.get("class") for cell in page.named("td")]
    assert classes == ["left", "center", "right"]
    assert page.named("div") == [{"class": "table", "tabindex": "0"}]


def test_code_is_wrapped_with_its_language_and_coloured() -> None:
    html = render("```python\ndef f(): pass\n```")
    assert html.startswith(
        '<div class="code" data-language="python"><pre tabindex="0"><code><span class="k">def'
    )
    assert html.endswith("</code></pre></div>\n")


@pytest.mark.parametrize(
    ("info", "language"),
    [("js{1,3}", "js"), ("C++ x", "c++"), ("", ""), ("PY", "py"), ("{.x}", ""), ("中", "")],
)
def test_the_language_is_the_first_word_of_the_info_string(info: str, language: str) -> None:
    assert Page(render(f"```{info}\nx\n```")).named("div")[0]["data-language"] == language


def test_an_unknown_language_is_shown_plainly() -> None:
    html = render("```klingon\n<b>\n```")
    assert html == (
        '<div class="code" data-language="klingon"><pre tabindex="0"><code>&lt;b&gt;\n'
        "</code></pre></div>\n"
    )


@pytest.mark.parametrize("language", LEXERS)
def test_colours_never_change_the_code(language: str) -> None:
    code = "\ufeff\n  def f(x) { return \"a\\n<&>\" + 'b'; } // c # d\r\n\t中文 <a b='c'>\n\n"
    html = highlight(code, language, NEVER)
    assert Page(html).text == code
    assert_safe(html)


def test_code_that_is_too_long_or_too_late_is_not_coloured() -> None:
    assert "<span" not in highlight("x = 1\n" * MAX_COLOURED_CHARS, "python", NEVER)
    assert highlight("x = 1", "python", until=0) == "x = 1"


def test_task_lists_have_boxes_that_cannot_be_ticked() -> None:
    boxes = Page(render("- [x] a\n- [ ] b")).named("input")
    assert [("checked" in box, "disabled" in box) for box in boxes] == [(True, True), (False, True)]
    assert [box["aria-label"] for box in boxes] == ["☑", "☐"]


def test_footnotes_are_numbered_and_have_no_ids_that_could_clash() -> None:
    html = render("a[^x] b[^y] c[^x]\n\n[^x]: one\n\n[^y]: two")
    assert Page(html).text.split() == ["a[1]", "b[2]", "c[1]", "one", "two"]
    assert "id=" not in html


def test_headings_have_no_ids() -> None:
    assert render("# login") == "<h1>login</h1>\n"


def test_a_line_break_stays_a_line_break() -> None:
    assert render("a\nb") == "<p>a<br>\nb</p>\n"


def test_nothing_gives_nothing() -> None:
    assert render("") == ""


def test_what_is_nested_too_deeply_is_shown_whole() -> None:
    text = "> " * 200 + "end"
    assert render(text) == f'<pre class="plain">{"&gt; " * 200}end</pre>'


def test_the_blocks_are_the_whole() -> None:
    assert "".join(blocks(SAMPLE)) == render(SAMPLE)
    assert [re.match(r"<(\w+)", block)[1] for block in blocks("# a\n\nb\n\n- c\n- d\n")] == [  # type: ignore[index]
        *("h1", "p", "ul")
    ]


def test_what_is_long_and_plain_comes_in_pieces_of_whole_lines() -> None:
    text = "\n" + "a <b> line\n" * MAX_CHARS
    pieces = blocks(text)
    assert len(pieces) > 5
    assert all(len(piece) < 3 * PLAIN_BLOCK_CHARS for piece in pieces)
    assert Page("".join(pieces)).text == "\n" + text  # HTML leaves out the first
    assert "<b>" not in render(text)


def test_only_so_much_code_of_a_text_is_coloured() -> None:
    # Comments: colouring them takes next to no time, and time is limited, too.
    code = "```python\n" + f"# {'x' * 488}\n" * 12 + "```\n"
    coloured = ["<span" in block for block in blocks(code * 5)]
    assert coloured == [True, True, True, False, False]
    assert render(code * 5) == render(code * 5)
    assert len(code) * 3 < COLOUR_CHARS


@pytest.mark.parametrize("text", ["x" * (MAX_CHARS + 1), "*" * (MAX_MARKS + 1)])
def test_what_would_cost_too_much_is_shown_as_it_is(text: str) -> None:
    assert render(text) == f'<pre class="plain">{text}</pre>'


def test_short_rows_do_not_blow_a_table_up() -> None:
    text = "|a" * 90 + "|\n" + "|-" * 90 + "|\n" + "x\n" * 100
    assert len(Page(render(text)).named("td")) <= MAX_TABLE_CELLS
    assert len(Page(render((text + "\n") * 10)).named("td")) <= MAX_TABLE_CELLS


@pytest.mark.parametrize(
    "unit",
    ["[", "*", "`", "_", "![", "](", "[a](", "<", "<a:", "&", "&#", "~", "|", "\\", "> ", "- ",
     "1. ", "a\n", "- a\n", "# a\n", "[^a]", "[a]: b\n", "[a\n", "a*", "*a ", "**a *b ", "x|-\n",
     "|a|\n|-|\n", "|-|-|\n|-|\n", "$", "$$", "$a ", "$$a", "- $$a\n", "$$\n", "$x$ ",
     "$\\frac{", "$$\\$", "```\n", "``` ", "    a\n", "<!--", "[[a](b)", "> - ", "\t",
     "\r", "a "],
)  # fmt: skip
@pytest.mark.parametrize("size", [4_000, 8_000, 90_000, 1_000_000])
def test_repetition_is_rendered_in_bounded_time(unit: str, size: int) -> None:
    text = unit * (size // len(unit))
    gc.disable()  # what thousands of tests have left behind is not the renderer's
    try:
        start = thread_time()
        html = render(text)
        spent = thread_time() - start
    finally:
        gc.enable()
    assert_safe_and_small(html, text)
    assert spent < MAX_RENDER_S


def assert_safe_and_small(html: str, text: str) -> None:
    assert len(html) < 100 * len(text)
    assert "<script" not in html


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_class_of_code_has_a_colour() -> None:
    styled = set(re.findall(r"\.code \.(\w+) \{", CODE_CSS.read_text()))
    assert styled == CSS_CLASSES


def test_the_colours_of_code_can_be_read_in_light_and_dark() -> None:
    halves = r"--code-([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);"
    found = re.findall(halves, CODE_CSS.read_text())
    assert found
    for at in (1, 2):
        colours = {colour[0]: colour[at] for colour in found}
        for name in set(colours) - {"border"}:
            background = colours.get(f"{name}-background", colours["background"])
            if not name.endswith("background"):
                assert _contrast(colours[name], background) >= 4.5, name
