"""Values in Zigbee2MQTT's words and back, and JSON as it writes and as we dare to read it."""

import json
from math import isfinite
from typing import Any, assert_never

from ..core.codec import whole
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

type Json = Any
"""What JSON can carry."""

LONGEST = 65_536
"""Octets of a message we obey."""

DEEPEST = 16
"""Levels of nesting in a message we read."""

_BOOLEANS: dict[object, bool] = {"true": True, "on": True, "false": False, "off": False}


class UnreadableError(ValueError):
    """A message that is no JSON, or too much of it."""


class RefusedError(ValueError):
    """A value that a property does not know, in Zigbee2MQTT's words."""


def dump(content: Json) -> str:
    """JSON with sorted keys and no blanks (contract 6.2)."""
    options: dict[str, Any] = {"sort_keys": True, "separators": (",", ":"), "allow_nan": False}
    text = json.dumps(content, ensure_ascii=False, **options)
    if not text.isascii() and not _is_utf8(text):
        return json.dumps(content, **options)  # half a surrogate pair, echoed from a request
    return text


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def load(text: str) -> Json:
    """Read JSON.

    Raises:
        UnreadableError: it is none, or too long, or nested too deep.
    """
    if len(text) > LONGEST:
        raise UnreadableError("too long")
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(str(error)) from error
    if _depth(content) > DEEPEST:
        raise UnreadableError("nested too deep")
    return content


def _refuse_constant(name: str) -> None:
    raise UnreadableError(f"{name} is no JSON")


def _depth(content: Json) -> int:
    """How many objects and lists lie in each other, counted layer by layer so that nothing recurses."""
    depth, layer = 0, [content]
    while layer := [found for found in layer if isinstance(found, dict | list)]:
        depth += 1
        layer = [item for found in layer for item in _items(found)]
    return depth


def _items(content: dict[str, Json] | list[Json]) -> list[Json]:
    return list(content.values()) if isinstance(content, dict) else content


def spell(row: Row, value: Scalar) -> Json:
    """A property's value as a message carries it; None is null."""
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
    """Whole numbers without a fraction, zero without a sign (contract 0.5)."""
    return whole(value) if isinstance(value, float) and isfinite(value) else value


def parse(row: Row, value: Json) -> Wish:
    """What a message wishes for a property.

    Raises:
        RefusedError: it is none of its values.
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
            raise RefusedError(f"{dump(value)} is no number")
        case Text() | Action():
            raise RefusedError(f"{row.name} cannot be set")
        case _:
            assert_never(row)


def _switch(row: Binary, value: Json) -> Wish:
    """A word, whatever its case; booleans and numbers are none (contract 6.4)."""
    words: dict[object, Wish] = {} if row.toggle is None else {"toggle": TOGGLE}
    words |= {str(row.off).lower(): False, str(row.on).lower(): True}
    word = value.lower() if isinstance(value, str) else "null"
    if word in words:
        return words[word]
    raise RefusedError(f"'{word}' not allowed, choose between: {','.join(map(str, words))}")


def _boolean(value: Json) -> Wish:
    """A boolean, 0, 1, or a word that can only mean one of them.

    Zigbee2MQTT takes whatever JavaScript takes for true, the text "false" for one (contract 4.3).
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    word = value.lower() if isinstance(value, str) else dump(value)
    if word in _BOOLEANS:
        return _BOOLEANS[word]
    raise RefusedError(f"'{word}' not allowed, choose between: false,true")


def _word(row: Enum, value: Json) -> Wish:
    word = value.lower() if isinstance(value, str) else dump(value)
    if word in row.values:
        return word
    raise RefusedError(f"Key '{word}' not found in: [{', '.join(row.values)}]")
