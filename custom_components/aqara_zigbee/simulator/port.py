"""A port with a coordinator, reachable in memory or over TCP.

In memory the address is `virtual://NAME` (see `transport`), over TCP it is `socket://HOST:NUMBER`.
One host at a time can open it.
"""

import asyncio
from collections.abc import Callable
import errno
from typing import Protocol, override

from .faults import Faults

SCHEME = "virtual://"


class Stick(Protocol):
    """The device at the port."""

    def opened(self, write: Callable[[bytes], None]) -> None:
        """A host has opened the port; `write` reaches it."""

    def closed(self) -> None:
        """The host has closed the port."""

    def received(self, data: bytes) -> None:
        """The host has sent bytes."""

    def pins(self, *, dtr: bool, rts: bool) -> None:
        """The host has set its modem lines."""


class Line(Protocol):
    """The host's end of the line."""

    def deliver(self, data: bytes) -> None:
        """Send bytes to the host."""

    def drop(self, error: Exception | None) -> None:
        """Close the line."""


PLUGGED_IN: dict[str, Port] = {}
"""The ports available in memory, by name."""


class Port:
    """A port with a coordinator, for one host at a time.

    Args:
        stick: the device at the port.
        faults: the failures to simulate on the line.
    """

    def __init__(self, stick: Stick, faults: Faults | None = None) -> None:
        self.stick = stick
        self.faults = faults or Faults()
        self.line: Line | None = None
        self._names: set[str] = set()
        self._is_out = False
        self._server: asyncio.Server | None = None

    # -- Connecting ------------------------------------------------------------------------------

    def plug_in(self, name: str) -> str:
        """Make the port available in memory.

        Returns:
            The address for zigpy.

        Raises:
            ValueError: the name is in use.
        """
        if PLUGGED_IN.setdefault(name, self) is not self:
            raise ValueError(f"something is plugged in at {SCHEME}{name} already")
        self._names.add(name)
        self._is_out = False
        return SCHEME + name

    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Make it available over TCP, like a network adapter. Returns the port number."""
        loop = asyncio.get_running_loop()
        self._is_out = False
        self._server = await loop.create_server(lambda: _TcpLine(self), host, port)
        return int(self._server.sockets[0].getsockname()[1])

    def unplug(self, error: Exception | None = None) -> None:
        """Disconnect: the line is closed, the name is free, and TCP connections are refused."""
        self._is_out = True
        self.drop(error)
        for name in self._names:
            del PLUGGED_IN[name]
        self._names.clear()

    def push_in(self) -> None:
        """Accept TCP connections again."""
        self._is_out = False

    def drop(self, error: Exception | None = None) -> None:
        """Close the line, with an error or at its end."""
        if self.line is not None:
            self.line.drop(error)

    async def close(self) -> None:
        """Disconnect and stop serving."""
        self.unplug()
        if self._server is not None:
            server, self._server = self._server, None
            server.close()
            await server.wait_closed()

    # -- The line --------------------------------------------------------------------------------

    def attach(self, line: Line) -> None:
        """Open the port for a host.

        Raises:
            OSError: EBUSY: another host has it. ENODEV: it is disconnected.
        """
        if self._is_out:
            raise OSError(errno.ENODEV, "Virtual port was pulled out")
        if self.line is not None:
            raise OSError(errno.EBUSY, "Virtual port is already open")
        self.line = line
        self.stick.opened(self.to_host)

    def detach(self, line: Line) -> None:
        """Close the port for a host."""
        if self.line is line:
            self.line = None
            self.stick.closed()

    def from_host(self, data: bytes) -> None:
        """Bytes from the host to the device."""
        if not self.faults.half_open:
            self.stick.received(data)

    def to_host(self, data: bytes) -> None:
        """Bytes from the device to the host, possibly in pieces."""
        if self.line is None or self.faults.half_open:
            return
        step = self.faults.fragment or len(data)
        for start in range(0, len(data), step):
            self.line.deliver(data[start : start + step])


class _TcpLine(asyncio.Protocol):
    """The host's end of a TCP connection; a further host is refused at once."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        try:
            self._port.attach(self)
        except OSError:
            transport.close()
        else:
            self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._port.from_host(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._port.detach(self)

    def deliver(self, data: bytes) -> None:
        """Send bytes to the host."""
        if self._transport is not None:
            self._transport.write(data)

    def drop(self, error: Exception | None) -> None:
        """Reset the connection if there is an error, else close it."""
        if self._transport is not None:
            (self._transport.close if error is None else self._transport.abort)()
            self._port.detach(self)
