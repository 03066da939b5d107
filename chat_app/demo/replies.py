"""What the demo says to a request: it calls tools, tells what they gave, or answers by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from chat_app.demo.answers import answer
from chat_app.demo.asked import Asked
from chat_app.demo.language import Language, language_of
from chat_app.demo.received import Received
from chat_app.demo.reports import Outcome, in_line, report
from chat_app.demo.said import Said, by, last_question, since_the_question
from chat_app.demo.texts import texts
from chat_app.demo.wishes import Wish, wishes

# What changes the notes is done one by one, and before they are listed: calls run in parallel.
CHANGES = ("add_note", "delete_note")
NOTES = (*CHANGES, "list_notes")
KB = 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """Text, and the calls to make: `Wish.tool` is the tool's name as the request has it."""

    text: str
    calls: tuple[Wish, ...] = ()


def reply(asked: Asked) -> Reply:
    """The answer to `asked`. The same request gives the same reply."""
    questions = by("user", asked.conversation)
    language = language_of(questions)
    question = last_question(asked.conversation)
    received = _received(question.files, language) if question and question.files else ""
    if question and not question.text.strip():
        return Reply(received)
    done = _outcomes(since_the_question(asked.conversation))
    due = _due(_possible(questions, asked.tools), done)
    if due:
        calls = tuple(due if asked.parallel else due[:1])
        return Reply(_looking(language, calls, is_first=not done), calls)
    if done:
        text = report(done, questions[-1] if questions else "", language)
    else:
        text = answer(asked.conversation)
    return Reply("\n\n".join(filter(None, (received, text))))


def plain(name: str) -> str:
    """A tool's name without the server's name that is put before it where two collide."""
    return name.rpartition("__")[2]


def _received(files: Sequence[Received], language: Language) -> str:
    """What came with the question."""
    lines = [f"- **{in_line(file.name)}** · {file.media_type} · {_size(file)}" for file in files]
    return texts(language, "told files")[0].replace("{files}", "\n".join(lines))


def _size(file: Received) -> str:
    if file.size_bytes < KB:
        return f"{file.size_bytes} B"
    return f"{file.size_bytes / KB:,.0f} KB"


def _possible(questions: Sequence[str], tools: Sequence[str]) -> list[Wish]:
    """What the last question wants and there is a tool for, under the names in the request."""
    names = {plain(name): name for name in reversed(tools)}
    wanted = wishes(questions[-1]) if questions else []
    return [Wish(names[wish.tool], wish.arguments) for wish in wanted if wish.tool in names]


def _outcomes(turn: Sequence[Said]) -> list[Outcome]:
    """The calls that have been made since the question and what came back, as asked for."""
    results = {said.call_id: said.text for said in turn if said.role == "tool"}
    calls = [call for said in turn for call in said.calls if call.id in results]
    return [Outcome(plain(call.name), call.arguments, results[call.id]) for call in calls]


def _due(wanted: Sequence[Wish], done: Sequence[Outcome]) -> list[Wish]:
    """What to call now: each wish once, whatever came of it."""
    made = [(outcome.tool, outcome.arguments) for outcome in done]
    left = [wish for wish in wanted if (plain(wish.tool), wish.arguments) not in made]
    changes = [wish for wish in left if plain(wish.tool) in CHANGES]
    if not changes:
        return left
    return [changes[0], *(wish for wish in left if plain(wish.tool) not in NOTES)]


def _looking(language: Language, calls: Sequence[Wish], is_first: bool) -> str:
    if not is_first:
        return ""
    tools = {plain(wish.tool) for wish in calls}
    return texts(language, f"look {tools.pop()}" if len(tools) == 1 else "look several")[0]
