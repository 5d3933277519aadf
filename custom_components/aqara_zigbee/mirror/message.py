"""What a request carries and what answers it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .payload import Json, UnreadableError, load

type Message = Mapping[str, Any]
"""A request's members; a bare word or number stands under the key ''."""

type Data = dict[str, Json]
type Answer = Callable[[Message], Awaitable[Data]]


class RequestError(ValueError):
    """A request that is not fulfilled; the text is the response's ``error``."""


def read_message(payload: str) -> Message:
    """A request from its payload, which may be a bare word or nothing."""
    try:
        content = load(payload)
    except UnreadableError:
        content = payload
    return content if isinstance(content, dict) else {"": content}


def said(message: Message, key: str) -> Json:
    """A member, or the bare word that stands for it."""
    return message.get(key, message.get(""))
