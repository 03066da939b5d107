"""Commands for operators: `flask --app wsgi …`. They call services."""

from flask import Flask

from chat_app.cli import db

GROUPS = (db.group,)


def install(app: Flask) -> None:
    for group in GROUPS:
        app.cli.add_command(group)
