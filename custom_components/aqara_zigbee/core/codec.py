"""Conversion of ZCL values to property values, and back.

A decoder is a plain function from a ZCL value to a property's value; it returns None for unknown
values, which is not an error: devices send undocumented values.
"""

from collections.abc import Callable, Mapping
from math import floor

from .limits import is_number
from .quantity import Bounds
from .value import Value

type Decoder[V] = Callable[[Value], V | None]


def round_half_up(number: float, decimals: int = 0) -> int | float:
    """Round half towards plus infinity, for all published numbers (protocol 0.5).

    Whole results are integers, so they are written without a fraction and never as minus zero.
    """
    scale = 10**decimals
    scaled = number * scale
    if abs(scaled) >= 2**52:  # no fraction is left at that size
        return whole(number)
    return whole(floor(scaled + 0.5) / scale)


def whole(number: float) -> int | float:
    """Return an integer if nothing is lost."""
    return int(number) if number == floor(number) else number


def number(value: Value) -> float | int | None:
    """Return a finite number of up to 64 bits unchanged (`limits`)."""
    return value if is_number(value) else None


def scaled(factor: float) -> Decoder[float]:
    """Return a decoder that multiplies by a factor."""

    def decode(value: Value) -> float | None:
        found = number(value)
        return None if found is None else found * factor

    return decode


def less(offset: int) -> Decoder[float]:
    """Return a decoder of a counter that starts at `offset`; lower values have no meaning."""

    def decode(value: Value) -> float | None:
        found = number(value)
        return None if found is None or found < offset else found - offset

    return decode


def is_one(value: Value) -> bool | None:
    """Return True for 1 and False for any other number (protocol 0.3)."""
    return value == 1 if isinstance(value, int) else None


def linear_percent(low: float, high: float, plausible: Bounds) -> Decoder[float]:
    """Return a decoder of percent from `low` to `high`, clamped and rounded half up (protocol 0.4).

    Args:
        low: the value of 0 %.
        high: the value of 100 %.
        plausible: bounds of plausible readings.
    """

    def decode(value: Value) -> float | None:
        found = number(value)
        if found is None or found not in plausible:
            return None
        return round_half_up((min(max(found, low), high) - low) / (high - low) * 100)

    return decode


class Lookup[W, V]:
    """One dictionary used in both directions.

    Raises:
        ValueError: two ZCL values have the same meaning, so that one of them could not be written.
    """

    __slots__ = ("_back", "_forth")

    def __init__(self, table: Mapping[W, V]) -> None:
        self._forth = dict(table)
        self._back = {meaning: wire for wire, meaning in table.items()}
        if len(self._back) != len(self._forth):
            raise ValueError(f"not one to one: {table}")

    @property
    def values(self) -> tuple[V, ...]:
        """The meanings, in the order of definition."""
        return tuple(self._forth.values())

    def decode(self, value: W) -> V | None:
        """Return the meaning of a ZCL value, None for an unknown one."""
        return self._forth.get(value)

    def encode(self, value: V) -> W:
        """Return the ZCL value of a meaning; raises `KeyError` for an unknown one."""
        return self._back[value]
