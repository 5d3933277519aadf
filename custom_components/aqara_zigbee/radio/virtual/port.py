"""Where the host plugs in: a port with a stick behind it, reachable in memory or over TCP.

In memory the address is `virtual://NAME` (see `transport`), over TCP it is `socket://HOST:NUMBER`.
Either way one host at a time has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import errno
from typing import Protocol, override

from .faults import Faults

SCHEME = "virtual://"


class Stick(Protocol):
    """Whatever is on the other end of the line."""

    def opened(self, write: Callable[[bytes], None]) -> None:
        """A host has opened the port; `write` reaches it."""

    def closed(self) -> None:
        """The host is gone."""

    def received(self, data: bytes) -> None:
        """Bytes from the host."""

    def pins(self, *, dtr: bool, rts: bool) -> None:
        """The host has set its modem lines."""


class Line(Protocol):
    """A host's end of the line."""

    def deliver(self, data: bytes) -> None:
        """Bytes for the host."""

    def drop(self, error: Exception | None) -> None:
        """The line is cut."""


PLUGGED_IN: dict[str, Port] = {}
"""What is plugged in in memory, by name."""


class Port:
    """One port with a stick behind it, for one host at a time.

    Args:
        stick: What answers.
        faults: What happens to bytes on the way.
    """

    def __init__(self, stick: Stick, faults: Faults | None = None) -> None:
        self.stick = stick
        self.faults = faults or Faults()
        self.line: Line | None = None
        self._names: set[str] = set()
        self._is_out = False
        self._server: asyncio.Server | None = None

    # -- Plugging in -----------------------------------------------------------------------------

    def plug_in(self, name: str) -> str:
        """Make it reachable in memory.

        Returns:
            The address to give to zigpy.

        Raises:
            ValueError: Something else is plugged in under this name.
        """
        if PLUGGED_IN.setdefault(name, self) is not self:
            raise ValueError(f"something is plugged in at {SCHEME}{name} already")
        self._names.add(name)
        self._is_out = False
        return SCHEME + name

    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Make it reachable over TCP, as network adapters are. Returns the port number."""
        loop = asyncio.get_running_loop()
        self._is_out = False
        self._server = await loop.create_server(lambda: _TcpLine(self), host, port)
        return int(self._server.sockets[0].getsockname()[1])

    def unplug(self, error: Exception | None = None) -> None:
        """Pull it out: the line is cut, the name is gone, and over TCP nobody gets through."""
        self._is_out = True
        self.drop(error)
        for name in self._names:
            del PLUGGED_IN[name]
        self._names.clear()

    def push_in(self) -> None:
        """Let who comes over TCP through again."""
        self._is_out = False

    def drop(self, error: Exception | None = None) -> None:
        """Cut the line. With an error the host learns of it, without it only sees the end."""
        if self.line is not None:
            self.line.drop(error)

    async def close(self) -> None:
        """Unplug it and stop serving."""
        self.unplug()
        if self._server is not None:
            server, self._server = self._server, None
            server.close()
            await server.wait_closed()

    # -- The line --------------------------------------------------------------------------------

    def attach(self, line: Line) -> None:
        """A host opens the port.

        Raises:
            OSError: EBUSY: another host has it. ENODEV: it was pulled out.
        """
        if self._is_out:
            raise OSError(errno.ENODEV, "Virtual port was pulled out")
        if self.line is not None:
            raise OSError(errno.EBUSY, "Virtual port is already open")
        self.line = line
        self.stick.opened(self.to_host)

    def detach(self, line: Line) -> None:
        """The host closes it."""
        if self.line is line:
            self.line = None
            self.stick.closed()

    def from_host(self, data: bytes) -> None:
        """Bytes on their way to the stick."""
        if not self.faults.half_open:
            self.stick.received(data)

    def to_host(self, data: bytes) -> None:
        """Bytes on their way to the host, in pieces if the line is bad."""
        if self.line is None or self.faults.half_open:
            return
        step = self.faults.fragment or len(data)
        for start in range(0, len(data), step):
            self.line.deliver(data[start : start + step])


class _TcpLine(asyncio.Protocol):
    """A host's end of a TCP connection; a further host is turned away at once."""

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
        """Bytes from the stick."""
        if self._transport is not None:
            self._transport.write(data)

    def drop(self, error: Exception | None) -> None:
        """Reset the connection if there is an error, else close it."""
        if self._transport is not None:
            (self._transport.close if error is None else self._transport.abort)()
            self._port.detach(self)
