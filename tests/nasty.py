"""Markdown in which what comes later changes what came before."""

NASTY = [
    # lists that turn from tight to loose, and into one another
    "- a\n- b\n\n- c\n\n  d\n\nx\n\n1. one\n\n2. two\n\n3) three\n\n-\n\n--\n\n---\n\n* e\n*\nf\n",
    "1. one\n\n2\n\n1. one\n\n2.\n\n+ a\n\n+\n\n- [ ] open\n- [x] done\n\n  more\n\n-\tb\n\n\tc\n",
    # tables that are paragraphs until their second line, and again after it
    "a\n| b | c |\n|---|---|\n| 1 | 2 |\n\n| x |\n|-|\n|---|---|x\n\n"
    "|d|\n|:-:|\n| `a|b` |\nz\n\ny\n",
    # setext headings, rules and lazy lines
    "A\n==\n\nB\n--\n\n> q\nlazy\n\n> r\n\n    code\n\n    more\n\nC\n---\n***\n# D #\nE\n\n===\n",
    # fences that are open, closed in another way, and inside other things
    "```py\ndef f():\n\n    return 1\n~~~\n\n```\n\n- ```\n  a\n\n  b\n\nc\n\n"
    "> ```\n> d\n\ne\n\n````\n```\n",
    # reference links before and after their targets, growing targets, the same label twice
    "a [x] [Y][y]\n\nb\n\n[x]: http://a.example/long 'tit\nle'\n\nc [x]\n\n[y]: http://b.example\n"
    "[x]: http://late.example\n\nd [y]\n\n[z]: http://c.example\n'no title\n\ne' [z] f\n",
    # footnotes
    "a[^n] b[^m]\n\nc\n\n[^n]: one\n\n    still one\n\nd[^n]\n\n[^m]: two\n\n- e[^m]\n\nf\n",
    # links, emphasis and code that are cut in two
    "a **b *c* d** ~~e~~ `f` [g](https://a.example 'h') <https://b.example> ![i](https://c.example)\n\n"
    "**j\n\nk** \\* &amp; &#60; [l](javascript:alert(1)) ``m`n`` o  \np\\\nq\n\nr_s_t\n",
    # HTML
    "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n<div>\n\n*a*\n\n</div>\n\n"
    "<!-- b\n\n-->\n\n`<i>`\n\n| <b> |\n|-|\n| <svg onload=x> |\n\n"
    "- <style>\n\n```html\n<script>\n",
    # formulas, and prices
    "a $x^2$ b $5 and $10\n\n$$\n\\frac{a}{b}\n$$\n\nc\n$$\ny\n\n$$\nz\n$$ d\n\n"
    "$\\text{<script>}$ $\\href{javascript:x}{y}$\n\n- $$e$$\n\n$$f\n",
    # many things after one another, with little between
    "# T\na\n- b\n> c\n```\nd\n```\n| e |\n|-|\n1. f\n***\n$$g$$\n\n\n\n    h\n\n\ni\n",
    "\n\n  \n\na\n \nb\n\t\nc\n\n\u00a0\n\nd\r\n\r\ne\rf\n\n\x00g\n",
]  # fmt: skip
PIECES = [
    *("a", "b\n", "\n", "\n\n", "- ", "1. ", "2. ", "> ", "    ", "  ", "\t", "# ", "```", "~~~\n"),
    *("$$", "$x$", "|", "|-|-|\n", "|a|b|\n", "[x]", "[x]: http://a\n", "[^n]", "[^n]: t\n"),
    *("---\n", "===\n", "*", "**", "`", "<b>", "&amp;", "\\", "[y]: ", "'t", "\n'", "+ ", "x\n"),
    *("[ ] ", "[a](http://b)", "-", "1", ".", " ", "$", "|\n", ":", "```py\n", "x = 1\n"),
]
