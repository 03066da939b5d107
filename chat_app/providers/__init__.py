"""Talks to OpenAI-compatible model providers; the only room that knows `openai` and `httpx2`."""

from chat_app.providers.client import Providers
from chat_app.providers.values import (
    Endpoint,
    Finish,
    ModelRequest,
    Part,
    ProviderCheck,
    Reasoning,
    Text,
    ToolCallPart,
    Usage,
)

__all__ = [
    "Endpoint",
    "Finish",
    "ModelRequest",
    "Part",
    "ProviderCheck",
    "Providers",
    "Reasoning",
    "Text",
    "ToolCallPart",
    "Usage",
]
