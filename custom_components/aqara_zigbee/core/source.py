"""Sources of a property's value: where it is in a report, and how it is converted, and back.

A decoder is a plain function from a ZCL value to a property's value; it returns None for unknown
values, which is not an error: devices send undocumented values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import floor
from typing import Any

from .limits import is_number
from .quantity import Bounds
from .value import Value
from .zcl import ReadAttributes, Record, WriteAttributes

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


@dataclass(frozen=True, slots=True)
class Attribute:
    """A ZCL attribute of a device. Reports are matched by endpoint, cluster and id alone.

    Attributes:
        type: the ZCL type it is written with; None for one that is never written.
        manufacturer: the code requests carry; None for a standard attribute.
    """

    cluster: int
    id: int
    endpoint: int = 1
    type: int | None = field(default=None, compare=False)
    manufacturer: int | None = field(default=None, compare=False)

    def read(self) -> ReadAttributes:
        """Return the request that reads it."""
        return ReadAttributes(self.endpoint, self.cluster, (self.id,), self.manufacturer)

    def write(self, value: Value) -> WriteAttributes:
        """Return the request that writes it; `type` must be known."""
        assert self.type is not None
        record = Record(self.id, self.type, value)
        return WriteAttributes(self.endpoint, self.cluster, (record,), self.manufacturer)


@dataclass(frozen=True, slots=True)
class Tag:
    """An item of the maker's tag list (protocol 0.3)."""

    number: int


@dataclass(frozen=True, slots=True)
class Element:
    """An element of the maker's 0xFF02 structure, counted from 0 (protocol 0.3)."""

    index: int


type Address = Attribute | Tag | Element


@dataclass(frozen=True, slots=True)
class Source:
    """The address of a value and its decoder, by default the row's."""

    address: Address
    decode: Decoder[Any] | None = None


def attribute(
    cluster: int,
    number: int,
    decode: Decoder[Any] | None = None,
    *,
    endpoint: int = 1,
    type: int | None = None,  # noqa: A002 - ZCL's own name
    manufacturer: int | None = None,
) -> Source:
    """Return a source that is a ZCL attribute."""
    return Source(Attribute(cluster, number, endpoint, type, manufacturer), decode)


def tag(number: int, decode: Decoder[Any] | None = None) -> Source:
    """Return a source that is an item of the tag list."""
    return Source(Tag(number), decode)


def element(index: int, decode: Decoder[Any] | None = None) -> Source:
    """Return a source that is an element of the 0xFF02 structure."""
    return Source(Element(index), decode)
