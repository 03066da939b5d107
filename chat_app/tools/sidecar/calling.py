"""Makes one call over an open session, and finds the call that a server's question belongs to."""

import asyncio
from collections.abc import Sequence

import mcp_types as types
from mcp.client.session import ClientRequestContext, ClientSession, ElicitationFnT
from mcp.shared.exceptions import MCPError

from chat_app.errors import ToolFailed
from chat_app.tools.sidecar import inputs
from chat_app.tools.sidecar.calls import Call, current
from chat_app.tools.sidecar.http import Trace, trace
from chat_app.tools.sidecar.lister import Lister
from chat_app.tools.sidecar.results import call_result
from chat_app.tools.sidecar.shared import Shared
from chat_app.tools.values import CallResult, InputRequired

# A server may answer "ask again with this state" without a question. It pauses, and ends.
ROUNDS_MAX, ROUND_PAUSE_S = 10, 0.2


async def call_on(
    session: ClientSession, lister: Lister, call: Call, shared: Shared
) -> CallResult | InputRequired:
    """The result, or what a person is asked first. Raises ToolFailed, MCPError and whatever the
    transport raises."""
    call.note = Trace()
    trace.set(call.note)
    current.set(call)
    answers = call.answers
    responses = inputs.responses(answers) if answers is not None else None
    state = answers.state if answers is not None else None
    for _ in range(ROUNDS_MAX):
        result = await _send(session, lister, call, responses, state)
        if isinstance(result, types.CallToolResult):
            call.flush()
            return call_result(result, shared.limits.result_bytes)
        if result.input_requests:
            return inputs.required(result)
        await asyncio.sleep(ROUND_PAUSE_S)
        responses, state = None, result.request_state
    raise ToolFailed("The tool asks to be called again without an end.")


async def _send(
    session: ClientSession,
    lister: Lister,
    call: Call,
    responses: types.InputResponses | None,
    state: str | None,
) -> types.CallToolResult | types.InputRequiredResult:
    for is_last in (False, True):
        try:
            return await session.call_tool(
                call.tool,
                call.args,
                progress_callback=call.on_progress,
                input_responses=responses,
                request_state=state,
                allow_input_required=True,
            )
        except MCPError as fault:
            # 2026-07-28: arguments are mirrored in headers, by a list that may have changed.
            if is_last or fault.code != types.HEADER_MISMATCH:
                raise
            await lister.get(fresh=True)
    raise AssertionError  # the loop returns or raises


def elicited(calls: Sequence[Call]) -> ElicitationFnT:
    """Asks a person on behalf of the call that a server (of before 2026) stopped to ask for.

    Over streamable HTTP the question comes on the call's own stream. Elsewhere nothing says which
    call it is; the oldest one that takes questions is taken.
    """

    async def elicit(
        context: ClientRequestContext, params: types.ElicitRequestParams
    ) -> types.ElicitResult:
        call = current.get() or next((one for one in calls if one.takes_input), None)
        if call is None or not call.takes_input:
            return types.ElicitResult(action="cancel")
        if (request := inputs.form(call.new_key(), params)) is None:
            return types.ElicitResult(action="decline")
        return inputs.answer(await call.ask(request))

    return elicit
