"""What the demo answers: a pure function from a conversation to Markdown."""

from collections.abc import Sequence

from chat_app.demo import memory
from chat_app.demo.language import Language, language_of
from chat_app.demo.said import Said, by
from chat_app.demo.texts import texts
from chat_app.demo.topics import offered, topic_of

MAX_QUESTIONS = 30
TOUR = (
    "what", "channels", "mentions", "agents", "streaming", "providers", "api", "errors", "database",
    "deploy", "security",
)  # fmt: skip
# These end by themselves, or offer topics of their own.
_WITHOUT_OFFER = {"greeting", "thanks", "bye", "help", "fallback", "long"}


def answer(conversation: Sequence[Said]) -> str:
    """The Markdown answer to the last thing a user said, in that message's language.

    The same conversation gives the same answer; the same question asked again gives another one.
    """
    questions = by("user", conversation)[-MAX_QUESTIONS:]
    language = language_of(questions)
    topics = _topics(questions) or ["greeting"]
    topic, turn = topics[-1], len(topics)
    if topic == "repeat":
        return memory.repeated(conversation, language, turn)
    if topic == "summary":
        return memory.summarised(questions[:-1], language, turn)
    asked_before = topics.count(topic) - 1
    text = _tour(language, asked_before) if topic == "long" else _nth(language, topic, asked_before)
    return text if topic in _WITHOUT_OFFER else f"{text}\n\n{_offer(language, topic, turn)}"


def _topics(questions: Sequence[str]) -> list[str]:
    """The topic of each question; a mere “go on” stays with the topic before it."""
    found: list[str] = []
    for topic in map(topic_of, questions):
        found.append(topic if topic != "more" else found[-1] if found else "help")
    return found


def _nth(language: Language, topic: str, n: int) -> str:
    variants = texts(language, topic)
    return variants[n % len(variants)]


def _tour(language: Language, n: int) -> str:
    parts = [_nth(language, topic, n) for topic in TOUR]
    return "\n\n---\n\n".join([_nth(language, "long", n), *parts, _nth(language, "long end", n)])


def _offer(language: Language, topic: str, turn: int) -> str:
    first, second = offered(language, topic, turn)
    return _nth(language, "next", turn).replace("{a}", first).replace("{b}", second)
