"""The list of channels, and making one."""

import pytest

from chat_app.web import channels


def test_the_list_has_the_channels_one_is_in_and_no_others(ada, member, channel):
    assert f'href="/channels/{channel}"' in ada.get("/channels").text
    assert f'href="/channels/{channel}"' not in member.get("/channels").text
    assert "No channels yet." in member.page


def test_a_new_channel_is_open_at_once(ada):
    ada.get("/channels")
    made = ada.submit("/channels", title="  Kelp  ")
    assert made.status_code == 303
    assert '<h1 dir="auto">Kelp</h1>' in ada.get(made.location).text
    assert ada.get("/").location == made.location


def test_a_channel_needs_no_title_to_begin_with(ada):
    ada.get("/channels")
    assert "New channel</h1>" in ada.get(ada.submit("/channels", title=" ").location).text


@pytest.mark.parametrize("title", ["t" * 201, "a\0b"])
def test_a_title_that_cannot_be_stored_is_refused_in_the_form(ada, title):
    ada.get("/channels")
    answer = ada.submit("/channels", title=title)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_a_hostile_title_is_only_a_title(ada):
    ada.get("/channels")
    made = ada.submit("/channels", title='<script>alert(1)</script>" onload="x')
    for path in (made.location, f"{made.location}/settings", "/channels"):
        page = ada.get(path).text
        assert "<script>alert" not in page
        assert '" onload="' not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_viewer_cannot_make_one(viewer):
    viewer.get("/channels")
    answer = viewer.submit("/channels", title="Mine")
    assert answer.status_code == 403
    assert "You do not have access to this." in answer.text


def test_a_form_without_our_token_makes_nothing(ada):
    ada.get("/channels")
    assert ada.submit("/channels", title="Forged", csrf_token="").status_code == 403
    assert "Forged" not in ada.get("/channels").text


def test_a_long_list_has_pages(ada, owner):
    owner.channel(title="The oldest")
    for number in range(channels.PAGE_CHANNELS):
        owner.channel(title=f"Channel {number}")
    assert "The oldest" not in ada.get("/channels").text
    assert "Older channels" in ada.page
    following = ada.page.rpartition('href="/channels?after=')[2].partition('"')[0]
    assert "The oldest" in ada.get(f"/channels?after={following}").text
    assert ada.get("/channels?after=nonsense").status_code == 400
