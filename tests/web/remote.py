"""A project with an AI server that plays plans, for tests of pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chat_app.services import projects, remote_runs, users
from tests.faults.ai_server import AiServer
from tests.faults.remote.plan import Plan
from tests.houses import House
from tests.streaming.remote import project
from tests.streaming.runs import wait_until
from tests.web.visitor import Visitor


@dataclass(frozen=True)
class Site:
    """Ada's project, its number, and what is behind it."""

    house: House
    server: AiServer
    id: int

    @property
    def path(self) -> str:
        return f"/settings/projects/{self.id}"

    def begun(self, plan: Plan) -> str:
        """The public id of a new run of Ada's that plays the plan."""
        run = remote_runs.start(self.house.rt, users.operator(self.house.rt), self.id, plan.spec)
        return run.run_id

    def ended(self, plan: Plan) -> str:
        """The same, once it has ended."""
        run_id = self.begun(plan)
        self.wait(run_id)
        return run_id

    def wait(self, run_id: str) -> None:
        """Until the run has ended."""
        person = users.operator(self.house.rt)
        place = (self.house.rt, person, self.id, run_id)
        wait_until(lambda: not remote_runs.get(*place).is_live)

    def join(self, ada: Visitor, email: str = "member@example.com") -> None:
        """Make somebody a member, by the form."""
        ada.get(self.path)
        answer = ada.submit(f"{self.path}/members", email=email)
        assert answer.status_code == 303, answer.text


@contextmanager
def site(house: House, status: str = "READY") -> Iterator[Site]:
    with AiServer() as server:
        made = Site(house, server, project(house.rt, server.url, status=status, name="Lighthouse"))
        yield made
        projects.delete(house.rt, users.operator(house.rt), made.id)
