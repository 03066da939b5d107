"""Who is in a channel, and who brings people in."""

import pytest

from chat_app.store.users import user_by_email


@pytest.fixture
def ids(rt):
    """The ids of the people by the beginning of their addresses."""
    names = ("member", "viewer", "stranger")
    with rt.db.reading() as session:
        return {name: user_by_email(session, f"{name}@example.com").id for name in names}


def settings(path: str) -> str:
    return f"{path}/settings"


def test_somebody_is_brought_in_and_taken_out_again(ada, member, ids, path):
    bo = ids["member"]
    ada.get(settings(path))
    assert f'<option value="{bo}">' in ada.page
    assert ada.submit(f"{path}/people", user_id=str(bo)).status_code == 303
    assert f"people/{bo}/remove" in ada.get(settings(path)).text
    assert f'<option value="{bo}">' not in ada.page
    assert member.get(path).status_code == 200
    assert ada.submit(f"{path}/people/{bo}/remove").status_code == 303
    assert member.get(path).status_code == 403


def test_who_leaves_is_led_to_the_channels_that_are_left(ada, member, ids, path):
    bo = ids["member"]
    ada.get(settings(path))
    ada.submit(f"{path}/people", user_id=str(bo))
    assert "Leave" in member.get(settings(path)).text
    left = member.submit(f"{path}/people/{bo}/remove")
    assert (left.status_code, left.location) == (303, "/channels")
    assert member.get(path).status_code == 403


@pytest.mark.parametrize("who", ["", "0", "x", "999999"])
def test_nobody_is_brought_in_who_is_not_in_the_workspace(ada, ids, path, who):
    ada.get(settings(path))
    strange = who or str(ids["stranger"])
    answer = ada.submit(f"{path}/people", user_id=strange)
    assert answer.status_code in (400, 404)
    assert 'role="alert"' in answer.text
    assert f'<option value="{strange}">' not in answer.text


def test_who_is_not_in_it_brings_nobody_in(ada, member, stranger, viewer, ids, path):
    for visitor, name in ((member, "member"), (stranger, "stranger")):
        visitor.get("/channels")
        own = str(ids[name])
        assert visitor.submit(f"{path}/people", user_id=own).status_code in (403, 404)
        assert visitor.submit(f"{path}/people/{own}/remove").status_code in (403, 404)
    reader = str(ids["viewer"])
    ada.get(settings(path))
    ada.submit(f"{path}/people", user_id=reader)
    assert f"{path}/people" not in viewer.get(settings(path)).text
    assert viewer.submit(f"{path}/people/{reader}/remove").status_code == 403
    assert viewer.get(path).status_code == 200
