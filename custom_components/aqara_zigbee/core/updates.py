"""Keeps an eye on the firmware of all devices of a network and updates them, one at a time."""

from collections.abc import Callable
from datetime import datetime, timedelta
import logging

from .definition import Definition
from .device import Device, Unsubscribe, Update
from .errors import DeliveryError
from .firmware import Firmware, Obstacle, Programmer, Release, UpdateError
from .gateway import Event, Gateway, Spawn
from .radio import Ieee

_LOGGER = logging.getLogger(__name__)

_ASK_AGAIN = timedelta(hours=1)
"""Between two questions to a device that does not say what it runs."""


def _definition(device: Device) -> Definition:
    """The definition of a device whose firmware can be updated.

    Raises:
        UpdateError: it cannot.
    """
    if device.definition is None or not device.definition.supports_ota:
        raise UpdateError(Obstacle.NOTHING_NEW)
    return device.definition


class Updates:
    """The firmware of a network's devices.

    Who wants to know subscribes to the devices: `device.Update.firmware` says that `Device.upkeep`
    has changed.
    """

    def __init__(
        self,
        gateway: Gateway,
        programmer: Programmer,
        spawn: Spawn,
        learned: Callable[[Device], None] = lambda device: None,
    ) -> None:
        """Start watching.

        Args:
            gateway: a network that is up.
            programmer: its radio's way to bring images to devices.
            spawn: starts a coroutine that nobody waits for.
            learned: called when a device has said that it runs something else than was known.
        """
        self._gateway = gateway
        self._programmer = programmer
        self._spawn = spawn
        self._learned = learned
        self._tried: dict[Ieee, datetime] = {}
        self._undo: dict[Ieee, Unsubscribe] = {}
        self._unsure: set[Ieee] = set()
        self._is_updating = False
        programmer.tell(self._said)
        self._stop = gateway.subscribe(self._witness)
        for device in gateway.values():
            self._meet(device)

    def stop(self) -> None:
        """Watch no longer."""
        self._stop()
        while self._undo:
            self._undo.popitem()[1]()

    # Learning what devices run

    def _witness(self, event: Event, device: Device) -> None:
        if event is Event.INTERVIEWED:
            self._meet(device)
            self._ask_soon(device)
        elif event is Event.REMOVED and device.ieee in self._undo:
            self._undo.pop(device.ieee)()
            self._unsure.discard(device.ieee)
            self._tried.pop(device.ieee, None)

    def _meet(self, device: Device) -> None:
        """From now on ask it when it can hear us, until it has said what it runs."""
        if device.definition is None or not device.definition.supports_ota:
            return
        if device.ieee in self._undo:
            return
        if device.upkeep.running is None:
            self._unsure.add(device.ieee)

        def heard(_update: Update) -> None:
            if self._is_due(device):
                self._ask_soon(device)

        self._undo[device.ieee] = device.subscribe(heard)

    def _is_due(self, device: Device) -> bool:
        """Whether a device that has just spoken is to be asked what it runs."""
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
            _LOGGER.debug("%s does not say what it runs: %s", device.ieee, error)

    def _said(self, ieee: Ieee, firmware: Firmware) -> None:
        """A device has said what it runs."""
        device = self._gateway.get(ieee)
        if device is None or ieee not in self._undo:
            return
        self._unsure.discard(ieee)
        if firmware != device.upkeep.running:
            device.upkeep.running = firmware
            device.tell_of_firmware()
            self._learned(device)
        if not device.upkeep.is_updating:
            self._spawn(self.look(device))

    # Finding what there is

    async def look(self, device: Device) -> None:
        """See whether there is something newer than what a device runs. Nothing is sent to it."""
        upkeep = device.upkeep
        if upkeep.running is None:
            return
        release = await self._programmer.find(_definition(device).zigbee_model, upkeep.running)
        if release != upkeep.release:
            upkeep.release = release
            device.tell_of_firmware()

    async def look_for_all(self) -> None:
        """See what there is for each device."""
        for ieee in tuple(self._undo):
            if device := self._gateway.get(ieee):
                await self.look(device)

    async def check(self, device: Device) -> Release | None:
        """Ask a device what it runs and see whether there is something newer.

        Raises:
            UpdateError: it has never said what it runs, and does not now.
        """
        _definition(device)
        if not device.upkeep.is_updating:
            try:
                await self._programmer.ask(device.ieee)
            except DeliveryError as error:
                if device.upkeep.running is None:
                    raise _unheard(device) from error
        await self.look(device)
        return device.upkeep.release

    # Updating

    async def install(self, device: Device) -> None:
        """Bring the newest image to a device. Takes minutes to hours; one device at a time.

        Raises:
            UpdateError: why it was not updated.
            DeliveryError: the radio is gone.
        """
        _definition(device)
        if self._is_updating:
            raise UpdateError(Obstacle.BUSY)
        upkeep = device.upkeep
        if upkeep.release is None:
            raise UpdateError(Obstacle.NOTHING_NEW)
        self._is_updating = upkeep.is_updating = True
        device.tell_of_firmware()
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
            device.tell_of_firmware()
        _LOGGER.info("%s now runs firmware %s", device.ieee, upkeep.running)
        await self.look(device)
        await self._renew(device)

    async def _renew(self, device: Device) -> None:
        """Learn what may be different with the new firmware."""
        device.about.forget_firmware()
        try:
            if not device.is_sleepy:
                await self._gateway.radio.interview(device.ieee)
        except DeliveryError as error:
            _LOGGER.debug("%s was not interviewed anew: %s", device.ieee, error)
        await self._gateway.describe(device)


def _unheard(device: Device) -> UpdateError:
    return UpdateError(Obstacle.ASLEEP if device.is_sleepy else Obstacle.SILENT)


def _progress_of(device: Device) -> Callable[[float], None]:
    """Note how far a transfer is, and tell of every percent."""

    def progress(part: float) -> None:
        percent = int(part * 100)
        if percent != device.upkeep.percent:
            device.upkeep.percent = percent
            device.tell_of_firmware()

    return progress
