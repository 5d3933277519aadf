"""The monitor-and-test protocol of Z-Stack: frames on the serial line.

A frame is SOF (0xFE), length, two command bytes, data, and the exclusive or of all but SOF (TI
"Z-Stack Monitor and Test API", §2.1). The commands themselves come from zigpy-znp's tables; this
module is where those untyped libraries enter, so `c` and `t` are `Any` for everyone else.
"""

from __future__ import annotations

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
    """No such command, as far as zigpy-znp's tables go."""


class MalformedCommandError(ValueError):
    """The data do not fit the command."""


def frame(header: int, data: bytes) -> bytes:
    """Bytes for the line. `header` has the first command byte in its low half."""
    body = bytes([len(data), header & 0xFF, header >> 8]) + data
    return bytes([START]) + body + bytes([reduce(xor, body)])


def encode(command: Any) -> bytes:
    """A command as bytes for the line; structures are aligned as a CC26x2 aligns them."""
    plain = command.to_frame(align=True)
    return frame(int(plain.header), bytes(plain.data))


def decode(header: int, data: bytes) -> Any:
    """The command in a frame.

    Raises:
        UnknownCommandError: Its header is in no table.
        MalformedCommandError: Its data are too short or too long.
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
        """Forget half a frame."""
        self._buffer.clear()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take bytes; give headers and data of the frames they complete."""
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
