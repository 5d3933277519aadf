"""zigpy-znp's application, made to let go of its port cleanly."""

import asyncio
from typing import Any, override

from zigpy.exceptions import DeliveryError
import zigpy.types as t
from zigpy_znp.zigbee import application

_FAREWELL_SECONDS = 2.0


def _validated(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration as zigpy's schema completes it.

    Home Assistant's validator compiles a schema that is used for the fiftieth time, and the one of
    zigpy 2.4 does not survive that. So each use gets a schema of its own.
    """
    schema = application.ControllerApplication.SCHEMA
    completed: dict[str, Any] = type(schema)(schema.schema, extra=schema.extra)(config)
    return completed


class Application(application.ControllerApplication):
    """A TI coordinator that finishes what it is sending before it closes.

    zigpy-znp shields requests to the stick from being cancelled. Closed in the middle of one it would
    leave a task behind that waits for an answer from a port nobody reads any more.
    """

    SCHEMA = staticmethod(_validated)  # type: ignore[assignment]

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
        await asyncio.wait(
            (sending,)
        )  # which, unlike a shield, is silent when nobody waits any more
        sending.result()

    def _sent(self, sending: asyncio.Task[None]) -> None:
        self._sending.discard(sending)
        if not sending.cancelled():
            sending.exception()  # seen, whether or not somebody still waits for it

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
