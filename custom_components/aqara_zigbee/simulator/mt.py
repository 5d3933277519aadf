"""The monitor-and-test protocol of Z-Stack: frames on the serial line.

A frame is SOF (0xFE), length, two command bytes, data, and the exclusive or of all but SOF (TI
"Z-Stack Monitor and Test API", 2.1). The commands themselves come from zigpy-znp's tables; only
this module imports those untyped libraries, so `c` and `t` are `Any` elsewhere.
"""

from collections.abc import Iterator
from functools import reduce
from operator import xor
from typing import Any, Final

from zigpy_znp import commands as _commands, types as _types  # noqa: ICN001 - untyped below
from zigpy_znp.frames import GeneralFrame

c: Final[Any] = _commands
t: Final[Any] = _types

START = 0xFE
LONGEST = 250


class UnknownCommandError(ValueError):
    """The command is in none of zigpy-znp's tables."""


class MalformedCommandError(ValueError):
    """The data do not fit the command."""


def frame(header: int, data: bytes) -> bytes:
    """Return bytes for the line. The low half of `header` is the first command byte."""
    body = bytes([len(data), header & 0xFF, header >> 8]) + data
    return bytes([START]) + body + bytes([reduce(xor, body)])


def encode(command: Any) -> bytes:
    """Return a command as bytes for the line; structures are aligned as on a CC26x2."""
    plain = command.to_frame(align=True)
    return frame(int(plain.header), bytes(plain.data))


def decode(header: int, data: bytes) -> Any:
    """Return the command in a frame.

    Raises:
        UnknownCommandError: its header is in no table.
        MalformedCommandError: its data are too short or too long.
    """
    kind = c.COMMANDS_BY_ID.get(header)
    if kind is None or kind.Req is not kind:
        raise UnknownCommandError(f"0x{header:04x}")
    try:
        return kind.from_frame(GeneralFrame(t.CommandHeader(header), t.Bytes(data)), align=True)
    except (ValueError, KeyError) as error:
        raise MalformedCommandError(f"0x{header:04x}: {error}") from error


class Deframer:
    """Finds frames in a stream of bytes; noise, bootloader bytes and broken frames are skipped."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def clear(self) -> None:
        """Discard a partial frame."""
        self._buffer.clear()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Add bytes; yield headers and data of the frames they complete."""
        buffer = self._buffer
        buffer += data
        while (start := buffer.find(START)) >= 0:
            del buffer[:start]
            if len(buffer) < 2:
                return
            if buffer[1] > LONGEST:
                del buffer[:1]
                continue
            end = buffer[1] + 5
            if len(buffer) < end:
                return
            if reduce(xor, buffer[1:end]):
                del buffer[:1]
                continue
            header = buffer[2] | buffer[3] << 8
            payload = bytes(buffer[4 : end - 1])
            del buffer[:end]
            yield header, payload
        buffer.clear()
