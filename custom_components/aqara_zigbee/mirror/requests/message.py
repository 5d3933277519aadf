"""The contents of a bridge request."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..payload import Json, TooMuchError, UnreadableError, load, load_member

type Message = Mapping[str, Any]
"""A request's members; a plain word or number has the key ''."""

type Data = dict[str, Json]
type Answer = Callable[[Message], Awaitable[Data]]


class RequestError(ValueError):
    """A failed request; the text is the response's ``error``."""


class UnreadableRequestError(RequestError):
    """An unreadable request.

    Attributes:
        message: its members that the response needs.
    """

    def __init__(self, message: Message) -> None:
        super().__init__("Invalid payload")
        self.message = message


def read_message(payload: str) -> Message:
    """Return a request from its payload, which may be a plain word or empty.

    Raises:
        UnreadableRequestError: it exceeds a limit.
    """
    try:
        content = load(payload)
    except TooMuchError:
        raise UnreadableRequestError(load_member(payload, "transaction")) from None
    except UnreadableError:
        content = payload
    return content if isinstance(content, dict) else {"": content}


def said(message: Message, key: str) -> Json:
    """Return a member, or the plain word that stands for it."""
    return message.get(key, message.get(""))
