"""Commands for operators: `flask --app wsgi …`. They call services."""

from flask import Flask

from chat_app.cli import (
    agents,
    channels,
    db,
    docs,
    mcp,
    projects,
    providers,
    runs,
    tokens,
    users,
)
from chat_app.cli.doctor import doctor
from chat_app.cli.stream_check import stream_check

COMMANDS = (
    agents.group,
    channels.group,
    db.group,
    docs.group,
    doctor,
    mcp.group,
    projects.group,
    providers.group,
    runs.group,
    stream_check,
    tokens.group,
    users.group,
)


def install(app: Flask) -> None:
    for command in COMMANDS:
        app.cli.add_command(command)
