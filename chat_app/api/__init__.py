"""The JSON and Server-Sent-Event doors: parse, call one service, answer."""

from flask import Flask

from chat_app.api import (
    agent_chat,
    agents,
    attachments,
    auth,
    channels,
    health,
    invitations,
    messages,
    presence,
    project_runs,
    project_tools,
    projects,
    providers,
    runs,
    session_socket,
    sessions,
    tool_logins,
    tool_servers,
    tools,
    workspaces,
)

ROOMS = (
    agent_chat,
    agents,
    attachments,
    auth,
    channels,
    health,
    invitations,
    messages,
    presence,
    project_runs,
    project_tools,
    projects,
    providers,
    runs,
    session_socket,
    sessions,
    tool_logins,
    tool_servers,
    tools,
    workspaces,
)


def install(app: Flask) -> None:
    for room in ROOMS:
        app.register_blueprint(room.bp)
