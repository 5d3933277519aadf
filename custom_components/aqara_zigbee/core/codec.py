"""From what the wire carries to what a property means, and back.

A decoder is a plain function from a ZCL value to a property's value; it returns None for values it
does not know, which is no error: devices say more than anybody has documented.
"""

from collections.abc import Callable, Mapping
from math import floor, isfinite

from .value import Value

type Decoder[V] = Callable[[Value], V | None]


def round_half_up(number: float, decimals: int = 0) -> int | float:
    """Round half towards plus infinity, as all published numbers are (contract 0.5).

    Whole results are integers, so they are written without a fraction and never as minus zero.
    """
    scale = 10**decimals
    scaled = number * scale
    if abs(scaled) >= 2**52:  # no fraction is left at that size
        return whole(number)
    return whole(floor(scaled + 0.5) / scale)


def whole(number: float) -> int | float:
    """An integer where nothing is lost by it."""
    return int(number) if number == floor(number) else number


def number(value: Value) -> float | int | None:
    """A finite number as it is."""
    if isinstance(value, int | float) and isfinite(value):
        return value
    return None


def scaled(factor: float) -> Decoder[float]:
    """A number in other units than the wire's."""

    def decode(value: Value) -> float | None:
        found = number(value)
        return None if found is None else found * factor

    return decode


def less(offset: int) -> Decoder[float]:
    """A counter that starts at `offset`; what lies below it means nothing."""

    def decode(value: Value) -> float | None:
        found = number(value)
        return None if found is None or found < offset else found - offset

    return decode


def is_one(value: Value) -> bool | None:
    """On for 1 and off for any other number (contract 0.3)."""
    return value == 1 if isinstance(value, int) else None


def linear_percent(low: float, high: float) -> Decoder[float]:
    """Percent of the way from `low` to `high`, clamped and rounded half up (contract 0.4)."""

    def decode(value: Value) -> float | None:
        found = number(value)
        if not found:  # a cell of 0 mV does not send; some firmwares say so before they measured
            return None
        return round_half_up((min(max(found, low), high) - low) / (high - low) * 100)

    return decode


class Lookup[W, V]:
    """One dictionary used in both directions.

    Raises:
        ValueError: two wire values mean the same, so that one of them could never be written.
    """

    __slots__ = ("_back", "_forth")

    def __init__(self, table: Mapping[W, V]) -> None:
        self._forth = dict(table)
        self._back = {meaning: wire for wire, meaning in table.items()}
        if len(self._back) != len(self._forth):
            raise ValueError(f"not one to one: {table}")

    @property
    def values(self) -> tuple[V, ...]:
        """The meanings, in the order they were written down."""
        return tuple(self._forth.values())

    def decode(self, value: W) -> V | None:
        """The meaning of a wire value, None for an unknown one."""
        return self._forth.get(value)

    def encode(self, value: V) -> W:
        """The wire value of a meaning; `KeyError` for an unknown one."""
        return self._back[value]
