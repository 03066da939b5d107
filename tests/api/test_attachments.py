"""Files with messages: taken in, sent once, told to the model, and gone with their message."""

import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from chat_app.services import attachments
from chat_app.store.attachments import AttachmentRow
from chat_app.store.base import now
from chat_app.streaming.housekeeper import UNSENT_FILES_KEPT
from tests.clients import Client, uploaded
from tests.fakes import FakeProvider, Status
from tests.houses import House, on_each_database
from tests.pictures import png, png_that_claims

pytestmark = on_each_database


def upload(client: Client, content: bytes, name: str = "a.txt", **kwargs: Any) -> TestResponse:
    return client.open(
        "POST", "/api/attachments", data={"file": (BytesIO(content), name)}, **kwargs
    )


def refused(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error_code"]


def send(client: Client, channel_id: int, *ids: int, body: str = "Look", **fields: Any) -> Any:
    fields = {"reply": "none"} | fields
    return client.say(channel_id, body, attachments=list(ids), **fields)["message"]


# --- taking in ---------------------------------------------------------------------------------


def test_an_image_is_known_by_its_bytes_whatever_it_is_called(owner: Client):
    shown = uploaded(owner, png(30, 20), "holiday.txt")
    assert shown == {
        "id": shown["id"],
        "name": "holiday.txt",
        "media_type": "image/png",
        "size": len(png(30, 20)),
        "url": f"/api/attachments/{shown['id']}",
        "width": 30,
        "height": 20,
    }


@pytest.mark.parametrize("name", ["a.py", "a.html", "a.svg", "a.png", "a"])
def test_what_can_be_read_as_text_is_plain_text(owner: Client, name: str):
    shown = uploaded(owner, "<svg>潮水</svg>\t\x1b[0m".encode(), name)
    assert (shown["media_type"], shown["width"], shown["size"]) == ("text/plain", None, 22)


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "invalid_request"),
        (b"%PDF-1.7\0\xff", 400, "invalid_request"),
        (b"a\0b", 400, "invalid_request"),
        ("潮".encode("utf-16"), 400, "invalid_request"),
        (b"\x89PNG\r\n\x1a\n", 400, "invalid_request"),
        (png_that_claims(60_000, 60_000), 400, "invalid_request"),
        (png_that_claims(16_385, 1), 400, "invalid_request"),
        (png() + b"x" * attachments.IMAGE_MAX_BYTES, 413, "payload_too_large"),
        (b"x" * (attachments.TEXT_MAX_BYTES + 1), 413, "payload_too_large"),
        (b"x" * (6 * attachments.MB), 413, "payload_too_large"),
    ],
    ids=["empty", "PDF", "NUL", "UTF-16", "half", "bomb", "strip", "image", "text", "huge"],
)
def test_anything_else_is_refused_with_a_sentence(
    owner: Client, content: bytes, status: int, code: str
):
    answer = upload(owner, content)
    assert refused(answer) == (status, code)
    assert answer.get_json().get("field", "file") == "file"


def test_a_body_that_is_not_one_file_is_refused(owner: Client):
    two = {"a": (BytesIO(b"x"), "a"), "b": (BytesIO(b"y"), "b")}
    for data in ({}, two, {"file": "not a file"}, b"x"):
        assert refused(owner.open("POST", "/api/attachments", data=data)) == (
            400,
            "invalid_request",
        )


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\photos\\\\sea.png", "sea.png"),
        (" tide \n table.csv ", "tide table.csv"),
        ("kelp\u202egnp.exe", "kelpgnp.exe"),
        ("潮汐表.md", "潮汐表.md"),
        ("..", ".."),
        ("/", "file"),
        ("x" * 300 + ".json", "x" * 195 + ".json"),
    ],
)
def test_a_name_is_the_last_part_of_a_path_on_one_line(owner: Client, name: str, kept: str):
    assert uploaded(owner, b"x", name)["name"] == kept


def test_a_person_may_keep_so_much_and_no_more_however_fast_they_upload(
    house: House,
):
    member = house.people.member
    one = uploaded(member)
    with house.rt.db.transaction() as session:
        row = session.get_one(AttachmentRow, one["id"])
        row.size_bytes = attachments.PERSON_MAX_BYTES - 600
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: upload(member, b"x" * 400), range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 429, 429, 429]
    refusal = next(answer for answer in answers if answer.status_code == 429)
    assert refusal.get_json()["error_code"] == "quota_exceeded"
    assert member.delete(f"/api/attachments/{one['id']}").status_code == 204
    assert upload(member, b"x" * 400).status_code == 201


# --- sending -----------------------------------------------------------------------------------


def test_a_message_has_its_files_in_the_order_in_which_they_were_named(
    owner: Client, channel_id: int
):
    first, second = uploaded(owner, b"one", "1.md"), uploaded(owner, png(), "2.png")
    message = send(owner, channel_id, second["id"], first["id"], second["id"])
    assert message["attachments"] == [second, first]
    assert owner.get(f"/api/messages/{message['id']}").get_json()["attachments"] == [second, first]
    assert send(owner, channel_id, body="No files")["attachments"] == []


def test_files_alone_are_a_message_and_nothing_at_all_is_none(owner: Client, channel_id: int):
    assert send(owner, channel_id, uploaded(owner)["id"], body="")["body"] == ""
    path = f"/api/channels/{channel_id}/messages"
    assert refused(owner.post(path, {"body": " "})) == (400, "no_message")


def test_what_is_not_ones_own_or_was_sent_before_is_not_sent(house: House, channel_id: int):
    owner, path = house.people.owner, f"/api/channels/{channel_id}/messages"
    sent, others = uploaded(owner)["id"], uploaded(house.people.stranger)["id"]
    send(owner, channel_id, sent)
    free = uploaded(owner)["id"]
    for ids in ([sent], [others], [free, sent], [2**62], [free] * 2 + [others]):
        answer = owner.post(path, {"body": "Hi", "attachments": ids})
        assert (*refused(answer), answer.get_json()["field"]) == (
            400,
            "invalid_request",
            "attachments",
        )
    for ids in ("x", [0], ["1"], [None], [{"name": "x"}], list(range(1, 12))):
        answer = owner.post(path, {"body": "Hi", "attachments": ids})
        assert refused(answer) == (400, "invalid_request")
        assert answer.get_json()["field"].startswith("attachments")
    assert send(owner, channel_id, free)["attachments"][0]["id"] == free


def test_the_same_client_id_again_gives_the_first_message_with_its_files(
    owner: Client, channel_id: int
):
    file = uploaded(owner)
    again = {"client_id": f"once-{channel_id}"}
    first = send(owner, channel_id, file["id"], **again)
    assert send(owner, channel_id, file["id"], **again) == first


def test_of_two_messages_at_once_one_gets_the_file(owner: Client, channel_id: int):
    file, gate = uploaded(owner)["id"], threading.Barrier(4)

    def post(n: int) -> int:
        gate.wait(60)
        path = f"/api/channels/{channel_id}/messages"
        body = {"body": f"{n}", "attachments": [file], "reply": "none"}
        return owner.post(path, body).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(post, range(4))) == [201, 400, 400, 400]


# --- looking -----------------------------------------------------------------------------------


def test_an_image_is_shown_and_a_text_never_becomes_a_page(owner: Client):
    image, text = uploaded(owner, png(), "海.png"), uploaded(owner, b"<script>", "x.html")
    shown = owner.get(image["url"])
    assert (shown.data, shown.content_type) == (png(), "image/png")
    assert shown.headers["Content-Disposition"].startswith("inline; filename")
    assert "filename*=UTF-8''%E6%B5%B7.png" in shown.headers["Content-Disposition"]
    read = owner.get(text["url"])
    assert (read.data, read.content_type) == (b"<script>", "text/plain; charset=utf-8")
    assert read.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    for answer in (shown, read):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-cache"


def test_who_has_it_already_is_told_so(owner: Client):
    file = uploaded(owner)
    etag = owner.get(file["url"]).headers["ETag"]
    again = owner.get(file["url"], headers={"If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    assert again.headers["Cache-Control"] == "private, no-cache"
    assert owner.get(file["url"], headers={"If-None-Match": '"x"'}).data == b"kelp"


def test_a_file_is_seen_by_who_sees_its_message(house: House):
    people = house.people
    channel_id = people.owner.channel()
    file = uploaded(people.owner)
    kinds = (people.owner, people.member, people.viewer, people.stranger, house.client(None))
    assert [c.get(file["url"]).status_code for c in kinds] == [200, 404, 404, 404, 401]
    send(people.owner, channel_id, file["id"])
    assert [c.get(file["url"]).status_code for c in kinds] == [200, 404, 404, 404, 401]
    people.owner.post(f"/api/channels/{channel_id}/members", {"email": "member@example.com"})
    assert [c.get(file["url"]).status_code for c in kinds] == [200, 200, 404, 404, 401]
    assert refused(people.member.delete(file["url"])) == (409, "conflict")


# --- going away --------------------------------------------------------------------------------


def test_a_file_goes_when_it_is_thrown_away_or_its_message_or_channel_is(
    owner: Client, channel_id: int
):
    thrown, of_message, of_channel = (uploaded(owner) for _ in range(3))
    assert owner.delete(thrown["url"]).status_code == 204
    message = send(owner, channel_id, of_message["id"])
    send(owner, channel_id, of_channel["id"])
    assert refused(owner.delete(of_message["url"])) == (409, "conflict")
    owner.delete(f"/api/messages/{message['id']}")
    assert owner.get(of_channel["url"]).status_code == 200
    owner.delete(f"/api/channels/{channel_id}")
    for file in (thrown, of_message, of_channel):
        assert refused(owner.get(file["url"])) == (404, "not_found")


def test_what_was_not_sent_within_a_day_is_deleted(house: House, owner: Client, channel_id: int):
    old, young, sent = (uploaded(owner) for _ in range(3))
    send(owner, channel_id, sent["id"])
    with house.rt.db.transaction() as session:
        for file in (old, sent):
            row = session.get_one(AttachmentRow, file["id"])
            row.created_at = now() - UNSENT_FILES_KEPT * 1.1
    house.rt.housekeeper.clean(now())
    assert [owner.get(file["url"]).status_code for file in (old, young, sent)] == [404, 200, 200]


def test_a_message_is_found_by_the_name_of_its_file(owner: Client, channel_id: int):
    word = f"潮汐{channel_id}"
    message = send(owner, channel_id, uploaded(owner, b"x", f"{word}.md")["id"])
    found = owner.get(f"/api/search?q=look {word}").get_json()["items"]
    assert [item["id"] for item in found] == [message["id"]]
    owner.delete(f"/api/messages/{message['id']}")
    assert owner.get(f"/api/search?q={word}").get_json()["items"] == []


# --- the model ---------------------------------------------------------------------------------


def test_the_model_gets_the_files_and_again_when_asked_anew(
    owner: Client, channel_id: int, fake: FakeProvider
):
    files = [uploaded(owner, b"# Kelp", "notes.md")["id"], uploaded(owner, png(), "sea.png")["id"]]
    message = send(owner, channel_id, *files, reply="wait")
    told = fake.requests[-1].json["messages"][-1]["content"]
    assert told[0]["text"] == "Look\n\nFile: notes.md\n```\n# Kelp\n```\n\n[Image: sea.png]"
    assert told[1]["image_url"]["url"].startswith("data:image/png;base64,iVBORw0KGgo")
    run_id = owner.post(f"/api/messages/{message['id']}/regenerate").get_json()["run_id"]
    owner.stream(f"/api/runs/{run_id}/stream")
    assert fake.requests[-1].json["messages"][-1]["content"] == told
    edited = owner.patch(f"/api/messages/{message['id']}", {"body": ""}).get_json()
    assert [file["name"] for file in edited["attachments"]] == ["notes.md", "sea.png"]
    owner.say(channel_id, "And?", reply="wait")
    *_, before, _, question = fake.requests[-1].json["messages"]
    assert before["content"][0]["text"].startswith("File: notes.md")
    assert question["content"] == "And?"


def test_a_model_without_eyes_says_so_with_a_code(
    owner: Client, channel_id: int, fake: FakeProvider
):
    error = {"message": "This model does not support image input", "type": "invalid_request_error"}
    fake.enqueue([Status(400, body={"error": error})])
    image = uploaded(owner, png())["id"]
    path = f"/api/channels/{channel_id}/messages"
    answer = owner.post(path, {"body": "Hi", "attachments": [image], "reply": "wait"})
    assert refused(answer) == (502, "images_refused")
    assert "It said: This model does not support image input" in answer.get_json()["error"]
    assert answer.get_json()["retryable"] is False
