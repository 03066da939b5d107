"""Files without JavaScript: one form brings the words and the files, and loses neither."""

import re

import pytest

from chat_app.services import attachments
from chat_app.web.attachments import box
from chat_app.web.words import file_size
from tests.clients import uploaded
from tests.pictures import png

_CHIP = re.compile(r'name="attachment" value="(\d+)"')


@pytest.fixture
def said(owner, channel):
    """What people said in the channel: `(body, names of the files)`."""

    def _said():
        items = owner.get(f"/api/channels/{channel}/messages").get_json()["items"]
        asked = [item for item in items if item["role"] == "user"]
        return [(item["body"], [file["name"] for file in item["attachments"]]) for item in asked]

    return _said


@pytest.fixture
def post(ada, path):
    """Send the composer of the page that is shown, with these files."""

    def _post(*files, **fields):
        return ada.send(f"{path}/messages", files, **fields)

    return _post


def chips(page):
    return _CHIP.findall(page.split("<template")[0])


def test_words_and_files_go_in_one_form_and_are_shown(ada, said, path, post):
    ada.get(path)
    sent = post(("sea.png", png(768, 100)), ("<b>.md", b"# Kelp"), body="Look")
    assert (sent.status_code, sent.location) == (303, path)
    assert said() == [("Look", ["sea.png", "<b>.md"])]
    page = ada.get(path).text
    shown = re.search(
        r'<img src="(/api/attachments/\d+)" alt="sea.png" width="(\d+)" height="(\d+)"', page
    )
    assert shown.groups()[1:] == ("384", "50")
    assert ada.get(shown[1]).data == png(768, 100)
    assert '<span dir="auto">&lt;b&gt;.md</span> <span class="quiet">6 B</span>' in page


def test_files_alone_are_sent_and_a_form_with_none_chosen_is_as_before(ada, said, path, post):
    ada.get(path)
    assert post(("notes.txt", b"x"), body="").status_code == 303
    ada.get(path)
    assert post(body="No files").status_code == 303
    assert said() == [("", ["notes.txt"]), ("No files", [])]
    ada.get(path)
    assert post(body=" ").status_code == 400


def test_a_form_that_is_sent_twice_posts_once_and_keeps_no_second_copy(
    ada, owner, said, path, post
):
    before = uploaded(owner)["id"]
    ada.get(path)
    form = ada.hidden()
    for _ in range(2):
        assert post(("a.txt", b"one"), body="Once.", **form).status_code == 303
    assert said() == [("Once.", ["a.txt"])]
    files = [owner.get(f"/api/attachments/{before + n}").status_code for n in (1, 2)]
    assert files == [200, 404]
    post(("a.txt", b"another"), body="Once.", **form)
    assert said() == [("Once.", ["a.txt"])] * 2


def test_a_refused_file_leaves_the_words_and_the_others_in_the_composer(ada, said, path, post):
    ada.get(path)
    answer = post(("a.txt", b"fine"), ("b.pdf", b"%PDF\0"), ("c.txt", b"x"), body="Keep me")
    assert answer.status_code == 400
    assert "This file cannot be attached" in answer.text
    assert "Keep me</textarea>" in answer.text
    (kept,) = chips(answer.text)
    assert post(body="Keep me", attachment=[kept]).status_code == 303
    assert said() == [("Keep me", ["a.txt"])]


def test_what_is_kept_is_sent_once_however_often_the_form_comes(ada, owner, said, path, post):
    file = uploaded(owner, b"x", "kept.txt")["id"]
    ada.get(path)
    form = ada.hidden()
    for _ in range(2):
        assert post(body="Twice", attachment=[file], **form).status_code == 303
    assert said() == [("Twice", ["kept.txt"])]
    ada.get(path)
    gone = post(body="Again", attachment=[file, "x", "0"])
    assert gone.status_code == 400
    assert "Attach it again." in gone.text
    assert chips(gone.text) == []


def test_too_many_files_are_refused_before_any_is_kept(ada, said, path, post):
    ada.get(path)
    answer = post(*[(f"{n}.txt", b"x") for n in range(11)], body="Hi")
    assert answer.status_code == 400
    assert "A message has 10 files at most." in answer.text
    assert chips(answer.text) == []
    assert said() == []


def test_a_form_may_have_several_large_images_from_those_who_are_signed_in(
    ada, visitor, said, path, post
):
    large = png() + b"\0" * (4 * attachments.MB)
    ada.get(path)
    assert post(("a.png", large), ("b.png", large), body="Hi").status_code == 303
    assert said() == [("Hi", ["a.png", "b.png"])]
    visitor.get("/login")
    answer = visitor.send(f"{path}/messages", [("a.png", large), ("b.png", large)])
    assert answer.status_code == 413


@pytest.mark.parametrize(("who", "status"), [("member", 403), ("viewer", 403), ("stranger", 404)])
def test_who_may_not_write_here_sends_no_file(request, said, who, status, path):
    visitor = request.getfixturevalue(who)
    visitor.get("/channels")
    assert visitor.send(f"{path}/messages", [("a.txt", b"x")], client_id="c").status_code == status
    assert said() == []


def test_the_pages_to_edit_delete_and_find_a_message_name_its_files(ada, owner, channel):
    file = uploaded(owner, b"x", f"tide{channel}.csv")
    message = owner.say(channel, "", attachments=[file["id"]], reply="none")["message"]["id"]
    for page in (f"/messages/{message}/edit", f"/messages/{message}/delete"):
        assert f"tide{channel}.csv" in ada.get(page).text
    assert f"tide{channel}.csv</span>" in ada.get(f"/search?q=tide{channel}").text
    assert ada.submit(f"/messages/{message}/edit", body="With words").status_code == 303
    assert owner.get(f"/api/messages/{message}").get_json()["attachments"] == [file]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ((10, 10), (10, 10)),
        ((768, 100), (384, 50)),
        ((100, 3200), (10, 320)),
        ((9000, 1), (384, 1)),
    ],
)
def test_an_image_is_shown_in_its_own_size_or_scaled_down(given, shown):
    assert box(*given) == shown


def test_a_size_is_told_shortly():
    assert [file_size(n) for n in (0, 1023, 1024, 1_500_000)] == ["0 B", "1023 B", "1 KB", "1.4 MB"]
