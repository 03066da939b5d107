"""How every command ends: as it should, or in one line that says why not."""

from collections.abc import Callable
from functools import wraps
from typing import IO, Any

import click
from flask.cli import AppGroup

from chat_app import current
from chat_app.errors import HoldfastError
from chat_app.services import schema

Command = Callable[..., Any]


class Refused(click.ClickException):
    """`error_code: sentence` on stderr, exit status 1."""

    def __init__(self, error: HoldfastError) -> None:
        super().__init__(f"{error.error_code}: {error.message}")

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.message, file=file, err=True)


class Commands(AppGroup):
    """A group of commands on one noun. They need a migrated database unless told otherwise."""

    def __init__(self, name: str, help: str, needs_schema: bool = True) -> None:
        super().__init__(name, help=help)
        self._needs_schema = needs_schema

    def command(  # type: ignore[override]
        self, *args: Any, **kwargs: Any
    ) -> Callable[[Command], click.Command]:
        add = super().command(*args, **kwargs)
        return lambda command: add(self._ending_well(command))

    def _ending_well(self, command: Command) -> Command:
        @wraps(command)
        def run(*args: Any, **kwargs: Any) -> None:
            rt = current.runtime()
            rt.engine.leave_to_others()  # this process ends before an answer would
            try:
                if self._needs_schema:
                    schema.check_migrated(rt)
                command(*args, **kwargs)
            except HoldfastError as error:
                raise Refused(error) from error
            finally:
                rt.tool_client.close()  # what it started ends with the command

        return run
