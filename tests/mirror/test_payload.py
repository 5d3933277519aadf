"""Values in Zigbee2MQTT's format and back; JSON."""

import json
from typing import Any

import pytest

from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.property import (
    TOGGLE,
    Action,
    Binary,
    Enum,
    Numeric,
    Row,
    Scalar,
    Text,
)
from custom_components.aqara_zigbee.core.source import Lookup
from custom_components.aqara_zigbee.mirror.payload import (
    LONGEST,
    InvalidValueError,
    UnreadableError,
    dump,
    load,
    parse,
    spell,
)

ROWS = [
    pytest.param(row, id=f"{definition.model}-{row.name}")
    for definition in DEFINITIONS.values()
    for action in [definition.action]
    for row in (*definition.properties, *(action.details if action else ()))
]


@pytest.mark.parametrize("row", ROWS)
def test_every_settable_value_is_published_as_set(row: Row) -> None:
    """A settable value is published as it is set."""
    if not row.settable:
        return
    values: tuple[Scalar, ...] = (True, False)
    if isinstance(row, Enum):
        values = row.values
    elif isinstance(row, Numeric):
        values = (row.minimum, row.maximum)
    for value in values:
        assert parse(row, spell(row, value)) == value
        assert json.loads(dump({row.name: spell(row, value)})) == {row.name: spell(row, value)}


@pytest.mark.parametrize(
    ("message", "word"),
    [("OPEN", "OPEN"), ("open", "OPEN"), ("Stop", "STOP"), ("auto", "auto"), ("Auto", "Auto")],
)
def test_values_in_capitals_can_be_set(message: str, word: str) -> None:
    """Values that differ only in case match exactly if possible."""
    row = Enum("state", lookup=Lookup({0: "OPEN", 1: "CLOSE", 2: "STOP", 3: "auto", 4: "Auto"}))
    assert parse(row, message) == word
    with pytest.raises(InvalidValueError, match="Key 'halt' not found in"):
        parse(row, "HALT")


@pytest.mark.parametrize("row", ROWS)
def test_unknown_is_null(row: Row) -> None:
    assert spell(row, None) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.0, "12"),
        (-0.0, "0"),
        (3.3333332538604736, "3.3333332538604736"),
        (-24, "-24"),
        (36.61, "36.61"),
    ],
)
def test_whole_numbers_have_no_fraction(value: float, text: str) -> None:
    assert dump(spell(Numeric("x"), value)) == text


@pytest.mark.parametrize("word", ["ON", "on", "On"])
def test_switch_values_have_no_case(word: str) -> None:
    assert parse(PLUG["state"], word) is True


def test_toggle() -> None:
    assert parse(PLUG["state"], "toggle") is TOGGLE


PLUG = DEFINITIONS["lumi.plug"]


@pytest.mark.parametrize("value", [True, 1, None, {}, []])
def test_switches_accept_text_only(value: Any) -> None:
    with pytest.raises(
        InvalidValueError, match=r"^'null' not allowed, choose between: toggle,off,on$"
    ):
        parse(PLUG["state"], value)


def test_switch_without_toggle() -> None:
    row = Binary("lock", on="UNLOCK", off="LOCK")
    assert parse(row, "unlock") is True
    with pytest.raises(
        InvalidValueError, match=r"^'toggle' not allowed, choose between: lock,unlock$"
    ):
        parse(row, "TOGGLE")


@pytest.mark.parametrize(
    ("value", "wish"),
    [(True, True), (False, False), (1, True), (0, False), ("false", False), ("ON", True)],
)
def test_booleans(value: Any, wish: object) -> None:
    """The text "false" is not true, unlike in Zigbee2MQTT."""
    assert parse(PLUG["power_outage_memory"], value) is wish


@pytest.mark.parametrize("value", ["maybe", 2, 0.5, None, [True]])
def test_invalid_booleans(value: Any) -> None:
    with pytest.raises(InvalidValueError, match="not allowed, choose between: false,true"):
        parse(PLUG["power_outage_memory"], value)


def test_values() -> None:
    row = DEFINITIONS["lumi.remote.rkba01"]["sensitivity"]
    assert parse(row, "HIGH") == "high"
    with pytest.raises(InvalidValueError, match=r"^Key '5' not found in: \[low, medium, high\]$"):
        parse(row, 5)


def test_numbers() -> None:
    assert parse(Numeric("x"), 2.5) == 2.5
    for value in (True, "2"):
        with pytest.raises(InvalidValueError, match="is not a number"):
            parse(Numeric("x"), value)


@pytest.mark.parametrize("row", [Text("x"), Action("x", values=())])
def test_invalid_values(row: Row) -> None:
    with pytest.raises(InvalidValueError):
        parse(row, "x")


def test_dump_sorts_and_is_compact() -> None:
    assert dump({"b": 1, "a": [True, None, "°C"]}) == '{"a":[true,null,"°C"],"b":1}'


def test_lone_surrogates_are_escaped() -> None:
    """A request can have an escaped surrogate, and its response must still be UTF-8."""
    assert dump({"transaction": load('"\\ud800"')}) == '{"transaction":"\\ud800"}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "on",
        "NaN",
        '{"a":Infinity}',
        "[" * 100_000,
        "[" * 17 + "]" * 17,
        "1" * 5000,
        "1e400",
        "[-1e400]",
        '"' + "x" * LONGEST + '"',
    ],
    ids=str.__len__,
)
def test_unreadable(text: str) -> None:
    with pytest.raises(UnreadableError):
        load(text)


def test_sixteen_levels_are_read() -> None:
    assert load("[" * 16 + "]" * 16)
    assert load('{"a":{"b":[1]}}') == {"a": {"b": [1]}}
