"""Checks the firmware of all devices of a network and updates them, one at a time."""

from collections.abc import Callable
from datetime import datetime, timedelta
import logging

from .device import Device
from .errors import DeliveryError
from .events import NetworkEvent, Unsubscribe, Update
from .firmware import Firmware, Obstacle, Programmer, Release, UpdateError
from .gateway import Gateway
from .gateway_devices import Spawn
from .radio import Ieee

_LOGGER = logging.getLogger(__name__)

_ASK_AGAIN = timedelta(hours=1)
"""Time between two version requests to a device that does not answer."""


def _check(device: Device) -> None:
    """Check that a device's firmware can be updated.

    Raises:
        UpdateError: it cannot.
    """
    if device.definition is None or not device.definition.supports_ota:
        raise UpdateError(Obstacle.NOTHING_NEW)


class Updates:
    """The firmware of a network's devices.

    Changes of `Device.upkeep` are in `device.Update.firmware`.
    """

    def __init__(
        self,
        gateway: Gateway,
        programmer: Programmer,
        spawn: Spawn,
        learned: Callable[[Device], None] = lambda device: None,
    ) -> None:
        """Subscribe to the devices.

        Args:
            gateway: a running network.
            programmer: its radio's port for updates.
            spawn: starts a coroutine in the background.
            learned: called when a device has reported another version.
        """
        self._gateway = gateway
        self._programmer = programmer
        self._spawn = spawn
        self._learned = learned
        self._tried: dict[Ieee, datetime] = {}
        self._undo: dict[Ieee, Unsubscribe] = {}
        self._unsure: set[Ieee] = set()
        self._is_updating = False
        programmer.set_listener(self._said)
        self._stop = gateway.subscribe(self._on_event)
        for device in gateway.values():
            self._add(device)

    def stop(self) -> None:
        """Unsubscribe from the devices."""
        self._stop()
        while self._undo:
            self._undo.popitem()[1]()

    # Versions of devices

    def _on_event(self, event: NetworkEvent, device: Device) -> None:
        if event is NetworkEvent.INTERVIEWED:
            self._add(device)
            self._ask_soon(device)
        elif event is NetworkEvent.REMOVED and device.ieee in self._undo:
            self._undo.pop(device.ieee)()
            self._unsure.discard(device.ieee)
            self._tried.pop(device.ieee, None)

    def _add(self, device: Device) -> None:
        """Request a device's version whenever it is awake, until it is known."""
        if device.definition is None or not device.definition.supports_ota:
            return
        if device.ieee in self._undo:
            return
        if device.upkeep.running is None:
            self._unsure.add(device.ieee)

        def on_update(_update: Update) -> None:
            if self._is_due(device):
                self._ask_soon(device)

        self._undo[device.ieee] = device.subscribe(on_update)

    def _is_due(self, device: Device) -> bool:
        """Whether to request the version of a device that has just sent something."""
        if device.ieee not in self._unsure or device.last_seen is None:
            return False
        tried = self._tried.get(device.ieee)
        return tried is None or device.last_seen - tried >= _ASK_AGAIN

    def _ask_soon(self, device: Device) -> None:
        if device.ieee in self._undo and not device.upkeep.is_updating:
            if device.last_seen is not None:
                self._tried[device.ieee] = device.last_seen
            self._spawn(self._ask_quietly(device))

    async def _ask_quietly(self, device: Device) -> None:
        try:
            await self._programmer.ask(device.ieee)
        except DeliveryError as error:
            _LOGGER.debug("%s does not report its firmware version: %s", device.ieee, error)

    def _said(self, ieee: Ieee, firmware: Firmware) -> None:
        """Called when a device has reported its version."""
        device = self._gateway.get(ieee)
        if device is None or ieee not in self._undo:
            return
        self._unsure.discard(ieee)
        if firmware != device.upkeep.running:
            device.upkeep.running = firmware
            device.notify_firmware()
            self._learned(device)
        if not device.upkeep.is_updating:
            self._spawn(self.find_newer(device))

    # Available images

    async def find_newer(self, device: Device) -> None:
        """Check for a newer image for a device. Nothing is sent to it."""
        upkeep = device.upkeep
        if upkeep.running is None:
            return
        _check(device)
        release = await self._programmer.find(device.zigbee_model, upkeep.running)
        known = release, self._programmer.has_images
        if known != (upkeep.release, upkeep.is_checked):
            upkeep.release, upkeep.is_checked = known
            device.notify_firmware()

    async def find_newer_for_all(self) -> None:
        """Check for newer images for each device."""
        for ieee in tuple(self._undo):
            if device := self._gateway.get(ieee):
                await self.find_newer(device)

    async def check(self, device: Device) -> Release | None:
        """Request a device's version and check for a newer image.

        Raises:
            UpdateError: its version is unknown, and it does not answer.
        """
        _check(device)
        if not device.upkeep.is_updating:
            try:
                await self._programmer.ask(device.ieee)
            except DeliveryError as error:
                if device.upkeep.running is None:
                    raise _no_response(device) from error
        await self.find_newer(device)
        return device.upkeep.release

    # Installation

    async def install(self, device: Device) -> None:
        """Install the newest image on a device. Takes minutes to hours; one device at a time.

        Raises:
            UpdateError: the reason why it was not updated.
            DeliveryError: the radio was lost.
        """
        _check(device)
        if self._is_updating:
            raise UpdateError(Obstacle.BUSY)
        upkeep = device.upkeep
        if upkeep.release is None:
            raise UpdateError(Obstacle.NOTHING_NEW)
        self._is_updating = upkeep.is_updating = True
        device.notify_firmware()
        try:
            await self._programmer.update(
                device.ieee, upkeep.release, _progress_of(device), sleepy=device.is_sleepy
            )
        except UpdateError as error:
            if error.obstacle is Obstacle.UNCONFIRMED:
                self._unsure.add(device.ieee)
                self._tried.pop(device.ieee, None)
            raise
        finally:
            self._is_updating = upkeep.is_updating = False
            upkeep.percent = None
            device.notify_firmware()
        _LOGGER.info("%s now runs firmware %s", device.ieee, upkeep.running)
        await self.find_newer(device)
        await self._renew(device)

    async def _renew(self, device: Device) -> None:
        """Read the values that may be different with the new firmware."""
        device.about.forget_firmware()
        try:
            if not device.is_sleepy:
                await self._gateway.radio.interview(device.ieee)
        except DeliveryError as error:
            _LOGGER.debug("%s was not interviewed again: %s", device.ieee, error)
        await self._gateway.describe(device)


def _no_response(device: Device) -> UpdateError:
    return UpdateError(Obstacle.ASLEEP if device.is_sleepy else Obstacle.SILENT)


def _progress_of(device: Device) -> Callable[[float], None]:
    """Return a function that stores the progress of a transfer, and notifies of every percent."""

    def progress(part: float) -> None:
        percent = int(part * 100)
        if percent != device.upkeep.percent:
            device.upkeep.percent = percent
            device.notify_firmware()

    return progress
