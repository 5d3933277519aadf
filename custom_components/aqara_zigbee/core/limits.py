"""Limits of values in state, options and files: valid JSON of limited size and known members.

Values come from the air, from MQTT, from forms and from files. One that cannot be written would
prevent the others from being written, so values are checked wherever they enter.
"""

from collections.abc import Mapping
from datetime import datetime
from types import UnionType
from typing import Any, TypeIs

from .errors import ConversionError, short

HIGHEST = 2**63 - 1
LOWEST = -(2**63)
"""Minimum of numbers: signed 64 bits, which every JSON reader and SQLite support."""

LONGEST_TEXT = 1000
"""Maximum characters of a text."""

MOST_VALUES = 1000
"""Maximum number of values in a value, including those in lists and objects."""

DEEPEST = 4
"""Maximum nesting of lists and objects."""


class LimitError(ConversionError):
    """The value cannot be stored; the text is the reason."""

    def __init__(self, name: str, value: object, reason: str) -> None:
        super().__init__(name, value)
        self.args = (f"{short(value)} is not a value of {name}: {reason}",)


def is_number(value: object) -> TypeIs[int | float]:
    """Whether it is a finite number in 64 bits; booleans are numbers here, as in Python."""
    return isinstance(value, (int, float)) and LOWEST <= value <= HIGHEST


def is_text(value: object) -> TypeIs[str]:
    """Whether it is a text that is valid UTF-8 and not too long."""
    return isinstance(value, str) and len(value) <= LONGEST_TEXT and not _has_surrogate(value)


def is_moment(text: str) -> bool:
    """Whether it is a time with its time zone in ISO 8601."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


def check(name: str, value: object) -> None:
    """Check that a value can be stored.

    Args:
        name: the name of the value, for the message.
        value: any value.

    Raises:
        LimitError: it cannot be stored.
    """
    if reason := problem_with(value):
        raise LimitError(name, value, reason)


def problem_with(value: object) -> str | None:
    """Return the reason why a value cannot be stored; None if it can."""
    layer, count = [value], 1
    for _ in range(DEEPEST + 1):
        for each in layer:
            if reason := _problem_with_one(each):
                return reason
        layer = [item for each in layer for item in _items(each)]
        count += len(layer)
        if count > MOST_VALUES:
            return f"more than {MOST_VALUES} values"
    return f"nested more than {DEEPEST} levels deep" if layer else None


def _problem_with_one(value: object) -> str | None:
    """Return the reason why a value cannot be stored, regardless of its members."""
    match value:
        case None | bool():
            return None
        case int() | float():
            return None if is_number(value) else "no finite number of 64 bits"
        case str():
            return None if is_text(value) else f"no valid text of up to {LONGEST_TEXT} characters"
        case list() | tuple():
            return None
        case dict() if all(is_text(key) for key in value):
            return None
        case _:
            return "no value of JSON"


def _items(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []


def until_nul(text: str) -> str:
    """Return a text up to its first NUL: some devices pad their names with it (protocol 0.1)."""
    return text.partition("\0")[0]


type Kind = type | UnionType
"""The type of a member of a stored record."""


def known_members(stored: object, **kinds: Kind) -> dict[str, Any]:
    """Return the known members of an object; others, as of a newer version, are ignored.

    Args:
        stored: any JSON value.
        kinds: the types of its members, by name.

    Raises:
        ValueError: it is not an object, or a member is missing or of another type.
    """
    if not isinstance(stored, Mapping):
        raise ValueError("it is not an object")  # noqa: TRY004 - a damaged value, not a wrong call
    for name, kind in kinds.items():
        if not _is_of(kind, stored.get(name)):
            raise ValueError(f"its {name} is missing or damaged")
    return {name: stored[name] for name in kinds}


def known_columns(stored: object, *kinds: Kind) -> list[Any]:
    """Return the first items of a list; others, as of a newer version, are ignored.

    Raises:
        ValueError: it is not a list, or an item is missing or of another type.
    """
    if not isinstance(stored, list) or len(stored) < len(kinds):
        raise ValueError("a row is too short")
    row = stored[: len(kinds)]
    if not all(_is_of(kind, value) for kind, value in zip(kinds, row, strict=True)):
        raise ValueError("a row is damaged")
    return row


def _is_of(kind: Kind, value: object) -> bool:
    return isinstance(value, kind) and (kind is not int or not isinstance(value, bool))
