import re

import pytest

from chat_app.demo.answers import TOUR, answer
from chat_app.demo.language import SIMPLIFIED_ONLY, TRADITIONAL_ONLY, Language, language_of
from chat_app.demo.said import Said
from chat_app.demo.texts import texts, topics_with_texts
from chat_app.demo.topics import topic_of
from chat_app.demo.vocabulary import MANNERS, REQUESTS, SUBJECTS
from chat_app.markdown import render

MIN_WORDS, MAX_WORDS = 60, 180
BRIEF = {"thanks", "bye", "repeat", "repeat nothing", "summary", "summary nothing", "next", "long"}


def ask(*questions: str) -> str:
    """The answer to the last question, each question before it answered."""
    conversation: list[Said] = []
    for question in questions:
        conversation.append(Said("user", question))
        conversation.append(Said("assistant", answer(conversation)))
    return conversation[-1].text


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Hello!", "greeting"),
        ("What is Holdfast?", "what"),
        ("How does streaming work?", "streaming"),
        ("What happens when my connection drops?", "streaming"),
        ("How do I set OPENAI_API_KEY?", "providers"),
        ("How do I replace the demo with a real model?", "providers"),
        ("Who are you?", "identity"),
        ("Are you ChatGPT?", "identity"),
        ("How do @mentions work?", "mentions"),
        ("@assistant what is an agent?", "agents"),
        ("@channels hello", "greeting"),
        ("What does no_agent mean?", "errors"),
        ("Show me a curl example", "api"),
        ("Show me some Python code", "code"),
        ("Can I use PostgreSQL?", "database"),
        ("How do I deploy to Heroku?", "deploy"),
        ("Is it secure?", "security"),
        ("Show me a table", "markdown"),
        ("how do I log in", "accounts"),
        ("What tools do you have?", "tools"),
        ("Can you browse the web?", "limits"),
        ("Thanks, and how do channels work?", "channels"),
        ("thank you", "thanks"),
        ("Write me a long story", "long"),
        ("How long does it take?", "fallback"),
        ("What is the capital of France?", "fallback"),
        ("help", "help"),
        ("你好", "greeting"),
        ("Holdfast 是什麼？", "what"),
        ("什么是Holdfast？", "what"),
        ("SSE是什么", "streaming"),
        ("如何設定供應商？", "providers"),
        ("怎么连接真正的模型？", "providers"),
        ("你是谁", "identity"),
        ("今晚吃什麼", "fallback"),
    ],
)
def test_a_question_finds_its_topic(question: str, topic: str) -> None:
    assert topic_of(question) == topic


@pytest.mark.parametrize(
    ("said", "language"),
    [
        (["How does it work?"], Language.ENGLISH),
        (["串流如何運作？"], Language.TRADITIONAL),
        (["流式传输怎么工作？"], Language.SIMPLIFIED),
        (["What does 频道 mean?"], Language.ENGLISH),
        (["這是什麼？", "你好"], Language.TRADITIONAL),
        (["这是什么？", "你好"], Language.SIMPLIFIED),
        (["What is this, in simplified Chinese?"], Language.SIMPLIFIED),
        (["這是什麼？請用英文"], Language.ENGLISH),
        (["これは何ですか"], Language.ENGLISH),
        ([], Language.ENGLISH),
    ],
)
def test_the_answer_is_in_the_language_of_the_question(said: list[str], language: Language) -> None:
    assert language_of(said) == language


@pytest.mark.parametrize("language", Language)
def test_every_topic_has_a_text_in_every_language(language: Language) -> None:
    names = {topic.name for topic in (*REQUESTS, *SUBJECTS, *MANNERS)} - {"more"}
    assert names | {"fallback", *TOUR} <= topics_with_texts(language)


def test_english_texts_are_neither_curt_nor_long() -> None:
    topics = topics_with_texts(Language.ENGLISH) - BRIEF - {"long end"}
    for topic in {topic for topic in topics if not topic.startswith(("look ", "told "))}:
        for text in texts(Language.ENGLISH, topic):
            assert MIN_WORDS <= len(text.split()) <= MAX_WORDS, (topic, len(text.split()))


@pytest.mark.parametrize(
    ("language", "alien"),
    [(Language.TRADITIONAL, SIMPLIFIED_ONLY), (Language.SIMPLIFIED, TRADITIONAL_ONLY)],
)
def test_no_text_has_characters_of_the_other_script(
    language: Language, alien: frozenset[str]
) -> None:
    for topic in topics_with_texts(language):
        assert not alien & set("".join(texts(language, topic))), topic


@pytest.mark.parametrize("language", Language)
def test_every_text_is_whole_markdown(language: Language) -> None:
    for topic in topics_with_texts(language):
        for text in texts(language, topic):
            assert text.count("```") % 2 == 0
            assert 'class="plain"' not in render(text)


@pytest.mark.parametrize(
    "question",
    ["Who are you?", "What are you?", "Are you a language model?", "你是誰？", "你是谁？"],
)
def test_who_asks_what_it_is_always_hears_that_it_is_a_demo_and_no_model(question: str) -> None:
    for times in (1, 2, 3):
        text = ask(*[question] * times)
        assert re.search("demo|示範|演示", text)
        assert re.search(r"not a language model|不是語言模型|不是语言模型", text.replace("**", ""))


@pytest.mark.parametrize("topic", [topic.name for topic in (*SUBJECTS, *MANNERS)])
def test_the_same_question_again_gets_another_text(topic: str) -> None:
    questions = {
        "mentions": ("@mentions", "提及", "提及"),
        "channels": ("channels", "頻道", "频道"),
        "agents": ("agents", "智能體", "智能体"),
        "providers": ("providers", "供應商", "提供商"),
        "streaming": ("streaming", "串流", "流式传输"),
        "what": ("Holdfast", "這是什麼", "这是什么"),
        "greeting": ("Hello", "早安，測試", "测试"),
        "thanks": ("thanks", "謝謝", "谢谢"),
        "bye": ("bye", "再見", "再见"),
        "help": ("help", "幫助", "帮助"),
    }
    for question in questions.get(topic, (topic,)):
        assert ask(question) != ask(question, question)


def test_the_same_conversation_gets_the_same_text() -> None:
    assert ask("Hello", "What is Holdfast?") == ask("Hello", "What is Holdfast?")


def test_what_it_does_not_know_it_says_and_offers_topics() -> None:
    text = ask("What is the capital of France?")
    assert "only subject that I know is **Holdfast**" in text
    assert "streaming" in text


def test_go_on_stays_with_the_topic() -> None:
    assert texts(Language.ENGLISH, "agents")[1] in ask("What is an agent?", "Tell me more")


def test_go_on_without_a_topic_offers_some() -> None:
    assert ask("ok") == texts(Language.ENGLISH, "help")[0]


def test_repeat_gives_back_the_words_that_follow() -> None:
    assert "> the quick brown fox" in ask("Please repeat: the quick brown fox")
    assert "> 今天天氣很好" in ask("重複：今天天氣很好")


def test_repeat_alone_gives_the_last_answer() -> None:
    first = ask("thanks")
    assert "\n".join(f"> {line}".rstrip() for line in first.splitlines()) in ask("thanks", "repeat")


def test_repeat_what_i_said_gives_the_last_question() -> None:
    assert "> Is it secure?" in ask("Is it secure?", "Repeat what I said")


def test_repeat_before_anything_was_said_says_so() -> None:
    assert ask("repeat that") == texts(Language.ENGLISH, "repeat nothing")[0]


def test_a_summary_lists_what_was_asked_and_nothing_else() -> None:
    text = ask("Is it secure?", "Does it\nstream?", "Summarise what I said")
    assert "1. “Is it secure?”\n2. “Does it stream?”\n\n" in text
    assert "Summarise what" not in text


def test_a_summary_stays_short_however_much_was_said() -> None:
    text = ask(*["x" * 1_000] * 30, "Summarise what I said")
    assert len(text) < 4_000
    assert "…”" in text


def test_a_summary_of_nothing_says_so() -> None:
    assert ask("summarise") == texts(Language.ENGLISH, "summary nothing")[0]


def test_something_long_is_long_and_speaks_of_every_stage() -> None:
    text = ask("Tell me something long")
    assert len(text.split()) > 700
    assert all(texts(Language.ENGLISH, topic)[0] in text for topic in TOUR)


@pytest.mark.parametrize(
    "conversation",
    [
        [],
        [Said("system", "You are helpful")],
        [Said("user", "   ")],
        [Said("assistant", "Hello")],
        [Said("tool", "42"), Said("user", "")],
    ],
)
def test_a_conversation_without_a_question_gets_a_greeting(conversation: list[Said]) -> None:
    assert answer(conversation) == texts(Language.ENGLISH, "greeting")[0]


@pytest.mark.parametrize(
    "question", ["a" * 1_000_000, "重複" * 100_000, "{a}{b}{quote}", "\x00\ud800"]
)
def test_any_message_gets_an_answer(question: str) -> None:
    assert answer([Said("user", question)])
