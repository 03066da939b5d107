"""What an empty installation is filled with, and what later starts leave alone."""

from dataclasses import replace

import pytest

from chat_app.runtime import Runtime
from chat_app.services import installation, projects, providers, tokens, users
from chat_app.settings import Settings
from chat_app.store.providers import ProviderRow
from chat_app.store.supervision import wanted_projects


@pytest.fixture
def without_key(settings: Settings) -> Settings:
    return replace(settings, openai_api_key=None, openai_base_url=None, openai_model=None)


def upgraded(settings: Settings) -> tuple[installation.FirstLogin | None, list[ProviderRow]]:
    rt = Runtime.build(settings)
    login = installation.upgrade(rt)
    found = providers.list_providers(rt)
    rt.close()
    return login, found


def test_without_a_key_the_demo_model_answers(without_key: Settings) -> None:
    _, [provider] = upgraded(without_key)
    assert provider.is_demo
    assert "demo" in provider.name.lower()


def test_a_key_given_later_takes_the_demo_s_place(
    without_key: Settings, settings: Settings
) -> None:
    upgraded(without_key)
    _, [provider] = upgraded(settings)
    assert not provider.is_demo
    assert (provider.base_url, provider.has_key) == (settings.openai_base_url, True)


def test_a_provider_that_was_chosen_is_left_alone(
    without_key: Settings, settings: Settings
) -> None:
    upgraded(settings)
    other = replace(settings, openai_base_url="https://elsewhere.example/v1")
    _, [provider] = upgraded(other)
    assert provider.base_url == settings.openai_base_url
    assert not upgraded(without_key)[1][0].is_demo


def test_there_is_a_demo_project_where_ai_servers_can_be_started(settings: Settings) -> None:
    """And none is, before somebody wants it."""
    rt = Runtime.build(replace(settings, ai_server_command=("a-server", "{port}")))
    installation.upgrade(rt)
    [project] = projects.list_projects(rt, users.operator(rt))
    assert (project.name, project.backend, project.status) == ("Demo project", "process", "CREATED")
    with rt.db.transaction() as session:
        assert wanted_projects(session) == []
    rt.close()


def test_without_a_command_there_is_no_demo_project(settings: Settings) -> None:
    rt = Runtime.build(settings)
    installation.upgrade(rt)
    assert projects.list_projects(rt, users.operator(rt)) == []
    rt.close()


def test_the_login_is_given_once_and_works(settings: Settings) -> None:
    login, _ = upgraded(replace(settings, admin_password=None))
    assert login is not None
    assert login.password is not None
    assert upgraded(replace(settings, admin_password=None))[0] is None
    rt = Runtime.build(settings)
    assert tokens.sign_in(rt, login.email, login.password, "login").secret
    rt.close()


def test_a_password_that_the_operator_chose_is_not_repeated(settings: Settings) -> None:
    login, _ = upgraded(settings)
    assert login == installation.FirstLogin(settings.admin_email, None)
