"""Values: rounding, scales, tables."""

import math

import pytest

from custom_components.aqara_zigbee.core.quantity import Bounds
from custom_components.aqara_zigbee.core.source import (
    Lookup,
    is_one,
    less,
    linear_percent,
    number,
    round_half_up,
    scaled,
    whole,
)


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (30.5, 0, 31),
        (-2.5, 0, -2),
        (0.5, 0, 1),
        (1.5, 0, 2),
        (-0.4, 0, 0),
        (0.07, 2, 0.07),
        (234.005, 1, 234),
        (2.675, 2, 2.68),
        (1.005, 2, 1),
        (31.26, 1, 31.3),
        (36.45, 1, 36.5),
        (1e300, 2, int(1e300)),
        (3.3333332538604736, 4, 3.3333),
    ],
)
def test_round_half_up(value: float, decimals: int, expected: float) -> None:
    result = round_half_up(value, decimals)
    assert result == expected
    assert isinstance(result, int) == (expected == int(expected))
    assert math.copysign(1, result) == math.copysign(1, expected) or result != 0


def test_whole_numbers_lose_their_fraction() -> None:
    assert str(whole(234.0)) == "234"
    assert str(whole(-0.0)) == "0"
    assert whole(0.5) == 0.5


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, b"1", (1,), None])
def test_non_numbers_have_no_meaning(value: float | bytes | tuple[int] | None) -> None:
    assert number(value) is None
    assert scaled(0.1)(value) is None
    assert less(1)(value) is None
    assert linear_percent(0, 1, Bounds(0, 1))(value) is None


def test_counter_below_its_start_has_no_meaning() -> None:
    assert [less(1)(count) for count in (0, 1, 32)] == [None, 0, 31]


def test_on_is_one() -> None:
    assert [is_one(value) for value in (1, 0, 5, 255, b"\x01", None)] == [
        True,
        False,
        False,
        False,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("low", "high", "millivolts", "percent"),
    [
        (3000, 4200, 2950, 0),
        (3000, 4200, 3000, 0),
        (3000, 4200, 3018, 2),
        (3000, 4200, 3612, 51),
        (3000, 4200, 3700, 58),
        (3000, 4200, 3900, 75),
        (3000, 4200, 4200, 100),
        (3000, 4200, 6000, 100),
        (2850, 3000, 2849, 0),
        (2850, 3000, 2925, 50),
        (2850, 3000, 2950, 67),
        (2850, 3000, 3095, 100),
        (2850, 3000, 0, None),
    ],
)
def test_battery(low: int, high: int, millivolts: int, percent: int | None) -> None:
    """The figures of protocol 0.4."""
    assert linear_percent(low, high, Bounds(1, 9000))(millivolts) == percent


def test_lookup_goes_both_ways() -> None:
    table = Lookup({0: "command", 1: "event"})
    assert table.values == ("command", "event")
    assert table.decode(1) == "event"
    assert table.decode(7) is None
    assert table.encode("command") == 0


def test_lookup_must_be_one_to_one() -> None:
    with pytest.raises(ValueError, match="one to one"):
        Lookup({0: "off", 1: "off"})
