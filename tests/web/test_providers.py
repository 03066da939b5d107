"""The pages of the providers: for operators, and a key never comes out."""

import uuid

import pytest

from chat_app.services import providers
from tests.fakes import Status, says

LIST = "/settings/providers"
KEY = "sk-very-secret-0123456789"


@pytest.fixture
def provider(owner, fake):
    """A new provider with a key, at the fake."""
    fields = {"name": f"P {uuid.uuid4().hex[:6]}", "base_url": fake.base_url, "api_key": KEY}
    made = owner.post("/api/providers", fields | {"default_model": "fake"}).get_json()
    yield made
    owner.delete(f"/api/providers/{made['id']}")


@pytest.fixture
def path(provider):
    return f"{LIST}/{provider['id']}"


def stored(owner, provider):
    return owner.get(f"/api/providers/{provider['id']}").get_json()


def fields_of(provider, **changes):
    told = {name: provider[name] for name in ("name", "base_url", "default_model")}
    return told | {"enabled": "y"} | changes


def test_the_list_has_every_provider(ada, provider, path):
    page = ada.get(LIST).text
    assert f'href="{path}"' in page
    assert provider["base_url"] in page
    assert "with a key" in page


def test_a_new_provider_is_added(ada, owner, fake):
    ada.get(f"{LIST}/new")
    assert "https://api.openai.com/v1" in ada.page
    given = {"name": f"N {uuid.uuid4().hex[:6]}", "base_url": f"{fake.base_url}/", "api_key": KEY}
    made = ada.submit(f"{LIST}/new", **given, default_model="fake", enabled="y")
    assert made.status_code == 303
    page = ada.get(made.location).text
    assert "Saved." in page
    assert "A key is set." in page
    assert KEY not in page
    provider_id = made.location.split("/")[-1].partition("?")[0]
    row = owner.get(f"/api/providers/{provider_id}").get_json()
    assert (row["base_url"], row["has_key"], row["enabled"]) == (fake.base_url, True, True)
    owner.delete(f"/api/providers/{provider_id}")


def test_a_key_is_kept_replaced_or_removed(ada, owner, provider, path, built):
    def key():
        return built.rt.planner.endpoint(providers.get(built.rt, provider["id"])).api_key

    ada.get(path)
    ada.submit(path, **fields_of(provider))
    assert key() == KEY
    ada.get(path)
    ada.submit(path, **fields_of(provider), api_key="sk-other")
    assert key() == "sk-other"
    assert "sk-other" not in ada.get(path).text
    ada.submit(path, **fields_of(provider), remove_key="y")
    assert key() is None
    assert "Remove the key" not in ada.get(path).text


def test_a_key_does_not_go_to_another_address(ada, owner, provider, path):
    ada.get(path)
    moved = fields_of(provider, base_url="https://elsewhere.example/v1")
    assert ada.submit(path, **moved).status_code == 400
    assert "Give the key again for the new address." in ada.page
    assert 'value="https://elsewhere.example/v1"' in ada.page
    assert stored(owner, provider)["base_url"] == provider["base_url"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": ""}, "A provider needs a name."),
        ({"base_url": ""}, "A provider needs an address."),
        ({"base_url": "ftp://x/v1"}, "not an http or https address"),
        ({"base_url": "http://x:99999/v1"}, "not an http or https address"),
        ({"base_url": "http://[x/v1"}, "not an http or https address"),
        ({"base_url": "https://me:secret@x.example/v1"}, "A key belongs into its own field"),
        ({"api_key": "two words"}, "A key has no spaces"),
        ({"default_model": "m" * 201}, "This is too long."),
    ],
)
def test_what_cannot_be_is_refused_in_the_form(ada, owner, provider, path, wrong, sentence):
    for form in (path, f"{LIST}/new"):
        ada.get(form)
        answer = ada.submit(form, **fields_of(provider) | wrong)
        assert answer.status_code == 400
        assert sentence in answer.text
    assert stored(owner, provider) == provider


def test_a_name_that_is_taken_is_refused(ada, provider):
    ada.get(f"{LIST}/new")
    assert ada.submit(f"{LIST}/new", **fields_of(provider)).status_code == 409
    assert "There is a provider with this name already." in ada.page


def test_the_test_says_what_answered_and_which_models_there_are(ada, fake, path):
    fake.enqueue(says("Hello."))
    ada.get(path)
    answer = ada.submit(f"{path}/test")
    assert answer.status_code == 200
    assert "answered; its first word came after" in answer.text
    assert "It has 2 models" in answer.text
    assert "<code>fake-mini</code>" in answer.text


def test_the_test_says_what_is_wrong(ada, fake, path):
    fake.enqueue([Status(401)])
    ada.get(path)
    assert "The model provider refused our key." in ada.submit(f"{path}/test").text
    assert KEY not in ada.page


def test_without_a_model_there_is_nothing_to_test(ada, owner, provider, path):
    owner.patch(f"/api/providers/{provider['id']}", {"default_model": None})
    assert "Give it a default model first." in ada.get(path).text
    assert "default model first" in ada.submit(f"{path}/test").text


def test_a_real_model_takes_the_place_of_the_demo_where_one_wants_it(ada, owner, fake, built):
    demo = {"name": f"Demo {uuid.uuid4().hex[:6]}", "base_url": "demo://holdfast/v1"}
    demo_id = owner.post("/api/providers", demo).get_json()["id"]
    agent = owner.post(
        "/api/agents", {"name": "Demon", "provider_id": demo_id, "model": "holdfast-demo"}
    ).get_json()
    page = ada.get(f"/settings/agents/{agent['id']}").text
    assert "This is the demo" in page
    assert f'href="{LIST}/new"' in page
    assert "This is the demo" in ada.get(f"{LIST}/{demo_id}").text
    assert "that uses the demo or no model at all" in ada.get(f"{LIST}/new").text
    given = {"name": f"R {uuid.uuid4().hex[:6]}", "base_url": fake.base_url, "enabled": "y"}
    made = ada.submit(f"{LIST}/new", **given, default_model="fake", serve="y").location
    row = owner.get(f"/api/agents/{agent['id']}").get_json()
    assert f"{LIST}/{row['provider_id']}?" in made
    assert row["model"] is None
    assert owner.get("/api/agents/1").get_json()["provider_id"] == 1
    owner.delete(f"/api/agents/{agent['id']}")
    for provider_id in (demo_id, row["provider_id"]):
        owner.delete(f"/api/providers/{provider_id}")


def test_a_deleted_provider_is_gone(ada, path):
    ada.get(path)
    assert ada.submit(f"{path}/delete").location == LIST
    assert ada.get(path).status_code == 404


def test_only_operators_get_in(ada, owner, provider, path, member, viewer, stranger, visitor):
    for person in (member, viewer, stranger):
        for page in (LIST, f"{LIST}/new", path):
            assert person.get(page).status_code == 403
        for form in (f"{LIST}/new", path, f"{path}/test", f"{path}/delete"):
            person.get("/channels")
            assert person.submit(form, **fields_of(provider, name="Mine")).status_code == 403
        assert LIST not in person.get("/settings/projects").text
    assert visitor.get(path).status_code == 303
    ada.get(path)
    assert ada.submit(f"{path}/delete", csrf_token="").status_code == 403
    assert stored(owner, provider) == provider
