"""Files in messages and in the composer: what the pages show of them, and what forms bring."""

from flask import request

from chat_app import access, current
from chat_app.services import attachments
from chat_app.services.attachments import AttachmentRow
from chat_app.streaming import opening

# As large as an image is shown; the page keeps this place free until it has come.
SHOWN_MAX_PX = (384, 320)


def box(width: int, height: int) -> tuple[int, int]:
    """The size in which an image is shown, in pixels: its own, or scaled down to fit."""
    scale = min(1, SHOWN_MAX_PX[0] / width, SHOWN_MAX_PX[1] / height)
    return max(round(width * scale), 1), max(round(height * scale), 1)


class Files:
    """The files of the composer's form: those that it names, since they were uploaded before, and
    those that come in it.
    """

    def __init__(self) -> None:
        refs = request.form.getlist("attachment")
        self._named = [id for ref in refs if (id := access.number(ref)) is not None]
        # A field in which nothing was chosen comes all the same.
        self._coming = [file for file in request.files.getlist("files") if file.filename]
        self._uploaded: list[AttachmentRow] = []

    def take_in(self) -> None:
        """Upload those that come. Raises what `attachments.upload` does; those before are kept."""
        opening.check_files(len(self._named) + len(self._coming))
        for file in self._coming:
            person, name = current.person(), file.filename or ""
            row = attachments.upload(current.runtime(), person, name, file.read())
            self._uploaded.append(row)

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys([*self._named, *(row.id for row in self._uploaded)]))

    @property
    def marks(self) -> list[str]:
        """What tells these files from others, also when the same form is sent again."""
        return [*map(str, self._named), *(f"{row.name} {row.sha256}" for row in self._uploaded)]

    def unsent(self) -> list[AttachmentRow]:
        """Those that can still be sent."""
        return attachments.unsent(current.runtime(), current.person(), self.ids)

    def throw_away(self) -> None:
        """For a form that was sent twice: its files came twice, too."""
        for row in self._uploaded:
            attachments.discard(current.runtime(), current.person(), row.id)
