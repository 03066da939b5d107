"""Pages and refusals in three languages: by the browser's wish, and by the person's choice."""

import re
from html.parser import HTMLParser

import pytest
from sqlalchemy import select

from chat_app.store.providers import ProviderRow
from chat_app.store.tokens import TokenRow
from chat_app.store.users import UserRow
from chat_app.web.languages import LANGUAGES
from tests.fakes import calls, says
from tests.faults.remote.plan import Plan
from tests.web.harbour import offered
from tests.web.remote import site
from tests.web.visitor import PAGE

# What has no translation: names, and what is written like this everywhere.
ALIKE = {
    *("Holdfast", "API", "UTC", "OpenAI", "HTTP", "SSE", "OAuth", "MCP", "Bearer", "Ollama", "AI"),
    *("ID", "IP", "JSON", "JavaScript", "Streamable", "KB", "MB", "ms"),
    *("Enter", "Shift", "Tab", "Esc", "Ctrl"),
    *("LM", "Studio", "Team", "harbour", "Name", "SECRET_KEY", "oauth_client_id"),
}
# What people, agents and servers of this house are called.
NAMES = re.compile(
    r"\S*@example\.com|owner|member|viewer|stranger|Built-in tools|Assistant"
    r"|Harbour|send_mail|Default|Browser|Home|fake|LM Studio|OpenRouter|https?://\S+",
    re.IGNORECASE,
)
ATTRIBUTES = ("aria-label", "placeholder", "title", "alt")
# Sentences by their keys, for a script.
KEYED = ("data-known", "data-gaps")
WORD = re.compile(r"[A-Za-z_]{2,}")
# Where a script puts something.
SLOT = re.compile(r"\{\w+\}")
# Their contents are code, or another language's own name.
OTHER_TONGUES = ("script", "style", "code", "pre", "kbd", "noscript", "textarea", "time")
VOID = ("meta", "link", "input", "br", "img", "hr", "use", "wbr", "source")


class Words(HTMLParser):
    """The Latin words that a page says for us: not those of people, agents and servers, whose
    elements have `dir="auto"`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "html":
            self.lang = given["lang"]
        is_theirs = "dir" in given or tag in OTHER_TONGUES or ("lang" in given and tag != "html")
        if not is_theirs and not self._is_theirs:
            for name, value in attrs:
                is_for_scripts = name.startswith("data-") and " " in (value or "")
                is_for_scripts &= name not in KEYED
                if name in ATTRIBUTES or is_for_scripts:
                    self._note(value)
        if tag not in VOID:
            self._open.append((tag, is_theirs))

    def handle_endtag(self, tag):
        while self._open:
            if self._open.pop()[0] == tag:
                break

    def handle_data(self, data):
        if not self._is_theirs:
            self._note(data)

    @property
    def _is_theirs(self) -> bool:
        return any(is_theirs for _, is_theirs in self._open)

    def _note(self, text):
        self.found |= {
            word
            for word in WORD.findall(SLOT.sub("", NAMES.sub("", text or "")))
            if word not in ALIKE
        }


def words_of(page: str) -> Words:
    words = Words()
    words.feed(page)
    return words


def in_language(visitor, tag):
    visitor.client.set_cookie("language", tag)
    return visitor


@pytest.mark.parametrize(
    ("wish", "lang"),
    [
        ("", "en"),
        ("en-GB", "en"),
        ("de", "en"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK,en;q=0.8", "zh-Hant"),
        ("zh-Hant-TW", "zh-Hant"),
        ("zh-CN", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("zh-SG", "zh-Hans"),
        ("en,zh-TW;q=0.9", "en"),
        ("fr,zh-TW;q=0.9,en;q=0.8", "zh-Hant"),
    ],
)
def test_a_page_is_in_the_language_that_the_browser_wants(visitor, wish, lang):
    page = visitor.client.get("/login", headers=PAGE | {"Accept-Language": wish}).text
    assert words_of(page).lang == lang
    title = {"en": "Sign in", "zh-Hant": "登入", "zh-Hans": "登录"}[lang]
    assert f"<h1>{title}</h1>" in page


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_choice_goes_before_the_browsers_wish(visitor, tag):
    visitor.get("/login?next=/channels/1")
    chosen = visitor.submit("/language", language=tag, next="/login?next=/channels/1")
    assert (chosen.status_code, chosen.location) == (303, "/login?next=/channels/1")
    wish = {"Accept-Language": "zh-CN" if tag == "en" else "en"}
    page = visitor.client.get("/login", headers=PAGE | wish).text
    assert words_of(page).lang == tag
    assert f'value="{tag}" lang="{tag}" aria-current="true"' in page


def test_the_choice_is_kept_for_a_year_and_can_be_taken_back(visitor):
    visitor.get("/login")
    cookie = visitor.submit("/language", language="zh-Hant").headers["Set-Cookie"]
    assert "Max-Age=31536000" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    visitor.get("/login")
    visitor.submit("/language", language="tlh")
    assert words_of(visitor.get("/login").text).lang == "en"


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", ""])
def test_choosing_a_language_leads_to_no_other_site(visitor, target):
    visitor.get("/login")
    assert visitor.submit("/language", language="en", next=target).location == "/"


def test_choosing_a_language_wants_our_form(visitor):
    assert visitor.client.post("/language", data={"language": "en"}).status_code == 403


def test_a_cookie_that_nobody_gave_is_no_language(visitor):
    assert words_of(in_language(visitor, "../../etc").get("/login").text).lang == "en"


@pytest.mark.parametrize("tag", ["zh-Hant", "zh-Hans"])
def test_no_page_has_english_words_left(rt, app, ada, viewer, visitor, owner, channel, path, tag):
    message = owner.say(channel, "海", reply="none")["message"]["id"]
    lacking, names = {}, _names(rt)
    pages = [rule.rule for rule in app.url_map.iter_rules() if _is_page(rule)]
    pages += [f"/messages/{message}/{what}" for what in ("edit", "delete")]
    pages += [path, f"{path}/settings", "/search?q=海", "/search?q=nothing", "/nowhere"]
    pages += [f"/settings/{each}" for each in ("agents/1", "providers/1", "agents/999")]
    for who in (ada, viewer, visitor):
        in_language(who, tag)
        for each in pages:
            answer = who.get(each)
            if "<html lang=" in answer.text and answer.status_code not in range(300, 400):
                words = words_of(names.sub("", answer.text))
                assert words.lang == tag
                if words.found:
                    lacking[each] = words.found
    assert not lacking, "\n" + "\n".join(f"{at} {words}" for at, words in lacking.items())


@pytest.mark.parametrize("tag", ["zh-Hant", "zh-Hans"])
def test_the_pages_of_a_project_and_of_its_run_have_no_english_words(ada, built, app, tag):
    in_language(ada, tag)
    with site(built) as here:
        run = here.ended(Plan(seed=61, pieces=4, gap_ms=0))
        for each in (here.path, f"{here.path}/edit", f"/runs/{run}", f"/runs/{run}?q=nothing"):
            page = ada.get(each).text.replace("Lighthouse", "")
            assert words_of(page).found == set(), each


def test_a_question_about_a_tool_call_has_no_english_words(
    ada, owner, fake, rt, tmp_path, channel, path
):
    in_language(ada, "zh-Hans")
    with offered(rt, tmp_path / "gate", {"send_mail": "ask"}):
        fake.enqueue(calls("send_mail", '{"to": "博"}'), says("好。"))
        owner.say(channel, "请。")
        fake.wait_until(lambda: 'class="approval"' in ada.get(path).text)
        assert words_of(ada.page).found == set()
        assert ">Assistant</b> 想使用 <b" in ada.page
        run_id = re.search(r'data-run="([^"]+)"', ada.page)[1]
        ada.submit(f"/runs/{run_id}/approvals/call_1", approve="no")
        fake.wait_until(lambda: "好。" in ada.get(path).text)
    assert words_of(ada.page).found == set()


def _names(rt) -> re.Pattern[str]:
    """What people and tokens are called that other tests have made."""
    with rt.db.transaction() as session:
        names = [*session.scalars(select(UserRow.name)), *session.scalars(select(TokenRow.name))]
    return re.compile(rf"\b({'|'.join(re.escape(name) for name in names if name)})\b")


def _is_page(rule) -> bool:
    return rule.endpoint.startswith("web.") and "GET" in rule.methods and not rule.arguments


@pytest.mark.parametrize(
    ("method", "at", "sentence"),
    [("GET", "/nowhere", "這裡什麼都沒有。"), ("POST", "/login", "這個表單已過期。")],
)
def test_a_refusal_is_a_page_in_that_language(visitor, method, at, sentence):
    page = in_language(visitor, "zh-Hant").client.open(at, method=method, headers=PAGE).text
    assert f"<h1>{sentence}" in page
    assert "前往你的頻道" in page


def test_a_refusal_stands_in_its_form_in_that_language(visitor, ada, path):
    in_language(visitor, "zh-Hans").get("/login")
    answer = visitor.submit("/login", email="ada@example.com", password="wrong")
    assert "电子邮件或密码不正确。" in answer.text
    in_language(ada, "zh-Hant").get(path)
    assert "最多 64,000 個字元。" in ada.submit(f"{path}/messages", body="x" * 64_001).text


@pytest.mark.parametrize(
    ("tag", "said"), [("zh-Hans", "这不是整数。"), ("zh-Hant", "這不是整數。")]
)
def test_what_the_forms_say_by_themselves_is_translated_too(ada, tag, said):
    in_language(ada, tag).get("/settings/people")
    refused = ada.submit("/settings/people/1/invitations", role="member", days="7", uses="many")
    assert said in refused.text


def test_no_sentence_stays_in_the_language_of_whoever_came_first(ada, rt, owner, path):
    with rt.db.transaction() as session:
        session.get_one(ProviderRow, 1).enabled = False
    assert "這個代理沒有可用的模型供應商。" in in_language(ada, "zh-Hant").get(path).text
    assert "这个智能体没有可用的模型提供商。" in in_language(ada, "zh-Hans").get(path).text
    assert "The agent has no working model provider." in in_language(ada, "en").get(path).text


def test_what_a_person_typed_is_not_translated_and_stays_text(ada, path):
    in_language(ada, "zh-Hant").get(path)
    ada.submit(f"{path}/settings", title="Sign in %(name)s <b>", reply_mode="auto", agent_id="")
    assert "Sign in %(name)s &lt;b&gt;" in ada.get(path).text


def test_a_program_gets_its_sentence_in_the_language_that_it_asks_for(app, owner):
    client, wish = app.test_client(), {"Accept-Language": "zh-TW"}
    said = client.get("/api/channels", headers=wish).get_json()
    assert said == {"error": "請登入。", "error_code": "unauthorized", "retryable": False}
    assert client.get("/api/channels").get_json()["error"] == "Please sign in."
    stream = client.get("/api/ai/stream/1", headers={"Accept-Language": "zh-CN"})
    assert stream.status_code == 200
    assert '"error":"请登录。"' in stream.text
