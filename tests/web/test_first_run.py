"""The first run: three steps from nothing to an answer, or the demo."""

from dataclasses import dataclass

import pytest

from chat_app import create_app
from chat_app.store.agents import AgentRow
from chat_app.store.channels import ChannelRow
from chat_app.store.providers import ProviderRow
from tests.clients import people_of
from tests.conftest import ADMIN, PASSWORD
from tests.fakes import Status, says
from tests.houses import House
from tests.web.visitor import Visitor

CALM = "Nobody can answer here yet; whoever runs this installation is setting it up."


@dataclass
class Place:
    """An installation of its own, and people in it."""

    house: House
    ada: Visitor
    member: Visitor

    def empty(self, *tables):
        with self.house.rt.db.transaction() as session:
            for table in tables:
                for row in session.query(table):
                    session.delete(row)

    def say(self, location, text):
        """What the agent answers there."""
        channel = location.split("/")[-1]
        said = self.house.people.owner.say(int(channel), text, reply="wait")
        return said["reply"]["body"]


@pytest.fixture
def place(settings, template, tmp_path):
    template.copy("sqlite", tmp_path)
    app = create_app(settings)
    house = House(app, settings, people_of(app, ADMIN, PASSWORD))
    member = house.cookie(token=house.token("member@example.com"))
    yield Place(house, Visitor(app, house.cookie()), Visitor(app, member))
    app.extensions["holdfast"].close()


def test_an_installation_that_works_begins_with_its_channels(place):
    assert place.ada.get("/").location == "/channels/1"
    assert "Everything is there" in place.ada.get("/start").text
    assert place.member.get("/").location == "/channels"
    assert CALM not in place.member.get("/start").text


def test_three_steps_lead_to_a_working_answer(place, fake):
    place.empty(ChannelRow, AgentRow, ProviderRow)
    ada = place.ada
    assert ada.get("/").location == "/start"
    page = ada.get("/start").text
    assert page.count('aria-current="step"') == 1
    assert 'action="/start/provider"' in page
    assert 'action="/start/agent"' not in page
    fake.enqueue(says("Hello."))
    given = {"name": "Mine", "base_url": fake.base_url, "default_model": "fake"}
    assert ada.submit("/start/provider", **given, api_key="sk-mine").location == "/start"
    page = ada.get("/start").text
    assert 'action="/start/agent"' in page
    assert 'action="/start/provider"' not in page
    assert ada.submit("/start/agent", name="Skipper", system_prompt="Brief.").location == "/start"
    assert 'action="/start/channel"' in ada.get("/start").text
    made = ada.submit("/start/channel", title="Bridge")
    assert ada.get("/").location == made.location
    fake.enqueue(says("Aye."))
    assert place.say(made.location, "Ready?") == "Aye."
    assert fake.requests[-1].headers["authorization"] == "Bearer sk-mine"
    assert "Bridge" in ada.get(made.location).text


def test_a_provider_that_does_not_answer_is_not_stored(place, fake):
    place.empty(ChannelRow, AgentRow, ProviderRow)
    place.ada.get("/start")
    fake.enqueue([Status(401)])
    given = {"name": "Mine", "base_url": fake.base_url, "default_model": "fake"}
    answer = place.ada.submit("/start/provider", **given, api_key="sk-wrong")
    assert answer.status_code == 502
    assert "The model provider refused our key." in answer.text
    assert 'value="Mine"' in answer.text
    assert "sk-wrong" not in answer.text
    assert place.house.people.owner.get("/api/providers").get_json()["items"] == []


@pytest.mark.parametrize("wrong", [{"name": ""}, {"base_url": "x"}, {"default_model": " "}])
def test_a_step_that_cannot_be_is_refused_in_its_form(place, wrong):
    place.empty(ChannelRow, AgentRow, ProviderRow)
    given = {"name": "Mine", "base_url": "https://x.example/v1", "default_model": "m"} | wrong
    place.ada.get("/start")
    assert place.ada.submit("/start/provider", **given).status_code == 400
    assert 'role="alert"' in place.ada.page


def test_a_new_provider_serves_the_agents_that_have_none(place, fake):
    place.empty(ProviderRow)
    place.ada.get("/start")
    assert "An agent" in place.ada.page
    fake.enqueue(says("Hello."))
    given = {"name": "Mine", "base_url": fake.base_url, "default_model": "fake"}
    place.ada.submit("/start/provider", **given)
    assert place.ada.get("/").location == "/channels/1"


def test_a_channel_whose_agent_is_gone_does_not_count(place):
    place.empty(AgentRow)
    assert place.ada.get("/").location == "/start"
    place.ada.get("/start")
    place.ada.submit("/start/agent", name="New", system_prompt="")
    place.ada.get("/start")
    assert 'action="/start/channel"' in place.ada.page
    made = place.ada.submit("/start/channel", title="There")
    assert place.ada.get("/").location == made.location


@pytest.mark.parametrize("gone", [(ProviderRow,), (ChannelRow, AgentRow, ProviderRow)])
def test_the_demo_answers_at_once_and_says_what_it_is(place, gone):
    place.empty(*gone)
    place.ada.get("/start")
    made = place.ada.submit("/start/demo")
    assert made.status_code == 303
    assert place.say(made.location, "Hello!")
    page = place.ada.get(made.location).text
    assert "Demo model" in page
    assert 'href="/settings/providers/new"' in page
    assert place.ada.get("/").location == made.location
    # Whoever presses it twice has one demo, and two channels.
    place.ada.get(made.location)
    assert place.ada.submit("/start/demo").location != made.location
    providers = place.house.people.owner.get("/api/providers").get_json()["items"]
    assert [one["base_url"] for one in providers] == ["demo://holdfast/v1"]


def test_others_read_one_calm_sentence_and_can_do_nothing(place):
    place.empty(ChannelRow, AgentRow, ProviderRow)
    member = place.member
    assert member.get("/").location == "/start"
    page = member.get("/start").text
    assert CALM in page
    assert "/start/" not in page
    for form in ("provider", "agent", "channel", "demo"):
        member.get("/channels")
        assert member.submit(f"/start/{form}", name="x", title="x").status_code == 403
    place.ada.get("/start")
    assert place.ada.submit("/start/demo", csrf_token="").status_code == 403
    assert place.house.people.owner.get("/api/providers").get_json()["items"] == []


def test_others_who_have_a_channel_are_left_alone(place):
    channel = place.house.people.member.channel(title="Mine")
    place.empty(ProviderRow)
    assert place.member.get("/").location == f"/channels/{channel}"


def test_nobody_is_asked_to_sign_in_first(place):
    nobody = Visitor(place.house.app)
    assert nobody.get("/start").location == "/login?next=/start"
