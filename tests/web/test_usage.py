"""The page of usage: charts that anybody can read, for those who run a workspace."""

import re

import pytest


@pytest.fixture
def asked(owner, fake):
    owner.say(owner.channel(title="Harbour"), "Hi", reply="wait")


def test_the_charts_have_words_and_the_numbers_are_in_tables(ada, asked):
    page = ada.get("/settings/usage").text
    charts = re.findall(r'<svg class="bars".*?</svg>', page, re.DOTALL)
    assert len(charts) == 3
    for chart in charts:
        assert re.search(r"<title id=\"\w+-title\">\w+ by day</title>", chart)
        assert "<desc" in chart
        assert chart.count('class="bar"') == 30
    assert len(re.findall(r'<th scope="row">\d+ \w{3} 20\d\d</th>', page)) == 30
    assert "Assistant" in page
    assert "Owner" in page


@pytest.mark.parametrize("days", [7, 30, 90])
def test_one_chooses_the_range(ada, days):
    page = ada.get(f"/settings/usage?days={days}").text
    assert page.count('class="bar"') == 3 * days
    assert f'days={days}&amp;workspace=1" aria-current="true"' in page


@pytest.mark.parametrize("query", ["days=8", "days=100"])
def test_a_range_that_is_not_offered_is_refused(ada, query):
    assert ada.get(f"/settings/usage?{query}").status_code == 400


def test_an_operator_sees_the_whole_installation_and_others_their_own(ada, stranger, asked):
    assert "All workspaces" in ada.get("/settings/usage?workspace=all").text
    own = stranger.get("/settings/usage").text
    assert "All workspaces" not in own
    assert "Assistant" not in own
    assert stranger.get("/settings/usage?workspace=all").status_code == 403
    assert stranger.get("/settings/usage?workspace=1").status_code == 404


@pytest.mark.parametrize("who", ["member", "viewer"])
def test_who_runs_nothing_sees_nothing(who, request):
    visitor = request.getfixturevalue(who)
    assert visitor.get("/settings/usage").status_code == 403
    assert 'href="/settings/usage"' not in visitor.get("/settings/account").text


def test_nobody_gets_to_the_page_without_signing_in(visitor):
    assert visitor.get("/settings/usage").location.startswith("/login")
