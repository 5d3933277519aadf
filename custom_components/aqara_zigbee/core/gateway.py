"""All devices of a network, and the one who listens to the radio for them."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
import logging
from typing import Any, override

from .about import About
from .definition import Definition
from .device import Device, Keep, Unsubscribe, keep_nothing
from .errors import DeliveryError, RefusedError
from .health import Health
from .radio import Ieee, Node, Radio
from .source import Attribute
from .zcl import Cluster, Report, Request

_LOGGER = logging.getLogger(__name__)

ALIVE = Attribute(Cluster.BASIC, 0x0000)
"""What a silent mains device is asked for, to learn whether it is there (contract 6.6)."""


class Event(StrEnum):
    """What happens to a device as a member of the network.

    ``DESCRIBED`` comes after ``INTERVIEWED``, when its firmware and make were asked for too.
    """

    JOINED = "joined"
    INTERVIEW_STARTED = "interview_started"
    INTERVIEWED = "interviewed"
    DESCRIBED = "described"
    INTERVIEW_FAILED = "interview_failed"
    ANNOUNCED = "announced"
    LEFT = "left"
    REMOVED = "removed"
    AVAILABILITY = "availability"


MOST_SECONDS = 254
"""For which a network may be opened; Zigbee's 255 would mean for ever."""

type Witness = Callable[[Event, Device], None]
type Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Gateway(Mapping[Ieee, Device]):
    """The devices of one network by address. It is the radio's `Listener`.

    Attributes:
        online: whether the radio is up. While it is not, no device is available.
        health: how the radio is doing.
        open_until: until when devices may join; None while they may not.
    """

    def __init__(
        self,
        radio: Radio,
        definitions: Mapping[str, Definition],
        spawn: Spawn,
        memory: Mapping[str, Any] | None = None,
        keep: Keep = keep_nothing,
    ) -> None:
        """Make an empty gateway.

        Args:
            radio: the network.
            definitions: the known models, by Zigbee model identifier.
            spawn: starts a coroutine that nobody waits for.
            memory: what `as_dict` gave when it ran last.
            keep: writes `as_dict` down at once.
        """
        self.radio = radio
        self.online = True
        self.open_until: datetime | None = None
        self._definitions = definitions
        self._spawn = spawn
        self.health = Health()
        stored = memory or {}
        self._memory: dict[Ieee, Any] = dict(stored.get("devices", {}))
        self._dismissed: set[Ieee] = set(stored.get("dismissed", ()))
        self._keep = keep
        self._devices: dict[Ieee, Device] = {}
        self._witnesses: list[Witness] = []
        self._on_lost: list[Callable[[str], None]] = []
        self._on_found: list[Callable[[], None]] = []
        self._on_permit: list[Callable[[], None]] = []

    @override
    def __getitem__(self, ieee: Ieee) -> Device:
        return self._devices[ieee]

    @override
    def __iter__(self) -> Iterator[Ieee]:
        return iter(self._devices)

    @override
    def __len__(self) -> int:
        return len(self._devices)

    def subscribe(self, witness: Witness) -> Unsubscribe:
        """Call `witness` when a device joins, leaves, is interviewed or changes availability."""
        self._witnesses.append(witness)
        return lambda: self._witnesses.remove(witness)

    def on_lost(self, callback: Callable[[str], None]) -> Unsubscribe:
        """Call `callback` once when the radio is gone."""
        self._on_lost.append(callback)
        return lambda: self._on_lost.remove(callback)

    def on_found(self, callback: Callable[[], None]) -> Unsubscribe:
        """Call `callback` when a radio that was lost is back."""
        self._on_found.append(callback)
        return lambda: self._on_found.remove(callback)

    def on_permit(self, callback: Callable[[], None]) -> Unsubscribe:
        """Call `callback` when the network is opened or closed before its time."""
        self._on_permit.append(callback)
        return lambda: self._on_permit.remove(callback)

    async def permit(self, seconds: int, now: datetime, via: Ieee | None = None) -> None:
        """Let devices join for a while, through all routers or one; 0 closes the network.

        Raises:
            DeliveryError: the radio refused or is gone.
        """
        await self.radio.permit(seconds, via)
        self.open_until = now + timedelta(seconds=seconds) if seconds else None
        for callback in tuple(self._on_permit):
            callback()

    def is_open(self, now: datetime) -> bool:
        """Whether devices may join."""
        return self.open_until is not None and now < self.open_until

    async def shut(self, now: datetime) -> None:
        """Close the network if it is open. Routers that do not hear it close when time is up."""
        if self.is_open(now):
            try:
                await self.permit(0, now)
            except DeliveryError as error:
                _LOGGER.debug("Could not close the network before its time: %s", error)

    def _tell(self, event: Event, device: Device) -> None:
        for witness in tuple(self._witnesses):
            try:
                witness(event, device)
            except Exception:  # one view's fault must not blind the other
                _LOGGER.exception("A witness of %s failed", event)

    # The radio's listener

    def known(self, node: Node, now: datetime) -> Device:
        """Take in a device that was joined before we started."""
        device = self._devices.get(node.ieee)
        if device is None:
            device = Device(node, self._definition(node), self.radio, self._keep)
            device.restore(self._memory.pop(node.ieee, {}))
            device.available = self._is_fresh(device, now)
            self._devices[node.ieee] = device
        return device

    def _definition(self, node: Node) -> Definition | None:
        # Some firmwares append junk after a NUL (contract 0.1).
        model = (node.model or "").partition("\0")[0]
        return self._definitions.get(model)

    def joined(self, node: Node, now: datetime) -> None:
        """A device has joined, or a known one announced itself."""
        if self._is_unwelcome(node, now):
            self._spawn(self._send_away(node))
            return
        device = self._devices.get(node.ieee)
        if device is not None and device.node.is_complete:
            device.node = node
            device.last_seen = now
            self._tell(Event.ANNOUNCED, device)
            self._is_back(device)
            return
        device = device or self.known(node, now)
        device.node = node
        device.last_seen = now
        self._tell(Event.JOINED, device)
        self._tell(Event.INTERVIEW_STARTED, device)

    def interviewed(self, node: Node, now: datetime) -> None:
        """A device is known in full; what its model needs at joining is sent."""
        if self._is_unwelcome(node, now):
            self._spawn(self._send_away(node))
            return
        device = self.known(node, now)
        device.node = node
        device.last_seen = now
        device.definition = self._definition(node)
        self._tell(Event.INTERVIEWED, device)
        self._set_available(device, available=True)
        if device.definition is not None:
            self._spawn(self._configure(device, device.definition))

    async def _configure(self, device: Device, definition: Definition) -> None:
        """Set a new device up and learn its state, while it is still awake."""
        for request in definition.on_join:
            await self._send_quietly(device, request)
        await device.refresh()
        await self.describe(device)

    async def describe(self, device: Device) -> None:
        """Ask for what an interview leaves out and is not known yet.

        One by one, for ones it does not have make some devices silent.
        """
        for number, name in About.ATTRIBUTES.items():
            if getattr(device.about, name) is not None:
                continue
            request = Attribute(Cluster.BASIC, number).read()
            try:
                answer = await self.radio.request(device.ieee, request, sleepy=device.is_sleepy)
            except RefusedError:
                continue
            except DeliveryError:
                break  # it sleeps already
            if answer is not None:
                device.about.note(answer)
        self._tell(Event.DESCRIBED, device)

    async def configure(self, device: Device) -> None:
        """Set a device up anew, for who asks for it.

        Raises:
            DeliveryError: it did not take it.
        """
        for request in device.definition.on_join if device.definition else ():
            await self.radio.request(device.ieee, request, sleepy=device.is_sleepy)
        await device.refresh()

    def interview_failed(self, node: Node) -> None:
        """A device fell silent during its interview."""
        if device := self._devices.get(node.ieee):
            self._tell(Event.INTERVIEW_FAILED, device)

    async def dismiss(self, ieee: Ieee, *, force: bool = False) -> None:
        """Ask a device to leave and forget it; with `force` forget it whatever it says.

        It cannot come back by itself: as long as the network is closed, it is sent away again.

        Raises:
            DeliveryError: it did not take its leave. It is not forgotten then.
        """
        await self.radio.remove(ieee, force=force)
        self._dismissed.add(ieee)
        await self._keep()

    def _is_unwelcome(self, node: Node, now: datetime) -> bool:
        if node.ieee not in self._dismissed:
            return False
        if self.is_open(now):
            self._dismissed.discard(node.ieee)
            return False
        return True

    async def _send_away(self, node: Node) -> None:
        _LOGGER.info("%s was removed and is back; it is asked to leave again", node.ieee)
        try:
            await self.radio.remove(node.ieee, force=True)
        except DeliveryError as error:
            _LOGGER.debug("%s did not hear it: %s", node.ieee, error)

    def left(self, ieee: Ieee) -> None:
        """A device has left; it stays known, for it may come back."""
        if device := self._devices.get(ieee):
            self._tell(Event.LEFT, device)
            self._set_available(device, available=False)

    def removed(self, ieee: Ieee) -> None:
        """A device was taken out of the network and is forgotten."""
        if device := self._devices.pop(ieee, None):
            self._tell(Event.REMOVED, device)

    def received(
        self, ieee: Ieee, report: Report | None, link_quality: int | None, now: datetime
    ) -> None:
        """A frame has come in."""
        device = self._devices.get(ieee)
        if device is None:
            return
        was_available = device.available
        device.received(report, link_quality, now)
        if report is not None:
            for request in device.replies(report):
                self._spawn(self._send_quietly(device, request))
        if not was_available:
            self._is_back(device)
        elif device.pending:
            self._spawn(device.flush())

    def lost(self, reason: str) -> None:
        """The radio is gone, and with it every device."""
        if not self.online:
            return
        self.online = False
        self.open_until = None
        for permitted in tuple(self._on_permit):
            permitted()
        self.health.losses += 1
        for device in self._devices.values():
            self._set_available(device, available=False)
        for callback in tuple(self._on_lost):
            callback(reason)

    def sent(self, status: int | None, now: datetime) -> None:
        """A frame went out, or did not."""
        self.health.sent(status, now)

    def found(self, now: datetime) -> None:
        """The radio is back: who was heard of lately is there again, and is asked how it is."""
        self.online = True
        for device in self._devices.values():
            self._set_available(device, available=self._is_fresh(device, now))
        for callback in tuple(self._on_found):
            callback()
        self._spawn(self.refresh())

    async def _send_quietly(self, device: Device, request: Request) -> None:
        try:
            await self.radio.request(device.ieee, request, sleepy=device.is_sleepy)
        except DeliveryError as error:
            _LOGGER.debug("%s did not take %s: %s", device.ieee, request, error)

    # Availability

    def _is_back(self, device: Device) -> None:
        """Read what may have changed while a device was away, send what waited for it."""
        self._set_available(device, available=True)
        if device.pending:
            self._spawn(device.flush())
        if not device.is_sleepy:
            self._spawn(device.refresh())

    def _is_fresh(self, device: Device, now: datetime) -> bool:
        if device.last_seen is None:
            return False
        return device.silence is None or now - device.last_seen <= device.silence

    def _set_available(self, device: Device, *, available: bool) -> None:
        if device.set_available(available=available):
            self._tell(Event.AVAILABILITY, device)

    async def check_availability(self, now: datetime) -> None:
        """Look who has been silent for too long; mains devices are asked before they are given up.

        To be called about once a minute.
        """
        if not self.online:
            return
        for device in tuple(self._devices.values()):
            if not device.available or self._is_fresh(device, now):
                continue
            if device.is_sleepy or not await self._answers(device):
                self._set_available(device, available=False)

    async def _answers(self, device: Device) -> bool:
        try:
            await self.radio.request(device.ieee, ALIVE.read())
        except DeliveryError:
            return False
        return True

    async def refresh(self) -> None:
        """Read the states of all devices that hear us, one after the other, after a start."""
        for device in tuple(self._devices.values()):
            if device.definition is not None and not device.is_sleepy:
                await device.refresh()

    # What survives a restart

    def as_dict(self) -> dict[str, Any]:
        """Everything that has to survive a restart, as JSON."""
        return {
            "devices": {ieee: device.as_dict() for ieee, device in self._devices.items()},
            "dismissed": sorted(self._dismissed),
        }
