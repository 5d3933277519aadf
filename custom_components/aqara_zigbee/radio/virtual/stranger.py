"""Sticks that are not ours, as people plug them in by mistake: for a `Port` of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import override

ASH_RESET = bytes.fromhex("1ac038bc7e")
ASH_RESET_ACK = bytes.fromhex("c10202" + "9b7b" + "7e")
ASH_ERROR = bytes.fromhex("c2025298de7e")
"""Frames of EZSP's serial protocol (Silicon Labs UG101): reset, its acknowledgement, failure."""


class MuteStick:
    """Powered, opens, and never says a word: another baud rate, another protocol, a dead chip."""

    def __init__(self) -> None:
        self.write: Callable[[bytes], None] | None = None
        self.heard = bytearray()

    def opened(self, write: Callable[[bytes], None]) -> None:
        """A host has opened the port."""
        self.write = write

    def closed(self) -> None:
        """It has closed it."""
        self.write = None

    def received(self, data: bytes) -> None:
        """Bytes from the host."""
        self.heard += data

    def pins(self, *, dtr: bool, rts: bool) -> None:
        """Modem lines, which lead nowhere."""

    def say(self, data: bytes) -> None:
        """Bytes to the host, if there is one."""
        if self.write is not None:
            self.write(data)


class EzspStick(MuteStick):
    """A Silicon Labs stick: answers an ASH reset, and everything else with an error frame."""

    @override
    def received(self, data: bytes) -> None:
        super().received(data)
        self.say(ASH_RESET_ACK if ASH_RESET in self.heard else ASH_ERROR)
        self.heard.clear()


class Chatter(MuteStick):
    """Something that talks of its own accord, like an ESP's boot log, and echoes what it hears."""

    GREETING = b"\r\nets Jul 29 2019 12:21:46\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\n"

    @override
    def opened(self, write: Callable[[bytes], None]) -> None:
        super().opened(write)
        self.say(self.GREETING)

    @override
    def received(self, data: bytes) -> None:
        self.say(data)
