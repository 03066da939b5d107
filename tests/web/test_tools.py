"""Tool calls on the page of a channel."""

import re
from html import unescape

import pytest
from flask import render_template

from chat_app.services import channels, messages, tokens
from chat_app.store.messages import MessageRow
from chat_app.web import answers, runs
from tests.web.tool_calls import HOSTILE, Live, approval, call, unfinished

PIXEL = "iVBORw0KGgo="
FORM = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "title": "Your name", "minLength": 2},
        "mail": {"type": "string", "format": "email", "description": "We send it there."},
        "age": {"type": "integer", "minimum": 18},
        "news": {"type": "boolean", "default": True},
        "colour": {
            "type": "string",
            "enum": ["r", "g"],
            "enumNames": ["Red", "Green"],
            "default": "g",
        },
        "days": {"type": "array", "items": {"enum": ["Mon", "Tue"]}, "default": ["Tue"]},
    },
    "required": ["name"],
}


@pytest.fixture
def answered(rt, owner, channel):
    """Makes the answer to a question one with this text and these calls; gives its id."""

    def _answered(body, *calls, **values):
        reply = owner.say(channel, "Please.", reply="wait")["reply"]["id"]
        with rt.db.transaction() as session:
            row = session.get_one(MessageRow, reply)
            row.body, row.tool_calls = body, [*calls]
            for name, value in values.items():
                setattr(row, name, value)
        return reply

    return _answered


@pytest.fixture
def drawn(app, rt, owner, answered):
    """Draws an answer that is being written, as the owner sees it or somebody else."""

    def _drawn(*calls, approvals=(), text="", viewer=None):
        reply = answered("")
        person = tokens.identify(rt, (viewer or owner).token)
        message = messages.get(rt, person, reply)
        live = Live(text, [*calls], [*approvals])
        with app.test_request_context():
            return render_template(
                "article.html",
                m=message,
                shown=answers.shown(message, live),
                channel=channels.get(rt, person, message.channel_id),
                person=person,
                feedback={},
            )

    return _drawn


def articles(page):
    return page[page.index('id="messages"') : page.index("</main>")].partition("<template")[0]


def text_of(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_a_call_stands_in_the_answer_where_it_was_made(ada, answered, path):
    answered("Let me *look*.\n\nIt is **noon**.", call(14))
    page = articles(ada.get(path).text)
    order = ["Let me <em>look</em>.", 'data-state="done"', "It is <strong>noon</strong>."]
    assert sorted(order, key=page.index) == order
    assert 'data-call="call_1"' in page
    assert '<span class="tool-name">current_time</span>' in page
    assert '<span class="tool-server">demo</span>' in page
    assert '<span class="tool-time">40 ms</span>' in page
    assert "{\n  &#34;tz&#34;: &#34;UTC&#34;\n}" in page
    assert re.search(r'<pre class="tool-result"[^>]*>noon</pre>', page)


def test_an_answer_alone_is_what_the_page_of_its_channel_has(ada, answered, path):
    reply = answered("So.\n\nNoon.", call(3), call(3, call_id="2", is_error=True))
    article = ada.get(f"/messages/{reply}/article").text

    def without_tokens(html):
        return text_of(re.sub(r"<form.*?</form>", "", html, flags=re.DOTALL))

    assert without_tokens(article) in without_tokens(ada.get(path).text)


def test_pictures_sounds_and_links_are_shown_and_other_addresses_are_text(ada, answered, path):
    content = [
        {"type": "image", "mime_type": "image/png", "data": PIXEL},
        {"type": "audio", "mime_type": "audio/mpeg", "data": PIXEL},
        {"type": "resource_link", "uri": "https://example.com/?a=1&b", "name": "Report"},
        {"type": "resource_link", "uri": "javascript:alert(1)", "name": "Bad"},
    ]
    answered("", call(content=content))
    page = articles(ada.get(path).text)
    assert f'<img src="data:image/png;base64,{PIXEL}" alt="Image from current_time">' in page
    assert f'<audio src="data:audio/mpeg;base64,{PIXEL}" controls' in page
    assert (
        '<a href="https://example.com/?a=1&amp;b" rel="noopener nofollow noreferrer"'
        ' target="_blank">Report</a>'
    ) in page
    assert 'href="javascript' not in page
    assert "Bad" in page


def test_what_a_tool_or_a_model_wrote_is_text_wherever_it_stands(ada, answered, path):
    content = [
        {"type": "resource_link", "uri": HOSTILE, "name": HOSTILE, "description": HOSTILE},
        {"type": "resource_link", "uri": f"https://{HOSTILE}", "name": HOSTILE},
        {"type": "image", "mime_type": HOSTILE, "data": HOSTILE},
        {"type": "image", "mime_type": "image/png", "data": HOSTILE},
        {"type": HOSTILE},
    ]
    named = {"call_id": HOSTILE, "tool": HOSTILE, "server": HOSTILE, "args": {HOSTILE: HOSTILE}}
    answered(
        HOSTILE,
        call(**named, result=HOSTILE, content=content),
        call(**named, result="", structured={HOSTILE: [HOSTILE]}),
    )
    page = articles(ada.get(path).text)
    assert "<script" not in page
    assert "<img" not in page
    assert "onerror=&#34;" in page


def test_hostile_questions_are_text_too(drawn):
    about = {"title": HOSTILE, "description": HOSTILE, "default": HOSTILE}
    schema = {
        "properties": {
            HOSTILE: about,
            "enum": about | {"enum": [HOSTILE], "enumNames": [HOSTILE]},
            "list": about | {"type": "array", "items": {"enum": [HOSTILE]}},
            "yes": about | {"type": "boolean"},
            "number": about | {"type": "number", "minimum": HOSTILE, "maximum": HOSTILE},
        },
        "required": [HOSTILE],
    }
    named = {"tool": HOSTILE, "server": HOSTILE, "args": {HOSTILE: HOSTILE}}
    asked = approval(**named, message=HOSTILE, schema=schema, call_id=HOSTILE)
    article = drawn(unfinished(**named), approvals=[asked, approval(**named)])
    assert "<script" not in article
    assert "<img" not in article
    assert article.count('class="approval"') == 2


def test_who_may_write_is_asked_whether_a_call_may_be_made(drawn):
    article = drawn(text="One moment.", approvals=[approval()])
    asked = text_of(article[article.index('class="approval"') :])
    assert "Assistant wants to use send_mail of post with these arguments:" in asked
    assert '{ "to": "Bo" }' in asked
    assert 'method="post" action="/runs/run-1/approvals/call_1"' in article
    assert 'name="approve" value="yes">Allow</button>' in article
    assert 'name="approve" value="no" formnovalidate>Refuse</button>' in article
    assert 'data-state="waiting"' in article
    assert 'name="csrf_token"' in article


def test_a_form_of_a_server_has_a_field_for_each_property(drawn):
    article = drawn(unfinished(), approvals=[approval(message="Who are you?", schema=FORM)])
    asked = article[article.index('class="approval"') :]
    assert "post asks you, to go on with send_mail : Who are you?" in text_of(asked)
    assert "Send</button>" in asked
    assert "Decline</button>" in asked
    fields = {
        re.search(r'\bname="([^"]*)"', tag)[1]: " ".join(tag.split())
        for tag in re.findall(r"<(?:input|select)[^>]*>", asked)
    }
    assert 'type="text" minlength="2" value="" required' in fields["field.name"]
    assert 'type="email"' in fields["field.mail"]
    assert "required" not in fields["field.mail"]
    assert 'type="number" min="18" step="1"' in fields["field.age"]
    assert fields["field.news"].endswith("checked>")
    assert '<option value="g" selected>Green</option>' in asked
    assert re.search(r'value="Tue" data-kind="choices" checked>', asked)
    assert not re.search(r'value="Mon" data-kind="choices" checked>', asked)
    for hinted, hint in re.findall(
        r'aria-describedby="([^"]+)"|<p class="hint" id="([^"]+)"', asked
    ):
        assert f'id="{hinted or hint}"' in asked
    assert "(optional)" in asked


def test_who_may_only_read_sees_what_is_asked_and_no_button(drawn, people, owner, channel):
    owner.post(f"/api/channels/{channel}/members", {"email": "viewer@example.com"})
    article = drawn(approvals=[approval(schema=FORM)], viewer=people.viewer)
    assert "Somebody who may write here has to decide." in article
    assert 'name="approve"' not in article
    assert 'name="field.' not in article


@pytest.mark.parametrize(
    ("call_id", "path"),
    [
        ("call_1", "call_1"),
        ("../../../logout", "..%2F..%2F..%2Flogout"),
        ("//evil.example/?a=b#c", "%2F%2Fevil.example%2F%3Fa%3Db%23c"),
        ('"><b>', "%22%3E%3Cb%3E"),
        ("呼叫", "%E5%91%BC%E5%8F%AB"),
    ],
)
def test_an_id_that_a_model_made_up_leads_to_no_other_address(app, call_id, path):
    with app.test_request_context():
        assert runs.approval_action("run-1", call_id) == f"/runs/run-1/approvals/{path}"


@pytest.mark.parametrize(("who", "status"), [("member", 404), ("stranger", 404), ("visitor", 303)])
def test_an_answer_is_not_given_to_who_is_not_in_its_channel(request, answered, who, status):
    reply = answered("A secret.", call(result="secret"))
    answer = request.getfixturevalue(who).get(f"/messages/{reply}/article")
    assert answer.status_code == status
    assert "secret" not in answer.text
