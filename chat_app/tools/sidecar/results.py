"""What a tool gave back, made into what a model and a page can take. Pure."""

import re
from typing import Any

import mcp_types as types
import orjson

from chat_app.tools.values import CallResult

MAX_LABEL_CHARS = 300
_MEDIA = re.compile(r"(image|audio)/[A-Za-z0-9.+-]{1,80}")
_SEEN = {"image": "the person sees it", "audio": "the person can hear it"}


def call_result(result: types.CallToolResult, bytes_max: int) -> CallResult:
    """At most `bytes_max` of text, in UTF-8, and as much again of everything else.

    What is left out for its size is named in the text.
    """
    texts, content, left = [], [], bytes_max
    structured, size = _structured(result.structured_content)
    for block in result.content:
        text, item = _block(block)
        if item is not None and (cost := _size(item)) > left:
            text, item = f"{text[:-1].rpartition(';')[0]}; too large to be shown]", None
        elif item is not None:
            left -= cost
            content.append(item)
        texts.append(text)
    text = "\n\n".join(one for one in texts if one)
    if not text and structured is not None:
        text = orjson.dumps(structured).decode()
    return CallResult(
        text=cut(text.replace("\0", ""), bytes_max),
        is_error=result.is_error or False,
        content=tuple(content),
        structured=structured if size <= left else None,
    )


def cut(text: str, bytes_max: int) -> str:
    """The beginning of the text, with a note where it is not all of it."""
    encoded = text.encode(errors="replace")
    if len(encoded) <= bytes_max:
        return encoded.decode()
    note = f"\n\n[Cut: the result had {len(encoded):,} bytes.]"
    room = max(0, bytes_max - len(note))
    return encoded[:room].decode(errors="ignore") + note


def _structured(found: Any) -> tuple[Any, int]:
    """Structured content and its size; None where it is no JSON that we can pass on."""
    try:
        encoded = orjson.dumps(found).replace(rb"\u0000", b"")
        return orjson.loads(encoded), len(encoded)
    except (TypeError, ValueError, RecursionError):
        return None, 0


def _block(block: types.ContentBlock) -> tuple[str, dict[str, Any] | None]:
    """The block's text, and itself where the text cannot say it."""
    match block:
        case types.TextContent():
            return block.text, None
        case types.ImageContent() | types.AudioContent():
            return _media(block.mime_type, block.data, "")
        case types.ResourceLink():
            return _link(block)
        case types.EmbeddedResource(resource=types.TextResourceContents() as resource):
            return f"[Resource: {_label(str(resource.uri))}]\n{resource.text}", None
        case types.EmbeddedResource(resource=types.BlobResourceContents() as resource):
            return _media(resource.mime_type or "", resource.blob, f" {_label(str(resource.uri))}")
    return "", None


def _media(mime_type: str, data: str, name: str) -> tuple[str, dict[str, Any] | None]:
    kb = max(1, round(len(data) * 3 / 4 / 1024))
    found = _MEDIA.fullmatch(mime_type)
    if found is None:
        said = f"[File:{name or ' a file'}, {_label(mime_type) or 'unknown type'}, {kb} KB; "
        return f"{said}it cannot be shown]", None
    kind = found[1]
    text = f"[{kind.capitalize()}:{name} {mime_type}, {kb} KB; {_SEEN[kind]}]"
    return text, {"type": kind, "mime_type": mime_type, "data": data}


def _link(link: types.ResourceLink) -> tuple[str, dict[str, Any]]:
    item = {
        "type": "resource_link",
        "uri": _label(str(link.uri)),
        "name": _label(link.title or link.name),
        "description": _label(link.description or ""),
        "mime_type": _label(link.mime_type or ""),
    }
    about = f": {item['description']}" if item["description"] else ""
    return f"[Link: {item['name']}, {item['uri']}{about}]", item


def _label(text: str) -> str:
    """On one line, and not endless."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line[:MAX_LABEL_CHARS]


def _size(item: dict[str, Any]) -> int:
    return sum(len(str(value).encode()) for value in item.values())
