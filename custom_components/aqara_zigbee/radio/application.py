"""zigpy-znp's application, made to let go of its port cleanly."""

import asyncio
from collections.abc import Callable
import contextlib
from typing import Any, override

from zigpy.device import ZigbeeDevice
from zigpy.exceptions import DeliveryError
import zigpy.types as t
from zigpy_znp.commands.sys import SYS
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

    _watchdog_period = 10
    """Seconds between two pings; with their timeout a dead stick is noticed within half a minute."""

    SCHEMA = staticmethod(_validated)  # type: ignore[assignment]

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self.on_sent: Callable[[int | None], None] = lambda status: None
        """Called for each frame that went out (None) or did not (the radio's status)."""
        self.before_start: Callable[[], None] = lambda: None
        """Called when the stick's network is loaded; what it raises keeps it from being started."""
        self._sending: set[asyncio.Task[None]] = set()
        self._is_up = False
        self._is_closing = False
        self._is_lost = False

    @override
    async def startup(self, *, auto_form: bool = False) -> None:
        await super().startup(auto_form=auto_form)
        self._is_up = True

    @override
    async def start_network(self, *, read_only: bool = False) -> None:
        self.before_start()
        await super().start_network(read_only=read_only)  # type: ignore[no-untyped-call]

    @override
    def _bind_callbacks(self) -> None:
        super()._bind_callbacks()
        assert self._znp is not None
        indication: Any = SYS.ResetInd  # the classes of commands are made at run time
        self._znp.callback_for_response(indication.Callback(partial=True), self._on_reset)

    def _on_reset(self, indication: Any) -> None:
        """A stick that resets itself answers pings, but its network is down until it is started."""
        if self._is_up and not self._is_closing:
            self.connection_lost(ConnectionError(f"it has reset itself: {indication.Reason.name}"))

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
        if sending.cancelled():
            return
        error = sending.exception()  # seen, whether or not somebody still waits for it
        status = getattr(error, "status", None)
        if error is None or status is not None:
            self.on_sent(None if status is None else int(status))

    @override
    def connection_lost(self, exc: Exception) -> None:
        self._is_lost = True
        super().connection_lost(exc)

    @override
    def packet_received(self, packet: t.ZigbeePacket) -> None:
        if not self._is_closing:  # else it might begin an interview
            super().packet_received(packet)

    @override
    async def _remove_device(
        self, device: ZigbeeDevice, remove_children: bool = True, rejoin: bool = False
    ) -> None:
        await super()._remove_device(device, remove_children, rejoin)
        # What an unfinished one said while it was asked to leave has begun its interview anew.
        device.cancel_initialization()

    @override
    async def shutdown(self, *, db: bool = True) -> None:
        self._is_closing = True
        if self._sending and not self._is_lost:
            await asyncio.wait(self._sending, timeout=_FAREWELL_SECONDS)
        await self._end_interviews()
        await super().shutdown(db=db)
        for timer in self._join_announce_tasks.values():  # zigpy-znp forgets who was about to join
            timer.cancel()

    async def _end_interviews(self) -> None:
        """Let them end; zigpy would forget their tasks first and complain when they do."""
        asked = [
            device
            for device in self.devices.values()
            if isinstance(device, ZigbeeDevice) and device.initializing
        ]
        for device in asked:
            device.cancel_initialization()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                while any(device.initializing for device in asked):  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0)
        await asyncio.sleep(0)
