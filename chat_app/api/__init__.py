"""The JSON and Server-Sent-Event doors: parse, call one service, answer."""

from flask import Flask

from chat_app.api import (
    agent_chat,
    agents,
    auth,
    channels,
    health,
    messages,
    providers,
    runs,
    session_socket,
    sessions,
)

ROOMS = (
    agent_chat,
    agents,
    auth,
    channels,
    health,
    messages,
    providers,
    runs,
    session_socket,
    sessions,
)


def install(app: Flask) -> None:
    for room in ROOMS:
        app.register_blueprint(room.bp)
