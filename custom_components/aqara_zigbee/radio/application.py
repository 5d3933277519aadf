"""zigpy-znp's application, made to let go of its port cleanly."""

import asyncio
from typing import Any, override

from zigpy.exceptions import DeliveryError
import zigpy.types as t
from zigpy_znp.zigbee import application

_FAREWELL_SECONDS = 2.0


class Application(application.ControllerApplication):
    """A TI coordinator that finishes what it is sending before it closes.

    zigpy-znp shields requests to the stick from being cancelled. Closed in the middle of one it would
    leave a task behind that waits for an answer from a port nobody reads any more.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self._sending: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self._is_lost = False

    @override
    async def send_packet(self, packet: t.ZigbeePacket) -> None:
        if self._is_closing:
            raise DeliveryError("the radio is being closed")
        sending = asyncio.ensure_future(super().send_packet(packet))
        self._sending.add(sending)
        sending.add_done_callback(self._sent)
        await asyncio.shield(sending)

    def _sent(self, sending: asyncio.Task[None]) -> None:
        self._sending.discard(sending)
        if not sending.cancelled():
            sending.exception()  # whoever waited has got it; nobody may have waited so long

    @override
    def connection_lost(self, exc: Exception) -> None:
        self._is_lost = True
        super().connection_lost(exc)

    @override
    async def shutdown(self, *, db: bool = True) -> None:
        self._is_closing = True
        if self._sending and not self._is_lost:
            await asyncio.wait(self._sending, timeout=_FAREWELL_SECONDS)
        await super().shutdown(db=db)
