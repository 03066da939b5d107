"""Attachments."""

from pydantic import computed_field

from chat_app.api.schemas.base import Out


class AttachmentOut(Out):
    """`size` is in bytes; `width` and `height`, in pixels, are an image's."""

    id: int
    name: str
    media_type: str
    size: int
    width: int | None
    height: int | None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def url(self) -> str:
        return f"/api/attachments/{self.id}"
