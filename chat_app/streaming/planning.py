"""Reads from the store what a run needs: whom to ask, and what to tell the model."""

from collections.abc import Callable
from typing import Any

from chat_app.errors import NoAgent, ProviderNotConfigured
from chat_app.providers.values import Endpoint, ModelRequest
from chat_app.provisioning.addresses import address
from chat_app.remote.values import Address
from chat_app.store.agents import AgentRow
from chat_app.store.attachments import contents_of
from chat_app.store.base import now
from chat_app.store.channels import ChannelRow
from chat_app.store.db import Session
from chat_app.store.messages import MessageRow, history_before
from chat_app.store.projects import ProjectRow
from chat_app.store.providers import ProviderRow
from chat_app.store.runs import RunRow
from chat_app.store.secrets import Cipher, Unreadable
from chat_app.streaming import attached, history, remote_plan
from chat_app.streaming.attached import Attached
from chat_app.streaming.history import Said
from chat_app.streaming.remote_plan import RemotePlan
from chat_app.streaming.turn import Plan
from chat_app.toolbox.offer import Offer


class Planner:
    """Makes plans. `demo_url` gives the address at which the demo model listens, `offer` the tools
    that a run may use.
    """

    def __init__(
        self,
        cipher: Cipher,
        demo_url: Callable[[], str],
        offer: Callable[[Session, RunRow], Offer],
    ) -> None:
        self._cipher = cipher
        self._demo_url = demo_url
        self._offer = offer

    def plan(self, session: Session, run: RunRow) -> Plan | RemotePlan:
        """What to ask the model; or for an agent of kind `remote`, and a run of a project itself,
        what to follow.

        Raises `NoAgent` or `ProviderNotConfigured` when either went away since the question, and
        what `remote_plan` raises.
        """
        channel = session.get(ChannelRow, run.channel_id)
        question = session.get(MessageRow, run.question_id)
        agent = session.get(AgentRow, run.agent_id) if run.agent_id else None
        if channel is None or question is None:
            raise NoAgent
        if agent is None or agent.is_remote:
            task = remote_plan.task_of(session, run, channel, question, agent)
            return remote_plan.plan(session, self._cipher, task)
        model = agent.effective_model
        if agent.provider is None or not model or not agent.can_answer:
            raise ProviderNotConfigured
        request = ModelRequest(
            model=model,
            messages=_messages(session, channel, agent, question),
            temperature=agent.temperature,
            max_tokens=agent.max_tokens,
        )
        return Plan(self.endpoint(agent.provider), request, self._offer(session, run))

    def endpoint(self, provider: ProviderRow) -> Endpoint:
        """Where and with which key a provider is reached. Raises `ProviderNotConfigured`."""
        return Endpoint(
            base_url=self._demo_url() if provider.is_demo else provider.base_url,
            api_key=self._key(provider),
            connect_timeout_s=provider.connect_timeout_s,
            read_timeout_s=provider.read_timeout_s,
            write_timeout_s=provider.write_timeout_s,
        )

    def ai_server(self, project: ProjectRow) -> Address:
        """Where and with which token a project's AI server is reached. Raises
        `AIServerUnavailable`.
        """
        return address(project, self._cipher)

    def _key(self, provider: ProviderRow) -> str | None:
        if provider.api_key_encrypted is None:
            return None
        try:
            return self._cipher.decrypt(provider.api_key_encrypted)
        except Unreadable as error:
            raise ProviderNotConfigured(
                "The provider's key cannot be read with this SECRET_KEY. Set the key again."
            ) from error


def _messages(
    session: Session, channel: ChannelRow, agent: AgentRow, question: MessageRow
) -> list[dict[str, Any]]:
    variables = {
        "agent": agent.name,
        "channel": channel.title,
        "date": now().date().isoformat(),
    }
    before = history_before(session, channel.id, question, history.MAX_MESSAGES)
    contents = contents_of(session, attached.wanted([files for *_, files in before]))
    said = [
        Said(role, author, body, calls, [_attached(file, contents) for file in files])
        for role, author, body, calls, files in before
    ]
    system = history.fill(agent.system_prompt, variables)
    if channel.project_id is not None:
        project = session.get(ProjectRow, channel.project_id)
        context = _context(project, variables) if project else ""
        system = "\n\n".join(filter(None, (system, context)))
    return history.messages(system, said)


def _context(project: ProjectRow, variables: dict[str, str]) -> str:
    return history.fill(project.context, variables | {"project": project.name})


def _attached(file: dict[str, Any], contents: dict[int, bytes]) -> Attached:
    return Attached(file["name"], file["media_type"], contents.get(file["id"]))
