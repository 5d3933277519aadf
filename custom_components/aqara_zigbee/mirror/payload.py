"""Values in Zigbee2MQTT's format and back; JSON with limits."""

import json
from math import isfinite
from typing import Any, assert_never

from ..core.limits import is_number
from ..core.property import (
    TOGGLE,
    Action,
    Binary,
    Enum,
    Numeric,
    Row,
    Scalar,
    Text,
    Wish,
)
from ..core.source import whole

type Json = Any
"""A JSON value."""

LONGEST = 65_536
"""Maximum octets of a message."""

DEEPEST = 16
"""Maximum nesting of a message."""

LONGEST_ECHO = 500
"""Maximum characters of a request that are repeated in answers and logs."""

_BOOLEANS: dict[object, bool] = {"true": True, "on": True, "false": False, "off": False}


class UnreadableError(ValueError):
    """The message is not JSON, or exceeds a limit."""


class TooMuchError(UnreadableError):
    """The JSON has numbers out of range or is nested too deeply."""


class InvalidValueError(ValueError):
    """The value is not valid for a property; the text is Zigbee2MQTT's."""


def dump(content: Json) -> str:
    """Return JSON with sorted keys and no blanks (protocol 6.2)."""
    options: dict[str, Any] = {"sort_keys": True, "separators": (",", ":"), "allow_nan": False}
    text = json.dumps(content, ensure_ascii=False, **options)
    if not text.isascii() and not _is_utf8(text):
        return json.dumps(content, **options)  # a lone surrogate, repeated from a request
    return text


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def load(text: str) -> Json:
    """Read JSON.

    Integers beyond 64 bits become floating-point numbers, as in JavaScript.

    Raises:
        TooMuchError: it is too long, nested too deeply, or has numbers that a double cannot
            represent.
        UnreadableError: it is not JSON.
    """
    if len(text) > LONGEST:
        raise TooMuchError("too long")
    content = _read(text)
    if not _is_bounded(content):
        raise TooMuchError("numbers are too large, or nested too deep")
    return content


def load_member(text: str, name: str) -> dict[str, Json]:
    """Return one member of an object that exceeds the limits; nothing if the member does, too."""
    try:
        content = _read(text)
    except UnreadableError:
        return {}
    if not isinstance(content, dict) or name not in content or not _is_bounded(content[name]):
        return {}
    return {name: content[name]}


def _read(text: str) -> Json:
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_int=_integer)
    except RecursionError:
        raise TooMuchError("nested too deep") from None
    except ValueError as error:
        raise UnreadableError(str(error)) from error


def _refuse_constant(name: str) -> None:
    raise UnreadableError(f"{name} is not JSON")


def _integer(digits: str) -> int | float:
    return number if len(digits) < 20 and is_number(number := int(digits)) else float(digits)


def _is_bounded(content: Json) -> bool:
    """Whether it is not nested too deeply and its numbers are finite."""
    layer = [content]
    for _ in range(DEEPEST + 1):
        if not all(isfinite(found) for found in layer if isinstance(found, float)):
            return False
        holders = [found for found in layer if isinstance(found, dict | list)]
        if not holders:
            return True
        layer = [item for found in holders for item in _items(found)]
    return False


def shortened(text: str) -> str:
    """Return a text of at most `LONGEST_ECHO` characters."""
    return text if len(text) <= LONGEST_ECHO else f"{text[:LONGEST_ECHO]}…"


def _items(content: dict[str, Json] | list[Json]) -> list[Json]:
    return list(content.values()) if isinstance(content, dict) else content


def spell(row: Row, value: Scalar) -> Json:
    """Return a property's value for a message; None is null."""
    if value is None:
        return None
    match row:
        case Binary():
            return row.on if value else row.off
        case Numeric():
            return _number(value)
        case Enum() | Text() | Action():
            return value
        case _:
            assert_never(row)


def _number(value: Scalar) -> Scalar:
    """Return whole numbers without a fraction, zero without a sign (protocol 0.5)."""
    return whole(value) if isinstance(value, float) and isfinite(value) else value


def parse(row: Row, value: Json) -> Wish:
    """Return the wish for a property from a message.

    Raises:
        InvalidValueError: it is not one of its values.
    """
    match row:
        case Binary() if isinstance(row.on, str):
            return _switch(row, value)
        case Binary():
            return _boolean(value)
        case Enum():
            return _word(row, value)
        case Numeric():
            if isinstance(value, int | float) and not isinstance(value, bool):
                return value
            raise InvalidValueError(f"{dump(value)} is not a number")
        case Text() | Action():
            raise InvalidValueError(f"{row.name} cannot be set")
        case _:
            assert_never(row)


def _switch(row: Binary, value: Json) -> Wish:
    """Return a contact's wish: a text, whatever its case; no booleans or numbers (protocol 6.4)."""
    wishes: dict[object, Wish] = {} if row.toggle is None else {"toggle": TOGGLE}
    wishes |= {str(row.off).lower(): False, str(row.on).lower(): True}
    word = value.lower() if isinstance(value, str) else "null"
    if word in wishes:
        return wishes[word]
    raise InvalidValueError(f"'{word}' not allowed, choose between: {','.join(map(str, wishes))}")


def _boolean(value: Json) -> Wish:
    """Return a wish from a boolean, 0, 1, or a text that can only mean one of them.

    Zigbee2MQTT accepts everything that is truthy in JavaScript, even the text "false"
    (protocol 4.3).
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    word = value.lower() if isinstance(value, str) else dump(value)
    if word in _BOOLEANS:
        return _BOOLEANS[word]
    raise InvalidValueError(f"'{word}' not allowed, choose between: false,true")


def _word(row: Enum, value: Json) -> Wish:
    """Return the row's value, whatever its case in the message."""
    if value in row.values:
        return str(value)
    word = value.lower() if isinstance(value, str) else dump(value)
    for known in row.values:
        if known.lower() == word:
            return known
    raise InvalidValueError(f"Key '{word}' not found in: [{', '.join(row.values)}]")
