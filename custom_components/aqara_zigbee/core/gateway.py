"""All devices of a network, and the one who listens to the radio for them."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
import logging
from typing import Any, override

from .about import About
from .definition import Definition
from .device import Device, Keep, Unsubscribe, keep_nothing
from .errors import DeliveryError
from .property import Attribute
from .radio import Ieee, Node, Radio
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


type Witness = Callable[[Event, Device], None]
type Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Gateway(Mapping[Ieee, Device]):
    """The devices of one network by address. It is the radio's `Listener`.

    Attributes:
        online: whether the radio is up. While it is not, no device is available.
    """

    def __init__(
        self,
        radio: Radio,
        definitions: Mapping[str, Definition],
        spawn: Spawn,
        memory: Mapping[Ieee, Mapping[str, Any]] | None = None,
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
        self._definitions = definitions
        self._spawn = spawn
        self._memory = dict(memory or {})
        self._keep = keep
        self._devices: dict[Ieee, Device] = {}
        self._witnesses: list[Witness] = []
        self._on_lost: list[Callable[[str], None]] = []

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
        await self._ask_about(device)

    async def _ask_about(self, device: Device) -> None:
        """Ask for what the interview leaves out, one by one: unknown ones make some devices silent."""
        for number, name in About.ATTRIBUTES.items():
            if getattr(device.about, name) is not None:
                continue
            request = Attribute(Cluster.BASIC, number).read()
            try:
                answer = await self.radio.request(device.ieee, request, sleepy=device.is_sleepy)
            except DeliveryError as error:
                if error.status is None:
                    return  # it sleeps already
                continue
            if answer is not None:
                device.about.note(answer)
        self._tell(Event.DESCRIBED, device)

    def interview_failed(self, node: Node) -> None:
        """A device fell silent during its interview."""
        if device := self._devices.get(node.ieee):
            self._tell(Event.INTERVIEW_FAILED, device)

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
        for device in self._devices.values():
            self._set_available(device, available=False)
        for callback in tuple(self._on_lost):
            callback(reason)

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

    def as_dict(self) -> dict[Ieee, dict[str, Any]]:
        """Everything that has to survive a restart, as JSON."""
        return {ieee: device.as_dict() for ieee, device in self._devices.items()}
