"""What the model is told: the prompt, and the newest messages that fit."""

from chat_app.streaming import history
from chat_app.streaming.history import Said

ANN = Said("user", "Ann", "Hi")
BOB = Said("user", "Bob", "And me?")
AGENT = Said("assistant", "Helper", "Hello!")


def test_the_prompt_comes_first_and_the_question_last() -> None:
    assert history.messages("Be brief.", [ANN, AGENT, ANN]) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "Hi"},
    ]


def test_an_empty_prompt_is_left_out() -> None:
    assert history.messages("", [ANN]) == [{"role": "user", "content": "Hi"}]


def test_where_several_people_speak_each_is_named() -> None:
    told = history.messages("", [ANN, AGENT, BOB])
    assert [m["content"] for m in told] == ["Ann: Hi", "Hello!", "Bob: And me?"]


def test_the_newest_that_fit_are_told() -> None:
    told = history.messages("", [Said("user", "Ann", "x" * 400), AGENT, ANN], budget=20)
    assert [m["content"] for m in told] == ["Hello!", "Hi"]


def test_the_question_is_told_even_where_it_does_not_fit() -> None:
    told = history.messages("prompt", [AGENT, Said("user", "Ann", "x" * 4_000)], budget=10)
    assert [m["role"] for m in told] == ["system", "user"]


def test_what_is_not_ascii_costs_a_token_a_character() -> None:
    assert history.tokens("漢字漢字") > history.tokens("abcd")


def test_variables_are_filled_and_unknown_ones_stay() -> None:
    template = "I am {{ agent }}, {{nobody}}, {{  agent}}."
    assert history.fill(template, {"agent": "Ada"}) == "I am Ada, {{nobody}}, Ada."


def test_what_a_variable_says_is_not_filled_again() -> None:
    assert history.fill("{{ a }}", {"a": "{{ b }}", "b": "no"}) == "{{ b }}"
