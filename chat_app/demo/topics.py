"""Which topic a question is about, and which ones to offer next."""

import re

from chat_app.demo.language import Language
from chat_app.demo.vocabulary import MANNERS, REQUESTS, SUBJECTS, Topic

MAX_READ_CHARS = 600

# Whom a message is addressed to says nothing about its topic.
_HANDLE = re.compile(r"@(?!mention|提)[\w-]+")


def topic_of(question: str) -> str:
    """The name of the topic that `question` is about; `fallback` where no word is known."""
    message = _HANDLE.sub(" ", question[:MAX_READ_CHARS])
    requested = [topic.name for topic in REQUESTS if topic.words.search(message)]
    if requested:
        return requested[0]
    subject = max(SUBJECTS, key=lambda topic: _hits(topic, message))
    if _hits(subject, message):
        return subject.name
    return next((topic.name for topic in MANNERS if topic.words.search(message)), "fallback")


def offered(language: Language, current: str, turn: int) -> tuple[str, str]:
    """Two subjects to go on with, other than `current`; different ones at every turn."""
    labels = [t.labels[language] for t in SUBJECTS if t.labels and t.name != current]
    return labels[2 * turn % len(labels)], labels[(2 * turn + 1) % len(labels)]


def _hits(topic: Topic, message: str) -> int:
    return len({match.group().lower() for match in topic.words.finditer(message)})
