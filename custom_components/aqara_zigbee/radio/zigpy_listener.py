"""Listens to zigpy's application and its devices, and passes events to the core."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
import functools
import logging

from zigpy.device import BaseDevice, ZigbeeDevice
import zigpy.types as t

from ..core import zcl
from ..core.radio import Listener
from .application import Application
from .device import Question, RawDevice
from .firmware_server import FirmwareServer
from .interview import InterviewFallback, mark_unknown
from .nodes import node_of

_LOGGER = logging.getLogger(__name__)


def logs_errors[**P](logger: logging.Logger) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Decorate a callback of zigpy, which would ignore its exceptions or fail: they are logged."""

    def decorate(method: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(method)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                method(*args, **kwargs)
            except Exception:
                logger.exception("%s failed", method.__name__)

        return guarded

    return decorate


_logged = logs_errors(_LOGGER)


class ZigpyListener:
    """Listens to zigpy's application and its devices, and passes events to the core."""

    app: Application
    interview_fallback: InterviewFallback

    def __init__(
        self, listener: Listener, firmware: FirmwareServer, note_loss: Callable[[Application], bool]
    ) -> None:
        """Create a listener that is not attached.

        Args:
            listener: the core's listener.
            firmware: the OTA server.
            note_loss: called when an application has lost its radio; returns whether it was
                running.
        """
        self._listener = listener
        self._firmware = firmware
        self._note_loss = note_loss
        self._rejoining: set[t.EUI64] = set()

    def resolve(self, device: BaseDevice) -> BaseDevice:
        """Replace zigpy's device with ours. Must not raise: zigpy would not start."""
        if type(device) is not ZigbeeDevice:
            return device  # the coordinator, or already one of ours
        if not device.is_initialized:
            return device  # of the database; replaced when its interview ends
        try:
            own = RawDevice.of(device, self)
            mark_unknown(own)
        except Exception:
            _LOGGER.exception("Could not add %s", device.ieee)
            return device
        return own

    # Events of devices

    @_logged
    def announced(self, device: RawDevice) -> None:
        """Called when a known device announced itself."""
        self._listener.joined(node_of(device), _now())
        self._firmware.on_frame(str(device.ieee))

    def received(
        self,
        device: RawDevice,
        report: zcl.Report | None,
        link_quality: int | None,
        now: datetime,
    ) -> None:
        """Called when a device sent something."""
        self.interview_fallback.woke(device, asyncio.get_running_loop().time)
        self._firmware.on_frame(str(device.ieee))
        try:
            self._listener.received(str(device.ieee), report, link_quality, now)
        except Exception:
            _LOGGER.exception("A frame of %s could not be processed", device.ieee)

    def asked(self, device: RawDevice, question: Question) -> None:
        """Called when a device's OTA client sent a request."""
        try:
            self._firmware.asked(device, question)
        except Exception:
            _LOGGER.exception("A request of %s could not be processed", device.ieee)

    def sender_of(self, nwk: int) -> RawDevice | None:
        """Return the device with a network address, if it is ours."""
        try:
            device = self.app.get_device(nwk=nwk)
        except KeyError:
            return None
        return device if isinstance(device, RawDevice) else None

    def is_router(self, device: RawDevice) -> bool:
        """Whether a device forwards frames of others. The locks only claim to be routers."""
        return (
            device.node_desc is not None
            and bool(device.node_desc.is_router)
            and not self.interview_fallback.has_battery(device.model)
        )

    # Events of zigpy

    @_logged
    def handle_message(
        self,
        device: ZigbeeDevice,
        profile: int,
        cluster: int,
        source_endpoint: int,
        destination_endpoint: int,
        frame: bytes,
    ) -> None:
        """Called for each packet before zigpy; packets of our devices are handled elsewhere."""
        del profile, destination_endpoint
        if isinstance(device, RawDevice):
            return
        if device.reinterviewing:
            # During an interview, a temporary device without a listener has its place.
            report = zcl.read_report(source_endpoint, cluster, frame)
            if report is not None:
                self._listener.received(str(device.ieee), report, None, _now())
        elif not device.is_initialized:
            self.interview_fallback.on_frame(device, cluster, frame)

    @_logged
    def readdressed(self, device: ZigbeeDevice) -> None:
        """Called when a known device has lost its network address, or has another."""
        self._listener.readdressed(node_of(device))

    @_logged
    def device_joined(self, device: ZigbeeDevice) -> None:
        """Called when a device has joined for the first time, or with a new network address."""
        if not device.is_initialized:
            self._listener.joined(node_of(device), _now())
        elif isinstance(device, RawDevice):
            self._rejoining.add(device.ieee)

    @_logged
    def device_initialized(self, device: ZigbeeDevice) -> None:
        """Called when an interview succeeded, or was not needed as zigpy knows the device."""
        if not isinstance(device, RawDevice):
            return
        if device.ieee in self._rejoining:
            self._rejoining.discard(device.ieee)
            self._listener.rejoined(node_of(device), _now())
        else:
            self._listener.interviewed(node_of(device), _now())

    @_logged
    def device_reinterviewed(self, device: ZigbeeDevice) -> None:
        """Called when a device was interviewed again."""
        self.device_initialized(device)

    @_logged
    def device_init_failure(self, device: ZigbeeDevice) -> None:
        """Called when an interview failed."""
        self._listener.interview_failed(node_of(device))

    @_logged
    def device_left(self, device: ZigbeeDevice) -> None:
        """Called when a device left the network."""
        self._listener.left(str(device.ieee))

    @_logged
    def device_removed(self, device: ZigbeeDevice) -> None:
        """Called when a device was removed from the network."""
        self._firmware.removed(str(device.ieee))
        self._listener.removed(str(device.ieee))

    @_logged
    def sent(self, status: int | None) -> None:
        """Called when a frame was sent, or failed."""
        self._listener.sent(status, _now())

    @_logged
    def connection_lost(self, error: BaseException | None) -> None:
        """Called when the coordinator was disconnected, or does not answer."""
        if self._note_loss(self.app):
            self._listener.lost(str(error) if error else "the connection was closed")


def _now() -> datetime:
    return datetime.now(UTC)
