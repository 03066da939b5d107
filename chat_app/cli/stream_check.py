"""`flask stream-check`: does a whole installation bring the log of a run from end to end?

It is a client like any other: it needs an address and somebody to sign in as, and neither the
database nor the settings of what it checks.
"""

import json
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Never

import click

from chat_app.cli import params, printing
from chat_app.cli.advice import Trouble
from chat_app.cli.distant import Installation, Item
from chat_app.cli.watching import Tally, Watching, verdict
from chat_app.remote.values import Sent

TIMEOUT_MAX_S = 86_400.0
URL = params.Text(
    500, r"https?://[^\s/?#@]+(/[^\s?#]*)?", "an address such as https://chat.example.com"
)
SPEC = params.Text(100_000)


@click.command("stream-check")
@click.option(
    "--url",
    type=URL,
    default="http://127.0.0.1:8000",
    show_default=True,
    envvar="HOLDFAST_URL",
    help="Where Holdfast is.",
)
@click.option("--email", envvar="HOLDFAST_EMAIL", help="Who signs in.")
@click.option("--password", envvar="HOLDFAST_PASSWORD", help="Asked for if absent.")
@click.option("--token", envvar="HOLDFAST_TOKEN", help="Instead of email and password.")
@click.option("--project", help="Its id or name; the only one if there is one.")
@click.option("--spec", type=SPEC, help="What the run is to do; else the project's own.")
@click.option("--run", "run_id", help="Watch this run instead of starting one.")
@click.option(
    "--timeout",
    "timeout_s",
    type=params.Number(1, TIMEOUT_MAX_S),
    default=300.0,
    show_default=True,
    help="Seconds in which the run has to end.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document a line.")
@click.pass_context
def stream_check(
    context: click.Context, /, url: str, timeout_s: float, as_json: bool, **options: str | None
) -> None:
    """Run something on a project's AI server and watch it: each event as it arrives.

    Asks for what is not given, at a terminal; elsewhere that is an error. The exit status is 0
    only if it connected, saw a log and the last status, and the run ended DONE.
    """
    if options["spec"] and options["run_id"]:
        raise click.UsageError("--spec starts a run and --run watches one: give one of them.")
    report = Report(as_json)
    installation = Installation(url)
    try:
        trouble = Check(installation, report, options).run(timeout_s)
    except Trouble as raised:
        trouble = raised
    finally:
        installation.close()
    report.end(trouble)
    context.exit(1 if trouble else 0)


class Report:
    """What is printed: lines for a person, or a JSON document for each."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._began = time.monotonic()
        self.tally = Tally()
        self.has_watched = False
        self.status: str | None = None  # of the run that was watched

    def step(self, step: str, sentence: str, /, **fields: Any) -> None:
        """Something was done: `fields` in JSON, the sentence for a person."""
        if self._as_json:
            click.echo(json.dumps({"at": _now(), "step": step, **fields}, ensure_ascii=False))
        else:
            click.echo(printing.plain(sentence))

    def event(self, sent: Sent) -> None:
        data = sent.data.replace("\n", "⏎").replace("\t", "    ")
        line = f"{_clock()}  {sent.event:<9}  {data}"
        self.step("event", line, kind=sent.event, id=sent.id, data=sent.data)

    def cut(self, reason: str) -> None:
        self.step("cut", f"{_clock()}  -- cut --  {reason} Coming back.", reason=reason)

    def end(self, trouble: Trouble | None) -> None:
        """The sum and the verdict: what is wrong goes to stderr, and what may help."""
        if self._as_json:
            self._end_for_programs(trouble)
        elif self.has_watched:
            state, seconds = self.status or "unknown", time.monotonic() - self._began
            click.echo(f"{self.tally.sentence} Final state: {state}, after {seconds:.1f} s.")
        if trouble:
            click.echo(printing.plain(f"NOT WELL  {trouble.problem}"), err=True)
            click.echo(printing.plain(f"          {trouble.advice}"), err=True)
        elif not self._as_json:
            click.echo("WELL")

    def _end_for_programs(self, trouble: Trouble | None) -> None:
        wrong = {"problem": trouble.problem, "advice": trouble.advice} if trouble else {}
        tally = self.tally
        seen = {"events": tally.events, "counts": dict(tally.counts), "cuts": tally.cuts}
        self.step("end", "", ok=trouble is None, status=self.status, **seen, **wrong)


class Check:
    """The steps of one check. They raise Trouble, and UsageError where nobody can be asked."""

    def __init__(
        self, installation: Installation, report: Report, options: dict[str, str | None]
    ) -> None:
        self._there = installation
        self._report = report
        self._options = options

    def run(self, timeout_s: float) -> Trouble | None:
        """What is wrong with the run that was watched, if anything is."""
        self._there.look()
        self._report.step("connected", f"Holdfast is at {self._there.url}.", url=self._there.url)
        self._sign_in()
        project = self._project()
        run = self._begin(project)
        watching = Watching(
            self._there,
            project["id"],
            run["run_id"],
            timeout_s,
            self._report.event,
            self._report.cut,
        )
        self._report.tally, self._report.has_watched = watching.tally, True
        try:
            watching.watch()
        except Trouble:
            with suppress(Trouble):  # the first one says more
                self._look(project, run)
            raise
        return verdict(watching.tally, self._look(project, run))

    def _look(self, project: Item, run: Item) -> Item:
        """The run as it is now."""
        run = self._there.run(project["id"], run["run_id"])
        self._report.status = run["status"]
        return run

    def _sign_in(self) -> None:
        if token := self._options["token"]:
            self._there.use(token)
        else:
            email = self._given("email", "Email")
            self._there.sign_in(email, self._given("password", "Password", is_secret=True))
        email = self._there.me()["email"]
        self._report.step("signed_in", f"Signed in as {email}.", email=email)

    def _project(self) -> Item:
        projects = self._there.projects()
        if not projects:
            raise Trouble(
                "This person sees no project.",
                "Make one with the address of an AI server, or be made a member of one.",
            )
        asked = self._options["project"]
        if asked is None and len(projects) > 1:
            lines = [f"  {one['id']:>4}  {one['name']}  ({one['status']})" for one in projects]
            self._say("\n".join(lines))
            asked = self._given("project", "Project")
        found = [one for one in projects if asked is None or asked in _names(one)]
        if len(found) != 1:
            names = ", ".join(f"{one['id']} {one['name']}" for one in projects)
            raise Trouble(
                f"There are {len(found)} projects {asked} for this person.",
                f"Name one of these by its number: {names}.",
            )
        (project,) = found
        fields = {name: project[name] for name in ("id", "public_id", "name", "status")}
        sentence = f"Project {project['id']}: {project['name']}, {project['status']}."
        self._report.step("project", sentence, **fields)
        return project

    def _begin(self, project: Item) -> Item:
        run_id, spec = self._options["run_id"], self._options["spec"]
        if not (run_id or spec) and _can_ask():
            run_id = _ask("Run to watch (Enter starts a new one)", default="") or None
        if run_id:
            run = self._there.run(project["id"], run_id)
            self._report.step("run", f"Watching run {run['run_id']}, {run['status']}.", **run)
            return run
        if not spec and not project["spec"]:
            spec = self._given("spec", "What is it to do")
        run = self._there.start(project["id"], spec)
        self._report.step("run", f"Started run {run['run_id']}.", **run)
        return run

    def _given(self, name: str, question: str, is_secret: bool = False) -> str:
        """What an option says, or else the person at the terminal."""
        if given := self._options[name]:
            return given
        if not _can_ask():
            _missing(name)
        return _ask(question, is_secret=is_secret)

    def _say(self, text: str) -> None:
        """What belongs to a question: beside the output, which may be JSON."""
        click.echo(printing.plain(text), err=True)


def _can_ask() -> bool:
    return sys.stdin.isatty()


def _ask(question: str, default: str | None = None, is_secret: bool = False) -> str:
    answer = click.prompt(
        question, default=default, show_default=False, hide_input=is_secret, err=True
    )
    return str(answer)


def _missing(name: str) -> Never:
    raise click.UsageError(f"Give --{name}: nobody is there to ask.")


def _names(project: Item) -> tuple[str, ...]:
    return str(project["id"]), project["public_id"], project["name"]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _clock() -> str:
    return f"{datetime.now():%H:%M:%S.%f}"[:-3]
