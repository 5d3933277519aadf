"""Sources of a property's value on the wire, and the attribute it is written to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .value import Value
from .zcl import ReadAttributes, Record, WriteAttributes


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
    decode: Callable[[Value], Any] | None = None


def attribute(
    cluster: int,
    number: int,
    decode: Callable[[Value], Any] | None = None,
    *,
    endpoint: int = 1,
    type: int | None = None,  # noqa: A002 - ZCL's own name
    manufacturer: int | None = None,
) -> Source:
    """Return a source that is a ZCL attribute."""
    return Source(Attribute(cluster, number, endpoint, type, manufacturer), decode)


def tag(number: int, decode: Callable[[Value], Any] | None = None) -> Source:
    """Return a source that is an item of the tag list."""
    return Source(Tag(number), decode)


def element(index: int, decode: Callable[[Value], Any] | None = None) -> Source:
    """Return a source that is an element of the 0xFF02 structure."""
    return Source(Element(index), decode)
