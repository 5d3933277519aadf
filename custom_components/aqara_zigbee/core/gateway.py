"""All devices of a network; the listener of the radio."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Any

from . import limits
from .definition import Definition
from .device import Device
from .device_state import keep_nothing
from .errors import DeliveryError, NotOwnerError, RefusedError, StorageError
from .events import NetworkEvent, PermitChanged, RadioFound, RadioLost
from .firmware import BasicInfo
from .gateway_devices import GatewayDevices, Spawn
from .health import Health
from .limits import is_moment, is_text, until_nul
from .network_scan import NetworkScanner
from .radio import Ieee, Node, Owner, Radio
from .source import Attribute
from .zcl import Cluster, Report

_LOGGER = logging.getLogger(__name__)

KEPT_AFTER_REMOVAL = timedelta(days=30)
"""Time to keep the options of a device that was removed from another program's network."""

MOST_SECONDS = 254
"""Maximum seconds to permit joins; Zigbee's 255 means no limit."""

_REMOVED = "removed"
"""In a stored row with only options: the time of removal."""

type KeepRow = Callable[[Ieee | None], Awaitable[None]]


class Gateway(GatewayDevices):
    """The devices of one network by address. It is the radio's `Listener`.

    Attributes:
        health: the radio's failures.
        open_until: the end of permitted joins; None while they are not permitted.
        scanner: scans the neighbor tables on demand.
        notes: stored values of the network's users, by name; changed by `note`.
    """

    def __init__(
        self,
        radio: Radio,
        definitions: Mapping[str, Definition],
        spawn: Spawn,
        memory: Mapping[str, Any] | None = None,
        keep: KeepRow = keep_nothing,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """Create an empty gateway.

        Args:
            radio: the network.
            definitions: the known models, by Zigbee model identifier.
            spawn: starts a coroutine in the background.
            memory: the last `as_dict`.
            keep: stores the `row` of a device or of the network at once.
            clock: the time, to check whether a device has just sent something; None for never.
        """
        super().__init__(radio, spawn, clock)
        self.open_until: datetime | None = None
        self._definitions = definitions
        self.health = Health()
        stored = memory or {}
        self._memory: dict[Ieee, Any] = _mapping(stored.get("devices"))
        self._dismissed = {each for each in _list(stored.get("dismissed")) if is_text(each)}
        self.notes = _notes(stored.get("notes"))
        self._keep = keep
        self._removing: dict[Ieee, bool] = {}
        """Devices being removed, and whether they have left since."""
        self.scanner = NetworkScanner(lambda: self.radio, self)

    async def permit(self, seconds: int, now: datetime, via: Ieee | None = None) -> None:
        """Permit joins for some seconds, through all routers or one; 0 ends it.

        Raises:
            DeliveryError: the radio failed or was lost.
        """
        await self.radio.permit(seconds, via)
        self.open_until = now + timedelta(seconds=seconds) if seconds else None
        self._changed(PermitChanged())

    def is_open(self, now: datetime) -> bool:
        """Whether devices may join."""
        return self.open_until is not None and now < self.open_until

    async def shut(self, now: datetime) -> None:
        """End permitted joins. Routers that do not receive this end them when the time is over."""
        if self.is_open(now):
            try:
                await self.permit(0, now)
            except DeliveryError as error:
                _LOGGER.debug("Could not close the network early: %s", error)

    # Listener of the radio

    def known(self, node: Node, now: datetime) -> Device:
        """Add a device that joined before the start."""
        device = self._devices.get(node.ieee)
        if device is None:
            device = Device(
                node, self._definition(node), self.radio, partial(self._keep, node.ieee)
            )
            device.restore(self._recall(node.ieee, now))
            device.available = self._is_fresh(device, now)
            device.on_waiting = partial(self._try_at_once, device)
            self._devices[node.ieee] = device
        return device

    def _definition(self, node: Node) -> Definition | None:
        # Some firmwares append data after a NUL (protocol 0.1).
        model = until_nul(node.model or "")
        return self._definitions.get(model)

    def joined(self, node: Node, now: datetime) -> None:
        """Called when a device has joined, or a known one announced itself."""
        if self._is_unwelcome(node, now):
            self._spawn(self._send_away(node))
            return
        device = self._devices.get(node.ieee)
        if device is not None and device.node.is_complete:
            device.node = node
            device.last_seen = now
            self._notify(NetworkEvent.ANNOUNCED, device)
            self._is_back(device)
            return
        device = device or self.known(node, now)
        device.node = node
        device.last_seen = now
        self._notify(NetworkEvent.JOINED, device)
        self._notify(NetworkEvent.INTERVIEW_STARTED, device)

    def readdressed(self, node: Node) -> None:
        """Called when a known device has another network address, or none that is known."""
        if device := self._devices.get(node.ieee):
            device.node = node

    def interviewed(self, node: Node, now: datetime) -> None:
        """Called when a device is interviewed; the requests of its model at joining are sent."""
        if self._is_unwelcome(node, now):
            self._spawn(self._send_away(node))
            return
        device = self.known(node, now)
        device.node = node
        device.last_seen = now
        device.definition = self._definition(node)
        device.prepare()
        self._notify(NetworkEvent.INTERVIEWED, device)
        self._set_available(device, available=True)
        if device.definition is not None:
            self._reading.add(device.ieee)
            self._spawn(self._configure(device))

    def rejoined(self, node: Node, now: datetime) -> None:
        """Called when a known device has joined again. It is configured again, as after a reset."""
        device = self._devices.get(node.ieee)
        if device is None or not device.node.is_complete:
            self.interviewed(node, now)
            return
        if self._is_unwelcome(node, now):
            self._spawn(self._send_away(node))
            return
        device.node = node
        device.last_seen = now
        device.prepare()
        self._set_available(device, available=True)
        if device.ieee not in self._reading:
            self._reading.add(device.ieee)
            self._spawn(self._set_up(device))

    async def _configure(self, device: Device) -> None:
        """Configure a new device and read its state, while it is still awake."""
        await self._set_up(device)
        await self.describe(device)

    async def _set_up(self, device: Device) -> None:
        """Send the requests that a device needs after joining, and read its state."""
        before = device.report_counts()
        if device.is_waited_for:
            await device.keep_waiting()
            await device.flush()
        await self._read(device, before)

    async def describe(self, device: Device) -> None:
        """Read unknown information that an interview does not include.

        One by one, as some devices do not answer a read with an unsupported attribute.
        """
        for number, name in BasicInfo.ATTRIBUTES.items():
            if getattr(device.about, name) is not None:
                continue
            request = Attribute(Cluster.BASIC, number).read()
            try:
                answer = await self.radio.request(device.ieee, request, sleepy=device.is_sleepy)
            except RefusedError:
                continue
            except DeliveryError:
                break  # it is asleep
            if answer is not None:
                device.about.note(answer)
        self._notify(NetworkEvent.DESCRIBED, device)

    async def configure(self, device: Device) -> None:
        """Configure a device again, on request.

        Raises:
            DeliveryError: it was not configured.
        """
        for request in device.definition.on_join if device.definition else ():
            await self.radio.request(device.ieee, request, sleepy=device.is_sleepy)
        await device.refresh()

    def interview_failed(self, node: Node) -> None:
        """Called when an interview failed."""
        if device := self._devices.get(node.ieee):
            self._notify(NetworkEvent.INTERVIEW_FAILED, device)

    async def dismiss(self, ieee: Ieee, *, force: bool = False) -> None:
        """Send a leave request and remove a device; with `force` also without an answer.

        It cannot rejoin by itself: it is removed again while joins are not permitted.

        Raises:
            NotOwnerError: the network is another program's.
            DeliveryError: it did not leave. It is not removed then.
            StorageError: its removal could not be stored. Nothing was done.
        """
        owner = self.owner
        if owner is None:
            raise NotOwnerError
        was_dismissed = ieee in self._dismissed
        self._dismissed.add(ieee)
        try:
            await self._keep(None)
            await self._remove(owner, ieee, force=force)
        except (DeliveryError, StorageError) as error:
            if not was_dismissed:
                self._dismissed.discard(ieee)
                if isinstance(error, DeliveryError):
                    with suppress(StorageError):
                        await self._keep(None)
            raise

    async def _remove(self, owner: Owner, ieee: Ieee, *, force: bool) -> None:
        """Remove a device. A leave counts as success even without a response.

        Raises:
            DeliveryError: it did not leave.
        """
        self._removing[ieee] = False
        try:
            await owner.remove(ieee, force=force)
        except DeliveryError:
            if not self._removing[ieee]:
                raise
            await owner.remove(ieee, force=True)
        finally:
            self._removing.pop(ieee, None)

    def _is_unwelcome(self, node: Node, now: datetime) -> bool:
        if self.owner is None or node.ieee not in self._dismissed:
            return False
        if self.is_open(now):
            self._dismissed.discard(node.ieee)
            return False
        return True

    async def _send_away(self, node: Node) -> None:
        owner = self.owner
        assert owner is not None
        _LOGGER.info("%s was removed and has rejoined; it is removed again", node.ieee)
        try:
            await owner.remove(node.ieee, force=True)
        except DeliveryError as error:
            _LOGGER.debug("%s did not respond: %s", node.ieee, error)

    def left(self, ieee: Ieee) -> None:
        """Called when a device has left; it stays known, as it may rejoin."""
        if ieee in self._removing:
            self._removing[ieee] = True
        if device := self._devices.get(ieee):
            self._notify(NetworkEvent.LEFT, device)
            self._set_available(device, available=False)

    def removed(self, ieee: Ieee) -> None:
        """Called when a device was removed from the network; it is deleted.

        On another program's network its options are kept for `KEPT_AFTER_REMOVAL`, as devices are
        also removed there to be paired again.
        """
        if device := self._devices.pop(ieee, None):
            if self.owner is None and self._clock is not None:
                self._keep_options(ieee, device.options, self._clock())
            self._notify(NetworkEvent.REMOVED, device)

    def hand_over(self, ieee: Ieee) -> dict[str, Any]:
        """Remove a device that has joined another network, and return its options."""
        if (device := self._devices.get(ieee)) is not None:
            self.removed(ieee)
        kept = _mapping(self._memory.pop(ieee, None))
        return _mapping(kept.get("options")) if device is None else dict(device.options)

    def _keep_options(self, ieee: Ieee, options: object, now: datetime) -> None:
        if options:
            self._memory[ieee] = {"options": options, _REMOVED: now.isoformat()}
        else:
            self._memory.pop(ieee, None)

    def _recall(self, ieee: Ieee, now: datetime) -> Any:
        """Return and remove the stored data of a device that is on the network."""
        stored = self._memory.pop(ieee, {})
        return {} if _is_expired(stored, now) else stored

    def note_absent(self, now: datetime) -> list[Ieee]:
        """Mark stored devices that are not on another program's network as removed.

        Must be called when all devices of the network are known.

        Returns:
            Devices removed since the last run. Their rows have changed.
        """
        if self.owner is not None:
            return []
        absent = [ieee for ieee, stored in self._memory.items() if _removed_at(stored) is None]
        for ieee in absent:
            self._keep_options(ieee, _mapping(self._memory[ieee]).get("options"), now)
        return absent

    def expire(self, now: datetime) -> list[Ieee]:
        """Delete the options of devices that were removed long ago.

        Returns:
            These devices. Their rows have changed.
        """
        expired = [ieee for ieee, stored in self._memory.items() if _is_expired(stored, now)]
        for ieee in expired:
            del self._memory[ieee]
        return expired

    def received(
        self, ieee: Ieee, report: Report | None, link_quality: int | None, now: datetime
    ) -> None:
        """Called when a frame was received.

        An unavailable device becomes available in an update of its own before the frame's update:
        Home Assistant's triggers ignore an event that changes a state from unavailable.
        """
        device = self._devices.get(ieee)
        if device is None:
            return
        was_available = device.available
        device.last_seen = now
        self._set_available(device, available=True)
        device.received(report, link_quality, now)
        if report is not None and (replies := device.replies(report)):
            self._spawn(device.reply(replies))
        if not was_available:
            self._is_back(device)
        elif device.is_waited_for:
            self._spawn(device.flush())

    def lost(self, reason: str) -> None:
        """Called when the radio was lost, and with it every device."""
        if not self.online:
            return
        self.online = False
        self.open_until = None
        self._changed(PermitChanged())
        self.health.losses += 1
        for device in self._devices.values():
            self._set_available(device, available=False)
        self._changed(RadioLost(reason))

    def sent(self, status: int | None, now: datetime) -> None:
        """Called when a frame was sent, or failed."""
        self.health.sent(status, now)

    def found(self, now: datetime) -> None:
        """Called when the radio is connected: recently seen devices are available, and are read."""
        self.online = True
        for device in self._devices.values():
            self._set_available(device, available=self._is_fresh(device, now))
        self._changed(RadioFound())
        self._spawn(self.refresh())

    # Storage

    async def note(self, name: str, value: Any) -> None:
        """Store a value for the network's users; None removes it.

        Raises:
            ConversionError: it is invalid (`limits`).
            StorageError: it could not be stored. Nothing was changed.
        """
        limits.check(name, value)
        before, notes = self.notes, {**self.notes, name: value}
        self.notes = {key: each for key, each in notes.items() if each is not None}
        try:
            await self._keep(None)
        except StorageError:
            self.notes = before
            raise

    def row(self, ieee: Ieee | None) -> dict[str, Any] | None:
        """Return the stored data of a device, or of the network, as JSON.

        None for a device that was removed.
        """
        if ieee is None:
            notes = {"notes": self.notes} if self.notes else {}
            return {"dismissed": sorted(self._dismissed), **notes}
        device = self._devices.get(ieee)
        return self._memory.get(ieee) if device is None else device.as_dict()

    def as_dict(self) -> dict[str, Any]:
        """Return all rows."""
        network = self.row(None) or {}
        return {"devices": {ieee: self.row(ieee) for ieee in self._devices}, **network}


def _removed_at(stored: object) -> datetime | None:
    """Return the time of removal of a device of which only options are stored."""
    moment = _mapping(stored).get(_REMOVED)
    if not isinstance(moment, str) or not is_moment(moment):
        return None
    return datetime.fromisoformat(moment)


def _is_expired(stored: object, now: datetime) -> bool:
    removed = _removed_at(stored)
    return removed is not None and now - removed > KEPT_AFTER_REMOVAL


def _mapping(value: object) -> dict[Ieee, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _notes(value: object) -> dict[str, Any]:
    return {
        name: note
        for name, note in _mapping(value).items()
        if is_text(name) and limits.problem_with(note) is None
    }


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
