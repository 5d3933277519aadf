"""Hears zigpy, its application and its devices, and tells the core."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
import functools
import logging

from zigpy.device import BaseDevice, ZigbeeDevice

from ..core import zcl
from ..core.radio import Listener
from .application import Application
from .device import Question, RawDevice
from .interview import Receptionist
from .nodes import node_of
from .ota import FirmwareServer

_LOGGER = logging.getLogger(__name__)


def _logged[**P](method: Callable[P, None]) -> Callable[P, None]:
    """Log what our listeners raise; zigpy would swallow it."""

    @functools.wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(*args, **kwargs)
        except Exception:
            _LOGGER.exception("%s failed", method.__name__)

    return guarded


class Ear:
    """Hears zigpy's application and its devices, and tells the core."""

    app: Application
    receptionist: Receptionist

    def __init__(
        self, listener: Listener, firmware: FirmwareServer, note_loss: Callable[[Application], bool]
    ) -> None:
        """Make one that hears nothing yet.

        Args:
            listener: who is told.
            firmware: who brings firmware to the devices.
            note_loss: told that an application has lost its radio; whether that is news.
        """
        self._listener = listener
        self._firmware = firmware
        self._note_loss = note_loss

    def resolve(self, device: BaseDevice) -> BaseDevice:
        """Put our device in the place of zigpy's. Must not raise: zigpy would not start."""
        if type(device) is not ZigbeeDevice:
            return device  # the coordinator, or one of ours already
        try:
            return RawDevice.of(device, self)
        except Exception:
            _LOGGER.exception("Could not take over %s", device.ieee)
            return device

    # What devices say

    def announced(self, device: RawDevice) -> None:
        """A known device is back."""
        self._listener.joined(node_of(device), _now())
        self._firmware.heard(str(device.ieee))

    def received(
        self,
        device: RawDevice,
        report: zcl.Report | None,
        link_quality: int | None,
        now: datetime,
    ) -> None:
        """A device sent something."""
        self.receptionist.woke(device, asyncio.get_running_loop().time)
        self._firmware.heard(str(device.ieee))
        try:
            self._listener.received(str(device.ieee), report, link_quality, now)
        except Exception:
            _LOGGER.exception("A frame of %s could not be taken in", device.ieee)

    def asked(self, device: RawDevice, question: Question) -> None:
        """A device asks about firmware."""
        try:
            self._firmware.asked(device, question)
        except Exception:
            _LOGGER.exception("A question of %s could not be taken in", device.ieee)

    def sender_of(self, nwk: int) -> RawDevice | None:
        """The device at a network address, if it is one of ours."""
        try:
            device = self.app.get_device(nwk=nwk)
        except KeyError:
            return None
        return device if isinstance(device, RawDevice) else None

    # What zigpy says

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
        """A packet came in, before zigpy looks at it; those of our devices go another way."""
        del profile, destination_endpoint
        if isinstance(device, RawDevice):
            return
        if device.reinterviewing:
            # While it is asked anew, a stand-in without ears has its place.
            report = zcl.read_report(source_endpoint, cluster, frame)
            if report is not None:
                self._listener.received(str(device.ieee), report, None, _now())
        elif not device.is_initialized:
            self.receptionist.heard(device, cluster, frame)

    @_logged
    def device_joined(self, device: ZigbeeDevice) -> None:
        """A device has joined for the first time, or under a new network address."""
        if not device.is_initialized:
            self._listener.joined(node_of(device), _now())

    @_logged
    def device_initialized(self, device: ZigbeeDevice) -> None:
        """An interview has ended well; also told when a known device joins anew."""
        if isinstance(device, RawDevice):
            self._listener.interviewed(node_of(device), _now())

    @_logged
    def device_reinterviewed(self, device: ZigbeeDevice) -> None:
        """A device was asked anew what it is."""
        self.device_initialized(device)

    @_logged
    def device_init_failure(self, device: ZigbeeDevice) -> None:
        """A device fell silent during its interview."""
        self._listener.interview_failed(node_of(device))

    @_logged
    def device_left(self, device: ZigbeeDevice) -> None:
        """A device left the network."""
        self._listener.left(str(device.ieee))

    @_logged
    def device_removed(self, device: ZigbeeDevice) -> None:
        """A device was taken out of the network."""
        self._firmware.removed(str(device.ieee))
        self._listener.removed(str(device.ieee))

    @_logged
    def sent(self, status: int | None) -> None:
        """A frame went out, or did not."""
        self._listener.sent(status, _now())

    @_logged
    def connection_lost(self, error: BaseException | None) -> None:
        """The stick is gone, or dead."""
        if self._note_loss(self.app):
            self._listener.lost(str(error) if error else "the connection was closed")


def _now() -> datetime:
    return datetime.now(UTC)
