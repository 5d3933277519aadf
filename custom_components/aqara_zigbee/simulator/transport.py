"""The host's end of a port in memory.

`virtual://NAME` is an address like `/dev/ttyUSB0`: importing this module registers it with serialx,
so zigpy opens it without a patch. A second opener finds the port busy, as with a locked real one;
an unused name does not exist.
"""

import asyncio
from collections.abc import Buffer
import errno
from typing import Any, override

import serialx
from serialx.common import PortSettingsUpdate

from .port import PLUGGED_IN, SCHEME, Port


class VirtualSerial(serialx.BaseSerial):
    """The port's settings. Use without an event loop is not supported."""

    @property
    @override
    def is_open(self) -> bool:
        return False

    @override
    def _open(self) -> None:
        raise serialx.UnsupportedSetting("virtual ports are for asyncio only")

    @override
    def _close(self) -> None:
        """Nothing to close: it is never open."""

    @override
    def _reconfigure_port(self, update: PortSettingsUpdate) -> None:
        """Every baud rate is accepted."""

    @override
    def _get_modem_pins(self) -> serialx.ModemPins:
        return serialx.ModemPins()

    @override
    def _set_modem_pins(self, modem_pins: serialx.ModemPins) -> None:
        """The transport sets the pins."""

    @override
    def _readinto(self, b: Buffer, *, timeout: float | None) -> int:
        return 0

    @override
    def _write(self, data: Buffer, *, timeout: float | None) -> int:
        return 0

    @override
    def _flush(self) -> None:
        """Nothing is buffered."""

    @override
    def num_unread_bytes(self) -> int:
        return 0

    @override
    def num_unwritten_bytes(self) -> int:
        return 0

    @override
    def _reset_read_buffer(self) -> None:
        """Nothing is buffered."""

    @override
    def _reset_write_buffer(self) -> None:
        """Nothing is buffered."""


class VirtualTransport(serialx.BaseSerialTransport):
    """A host's end of a port in memory."""

    transport_name = "virtual"

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol) -> None:
        super().__init__(loop, protocol)
        self._port: Port | None = None
        self._paused = False
        self._waiting = bytearray()

    @override
    async def _connect(self, *, path: str | None, **kwargs: Any) -> None:
        name = (path or "").removeprefix(SCHEME).rstrip("/")
        port = PLUGGED_IN.get(name)
        if port is None:
            raise FileNotFoundError(errno.ENOENT, "No such virtual port", path)
        self._serial = VirtualSerial(path, **kwargs)
        port.attach(self)
        self._port = port
        self._call_protocol_connection_made()

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._check_broken()
        if self._port is not None and not self._closing:
            self._loop.call_soon(self._port.from_host, bytes(data))

    def deliver(self, data: bytes) -> None:
        """Pass bytes to the host."""
        self._loop.call_soon(self._deliver, data)

    def _deliver(self, data: bytes) -> None:
        if self._closing:
            return
        if self._paused:
            self._waiting += data
        else:
            self._protocol.data_received(data)

    def drop(self, error: Exception | None) -> None:
        """Close the connection."""
        self._mark_broken(error or OSError(errno.EIO, "virtual port was unplugged"))
        self._end(error)

    @override
    def close(self) -> None:
        self._mark_user_closed()
        self._end(None)

    @override
    def abort(self) -> None:
        self.close()

    def _end(self, error: Exception | None) -> None:
        if self._closing:
            return
        self._closing = True
        if self._port is not None:
            self._port.detach(self)
        self._loop.call_soon(self._call_protocol_connection_lost, error)

    @override
    def pause_reading(self) -> None:
        self._paused = True

    @override
    def resume_reading(self) -> None:
        self._paused = False
        waiting, self._waiting = bytes(self._waiting), bytearray()
        if waiting:
            self.deliver(waiting)

    @override
    def get_write_buffer_size(self) -> int:
        return 0

    @override
    async def _get_modem_pins(self) -> serialx.ModemPins:
        return serialx.ModemPins()

    @override
    async def _set_modem_pins(self, modem_pins: serialx.ModemPins) -> None:
        dtr, rts = modem_pins.dtr.to_bool(), modem_pins.rts.to_bool()
        if self._port is not None and dtr is not None and rts is not None:
            self._port.stick.pins(dtr=dtr, rts=rts)

    @override
    async def _flush(self) -> None:
        """Nothing is buffered: writes are passed on at once."""

    @override
    async def _reconfigure_port(self, update: PortSettingsUpdate) -> None:
        """Every baud rate is accepted."""


serialx.register_uri_handler(
    scheme=SCHEME,
    unique_scheme=SCHEME,
    sync_cls=VirtualSerial,
    async_transport_cls=VirtualTransport,
)
