"""Values in words and back, JSON out and in."""

import json
from typing import Any

import pytest

from custom_components.aqara_zigbee.core.devices import DEFINITIONS
from custom_components.aqara_zigbee.core.property import (
    TOGGLE,
    Action,
    Binary,
    Enum,
    Numeric,
    Row,
    Text,
)
from custom_components.aqara_zigbee.mirror.payload import (
    LONGEST,
    RefusedError,
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
def test_every_settable_value_comes_back(row: Row) -> None:
    """What a property says can be set is what it is told in."""
    if not row.settable:
        return
    values = row.values if isinstance(row, Enum) else (True, False)
    for value in values:
        assert parse(row, spell(row, value)) == value
        assert json.loads(dump({row.name: spell(row, value)})) == {row.name: spell(row, value)}


@pytest.mark.parametrize("row", ROWS)
def test_nothing_known_is_null(row: Row) -> None:
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
def test_switch_words_have_no_case(word: str) -> None:
    assert parse(PLUG["state"], word) is True


def test_toggle() -> None:
    assert parse(PLUG["state"], "toggle") is TOGGLE


PLUG = DEFINITIONS["lumi.plug"]


@pytest.mark.parametrize("value", [True, 1, None, {}, []])
def test_switches_take_words_only(value: Any) -> None:
    with pytest.raises(RefusedError, match=r"^'null' not allowed, choose between: toggle,off,on$"):
        parse(PLUG["state"], value)


def test_switch_without_toggle() -> None:
    row = Binary("lock", on="UNLOCK", off="LOCK")
    assert parse(row, "unlock") is True
    with pytest.raises(RefusedError, match=r"^'toggle' not allowed, choose between: lock,unlock$"):
        parse(row, "TOGGLE")


@pytest.mark.parametrize(
    ("value", "wish"),
    [(True, True), (False, False), (1, True), (0, False), ("false", False), ("ON", True)],
)
def test_booleans(value: Any, wish: object) -> None:
    """The text "false" is not true, as it is for Zigbee2MQTT."""
    assert parse(PLUG["power_outage_memory"], value) is wish


@pytest.mark.parametrize("value", ["maybe", 2, 0.5, None, [True]])
def test_no_boolean(value: Any) -> None:
    with pytest.raises(RefusedError, match="not allowed, choose between: false,true"):
        parse(PLUG["power_outage_memory"], value)


def test_words() -> None:
    row = DEFINITIONS["lumi.remote.rkba01"]["sensitivity"]
    assert parse(row, "HIGH") == "high"
    with pytest.raises(RefusedError, match=r"^Key '5' not found in: \[low, medium, high\]$"):
        parse(row, 5)


def test_numbers() -> None:
    assert parse(Numeric("x"), 2.5) == 2.5
    for value in (True, "2"):
        with pytest.raises(RefusedError, match="is no number"):
            parse(Numeric("x"), value)


@pytest.mark.parametrize("row", [Text("x"), Action("x", values=())])
def test_what_cannot_be_set(row: Row) -> None:
    with pytest.raises(RefusedError):
        parse(row, "x")


def test_dump_sorts_and_is_compact() -> None:
    assert dump({"b": 1, "a": [True, None, "°C"]}) == '{"a":[true,null,"°C"],"b":1}'


def test_half_a_character_is_escaped() -> None:
    """A request can bring it in an escape, and its response must be UTF-8 all the same."""
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
