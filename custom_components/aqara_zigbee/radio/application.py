"""zigpy-znp's application, changed to release its port completely."""

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
from contextvars import ContextVar
from dataclasses import dataclass
import functools
import logging
from typing import Any, override

from zigpy.device import ZigbeeDevice
from zigpy.exceptions import DeliveryError
import zigpy.types as t
from zigpy_znp.commands import COMMANDS_BY_ID
from zigpy_znp.commands.sys import SYS
from zigpy_znp.frames import GeneralFrame
from zigpy_znp.zigbee import application

from .addresses import AddressedApplication

_LOGGER = logging.getLogger(__name__)

_FAREWELL_SECONDS = 2.0
_PING_SECONDS = 15.0
"""Seconds to wait for a ping's response, including requests before it that get none."""


@dataclass(slots=True)
class _Sending:
    """A request of zigpy-znp to the coordinator."""

    is_over: bool = False


_sending: ContextVar[_Sending | None] = ContextVar("sending", default=None)


def _validated(config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration completed by zigpy's schema.

    Home Assistant's validator compiles a schema at its 50th use, which fails for the one of zigpy
    2.4. So each use gets a schema of its own.
    """
    schema = application.ControllerApplication.SCHEMA
    completed: dict[str, Any] = type(schema)(schema.schema, extra=schema.extra)(config)
    return completed


class Application(AddressedApplication):
    """A TI coordinator that completes pending requests before it closes.

    zigpy-znp shields requests to the coordinator from cancellation. Closed during a request it
    would leave a task behind that waits for a response from a closed port.
    """

    _watchdog_period = 10
    """Seconds between two pings; with `_PING_SECONDS` a silent coordinator is found in 25 s."""

    SCHEMA = staticmethod(_validated)  # type: ignore[assignment]

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self.on_sent: Callable[[int | None], None] = lambda status: None
        """Called for each sent frame (None) or failed one (the radio's status)."""
        self.before_start: Callable[[], None] = lambda: None
        """Called when the coordinator's network is loaded; an exception prevents its start."""
        self._transaction = 0
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
        indication: Any = SYS.ResetInd  # the command classes are created at run time
        self._znp.callback_for_response(indication.Callback(partial=True), self._on_reset)
        self._znp.request_callback_rsp = functools.partial(  # type: ignore[method-assign]
            _request_to_the_end, self._znp.request_callback_rsp
        )
        self._znp.frame_received = functools.partial(  # type: ignore[method-assign]
            _parse, self._znp.frame_received
        )

    def _on_reset(self, indication: Any) -> None:
        """A coordinator that reset itself answers pings, but its network must be started again."""
        if self._is_up and not self._is_closing:
            self.connection_lost(ConnectionError(f"it has reset itself: {indication.Reason.name}"))

    @override
    async def _watchdog_feed(self) -> None:
        """Ping the coordinator.

        Raises:
            TimeoutError: it does not answer. zigpy-znp's timeout starts when the ping is sent,
                which is after the previous request's response or timeout.
        """
        try:
            async with asyncio.timeout(_PING_SECONDS):
                await super()._watchdog_feed()
        except TimeoutError as error:
            raise TimeoutError("it does not respond") from error

    @override
    async def _send_request_raw(self, *args: Any, **options: Any) -> None:
        sending = _Sending()
        token = _sending.set(sending)
        try:
            await super()._send_request_raw(*args, **options)
        finally:
            sending.is_over = True
            _sending.reset(token)

    @override
    async def on_zdo_message(self, msg: Any) -> None:
        await _read(super().on_zdo_message, msg)

    @override
    async def on_af_message(self, msg: Any) -> None:
        await _read(super().on_af_message, msg)

    @override
    async def send_packet(self, packet: t.ZigbeePacket) -> None:
        if self._is_closing:
            raise DeliveryError("the radio is being closed")
        # zigpy-znp assigns confirmations to frames by this number, and uses the ZCL sequence
        # number, which two devices, or a request and a response, can have at the same time.
        self._transaction = (self._transaction + 1) % 256
        sending = asyncio.ensure_future(
            super().send_packet(packet.replace(tsn=self._transaction) if packet.dst_ep else packet)
        )
        self._sending.add(sending)
        sending.add_done_callback(self._sent)
        await asyncio.wait((sending,))  # unlike a shield, it does not log an unretrieved exception
        if sending.cancelled():
            raise DeliveryError("the radio was closed")
        sending.result()

    def _sent(self, sending: asyncio.Task[None]) -> None:
        self._sending.discard(sending)
        if sending.cancelled():
            return
        error = sending.exception()  # retrieved, so that it is not logged
        status = getattr(error, "status", None)
        if error is None or status is not None:
            self.on_sent(None if status is None else int(status))

    @override
    def connection_lost(self, exc: Exception) -> None:
        self._is_lost = True
        super().connection_lost(exc)

    @override
    def packet_received(self, packet: t.ZigbeePacket) -> None:
        if not self._is_closing:  # else it might start an interview
            super().packet_received(packet)

    @override
    async def _remove_device(
        self, device: ZigbeeDevice, remove_children: bool = True, rejoin: bool = False
    ) -> None:
        await super()._remove_device(device, remove_children, rejoin)
        # A frame of an unfinished one during its leave has restarted its interview.
        device.cancel_initialization()

    @override
    async def shutdown(self, *, db: bool = True) -> None:
        self._is_closing = True
        if self._sending and not self._is_lost:
            await asyncio.wait(self._sending, timeout=_FAREWELL_SECONDS)
        await self._end_interviews()
        await super().shutdown(db=db)
        for sending in self._sending:  # requests that cannot be sent
            sending.cancel()
        for timer in self._join_announce_tasks.values():  # not cancelled by zigpy-znp
            timer.cancel()

    async def _end_interviews(self) -> None:
        """Wait for the interviews to end; zigpy would drop their tasks, which then log errors."""
        asked = [
            device
            for device in self.devices.values()
            if isinstance(device, ZigbeeDevice) and device.initializing
        ]
        for device in asked:
            device.cancel_initialization()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                while any(device.initializing for device in asked):  # noqa: ASYNC110 - no event
                    await asyncio.sleep(0)
        await asyncio.sleep(0)


def _parse(received: Callable[[GeneralFrame], bool | None], frame: GeneralFrame) -> bool | None:
    """Pass a frame to zigpy-znp, which may contain a device's truncated payload."""
    if frame.header in COMMANDS_BY_ID:
        try:
            return received(frame)
        except ValueError as error:
            _LOGGER.debug("Unreadable frame from the coordinator: %s: %s", frame, error)
            return False
    _LOGGER.debug("Unknown frame from the coordinator: %s", frame)
    return False


async def _read(handler: Callable[[Any], Awaitable[None]], message: Any) -> None:
    """Let zigpy read a device's message; zigpy-znp does not retrieve these tasks' exceptions."""
    try:
        await handler(message)
    except Exception:
        # Our own are logged where they are raised; these are of truncated payloads.
        _LOGGER.debug("Unreadable message: %s", message, exc_info=True)


async def _request_to_the_end(send: Callable[..., Awaitable[Any]], /, **options: Any) -> Any:
    """Send a request to the coordinator; no failure is logged once `_send_request_raw` has ended.

    zigpy-znp shields it and waits for 8 s or 30 s; asyncio would log a later failure as an error.
    """
    sending = _sending.get()
    try:
        return await send(**options)
    except Exception as error:
        if sending is None or not sending.is_over:
            raise
        _LOGGER.debug("The coordinator did not respond to a request: %r", error)
        return None
