"""ZCL values as bytes, by their data type (ZCL revision 8, 2.6.2)."""

from collections.abc import Iterator
from struct import Struct

type Value = bool | int | float | bytes | tuple[Value, ...] | None
"""The Python values of ZCL types. Strings stay bytes; arrays and structures are tuples."""


class Type:
    """ZCL data types that this package writes or uses by name (2.6.2)."""

    BOOLEAN = 0x10
    UINT8 = 0x20
    UINT16 = 0x21
    FLOAT = 0x39
    OCTET_STRING = 0x41
    STRUCTURE = 0x4C


_SIGNED = range(0x28, 0x30)
_FLOATS = {0x39: Struct("<f"), 0x3A: Struct("<d")}
_STRINGS = {0x41: 1, 0x42: 1, 0x43: 2, 0x44: 2}  # octets of the length, by type
_LISTS = {0x48, 0x50, 0x51}  # array, set, bag: one type, a count, the elements
_SIZES = {
    0x00: 0,
    0x10: 1,
    0x30: 1,
    0x31: 2,
    0xE0: 4,
    0xE1: 4,
    0xE2: 4,
    0xE8: 2,
    0xE9: 2,
    0xEA: 4,
    0xF0: 8,
    **{kind: kind - 0x07 for kind in range(0x08, 0x10)},  # data8 … data64
    **{kind: kind - 0x17 for kind in range(0x18, 0x20)},  # bitmap8 … bitmap64
    **{kind: kind - 0x1F for kind in range(0x20, 0x28)},  # uint8 … uint64
    **{kind: kind - 0x27 for kind in range(0x28, 0x30)},  # int8 … int64
}
_DEPTH = 4  # no real frame nests deeper than a structure in an array


def is_integer(kind: int) -> bool:
    """Whether values of a ZCL type are written as integers."""
    return _SIZES.get(kind, 0) > 0


class MalformedValueError(ValueError):
    """The bytes do not match their type; never raised outside a frame reader."""


def read_value(kind: int, data: bytes, start: int, depth: int = _DEPTH) -> tuple[Value, int]:
    """Read one value of a ZCL type from `start`.

    Returns the value and where the next one begins. A string whose length exceeds the data ends
    with it (protocol 5.2).

    Raises:
        MalformedValueError: the type is unknown or the data ends too early.
    """
    if kind in _STRINGS:
        return _read_string(_STRINGS[kind], data, start)
    if kind == Type.STRUCTURE or kind in _LISTS:
        return _read_elements(kind, data, start, depth)
    size = 4 if kind == 0x39 else 8 if kind == 0x3A else _SIZES.get(kind)
    end = start + (size or 0)
    if size is None or end > len(data):
        raise MalformedValueError(f"type 0x{kind:02x} at octet {start}")
    octets = data[start:end]
    if kind in _FLOATS:
        number: float = _FLOATS[kind].unpack(octets)[0]
        return number, end
    if size == 0:
        return None, end
    return int.from_bytes(octets, "little", signed=kind in _SIGNED), end


def _read_string(width: int, data: bytes, start: int) -> tuple[Value, int]:
    begin = start + width
    if begin > len(data):
        raise MalformedValueError("string without a length")
    end = min(begin + int.from_bytes(data[start:begin], "little"), len(data))
    return data[begin:end], end


def _read_elements(kind: int, data: bytes, start: int, depth: int) -> tuple[Value, int]:
    """Read elements: arrays have one type before the count, structures one per element."""
    if depth == 0:
        raise MalformedValueError("nested too deeply")
    at = start if kind == Type.STRUCTURE else start + 1
    shared = None if kind == Type.STRUCTURE else data[start : start + 1]
    if at + 2 > len(data):
        raise MalformedValueError("list without a count")
    count = int.from_bytes(data[at : at + 2], "little")
    at += 2
    elements: list[Value] = []
    for _ in range(count):
        if shared is None:
            if at >= len(data):
                break  # a truncated structure keeps its first elements
            element, at = read_value(data[at], data, at + 1, depth - 1)
        else:
            element, at = read_value(shared[0], data, at, depth - 1)
        elements.append(element)
        if at >= len(data):
            break
    return tuple(elements), at


def read_tags(data: bytes) -> Iterator[tuple[int, Value]]:
    """Yield the maker's tag list: repeated ``tag, type, value`` (protocol 0.3).

    A single octet at the end is skipped; an unknown type or a truncated value ends the list.
    """
    at = 0
    while len(data) - at >= 2:
        try:
            value, end = read_value(data[at + 1], data, at + 2)
        except MalformedValueError:
            return
        yield data[at], value
        at = end


def write_value(kind: int, value: Value) -> bytes:
    """Return the octets of a value of a ZCL type, for the types in requests.

    Raises:
        ValueError: the value does not fit the type, or the type is not supported.
    """
    match value:
        case bytes() if kind == Type.OCTET_STRING and len(value) < 0xFF:
            return bytes([len(value)]) + value
        case bool() | int() if is_integer(kind):
            try:
                return int(value).to_bytes(_SIZES[kind], "little", signed=kind in _SIGNED)
            except OverflowError as error:
                raise ValueError(f"{value} does not fit ZCL type 0x{kind:02x}") from error
        case int() | float() if kind in _FLOATS:
            try:
                return _FLOATS[kind].pack(value)
            except OverflowError as error:
                raise ValueError(f"{value} does not fit ZCL type 0x{kind:02x}") from error
        case _:
            raise ValueError(f"cannot write {value!r} as ZCL type 0x{kind:02x}")
