"""Other USB adapters, as people connect them by mistake: for a `Port` of their own."""

from collections.abc import Callable
from typing import override

ASH_RESET = bytes.fromhex("1ac038bc7e")
ASH_RESET_ACK = bytes.fromhex("c10202" + "9b7b" + "7e")
ASH_ERROR = bytes.fromhex("c2025298de7e")
"""Frames of EZSP's serial protocol (Silicon Labs UG101): reset, its acknowledgement, failure."""


class MuteAdapter:
    """An adapter that opens and sends nothing: another baud rate or protocol, or a dead chip."""

    def __init__(self) -> None:
        self.write: Callable[[bytes], None] | None = None
        self.received_bytes = bytearray()

    def opened(self, write: Callable[[bytes], None]) -> None:
        """A host has opened the port."""
        self.write = write

    def closed(self) -> None:
        """The host has closed the port."""
        self.write = None

    def received(self, data: bytes) -> None:
        """The host has sent bytes."""
        self.received_bytes += data

    def pins(self, *, dtr: bool, rts: bool) -> None:
        """The host has set its modem lines, which are not connected."""

    def send(self, data: bytes) -> None:
        """Send bytes to the host, if the port is open."""
        if self.write is not None:
            self.write(data)


class EzspAdapter(MuteAdapter):
    """A Silicon Labs adapter: answers an ASH reset, and everything else with an error frame."""

    @override
    def received(self, data: bytes) -> None:
        super().received(data)
        self.send(ASH_RESET_ACK if ASH_RESET in self.received_bytes else ASH_ERROR)
        self.received_bytes.clear()


class Chatter(MuteAdapter):
    """A device that sends unrequested data, like an ESP's boot log, and echoes what it receives."""

    GREETING = b"\r\nets Jul 29 2019 12:21:46\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\n"

    @override
    def opened(self, write: Callable[[bytes], None]) -> None:
        super().opened(write)
        self.send(self.GREETING)

    @override
    def received(self, data: bytes) -> None:
        self.send(data)
