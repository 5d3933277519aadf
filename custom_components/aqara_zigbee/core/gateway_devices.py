"""The devices of a network: their events and their availability."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Any, override

from .device import Device
from .errors import DeliveryError
from .events import ChangeListener, NetworkChange, NetworkEvent, Unsubscribe
from .radio import Ieee, Owner, Radio
from .source import Attribute
from .zcl import Cluster

_LOGGER = logging.getLogger(__name__)

ALIVE = Attribute(Cluster.BASIC, 0x0000)
"""Attribute that is read from silent devices to check whether they are available (protocol 6.6)."""

_AWAKE = timedelta(seconds=5)
"""Time in which a sleepy device may be awake after a frame."""

_AT_ONCE = 4
"""Devices that are read concurrently: a silent one, for which the radio waits 10 s, does not delay
the others, and a large network is not flooded."""

type Spawn = Callable[[Coroutine[Any, Any, None]], object]
type EventListener = Callable[[NetworkEvent, Device], None]


class GatewayDevices(Mapping[Ieee, Device]):
    """The devices of one network by address. How they come and go is in `gateway`.

    Attributes:
        online: whether the radio is connected. Otherwise no device is available.
    """

    def __init__(
        self, radio: Radio, spawn: Spawn, clock: Callable[[], datetime] | None = None
    ) -> None:
        self.radio = radio
        self.online = True
        self._spawn = spawn
        self._clock = clock
        self._reading: set[Ieee] = set()
        self._asked: set[Ieee] = set()
        self._devices: dict[Ieee, Device] = {}
        self._event_listeners: list[EventListener] = []
        self._change_listeners: list[ChangeListener] = []

    @override
    def __getitem__(self, ieee: Ieee) -> Device:
        return self._devices[ieee]

    @override
    def __iter__(self) -> Iterator[Ieee]:
        return iter(self._devices)

    @override
    def __len__(self) -> int:
        return len(self._devices)

    @property
    def owner(self) -> Owner | None:
        """The radio of a network on our own coordinator.

        None on another program's network, where only that program removes devices and changes the
        channel.
        """
        return self.radio if isinstance(self.radio, Owner) else None

    def subscribe(self, listener: EventListener) -> Unsubscribe:
        """Call `listener` when a device joins, leaves, is interviewed or changes availability."""
        self._event_listeners.append(listener)
        return lambda: self._event_listeners.remove(listener)

    def subscribe_network(self, listener: ChangeListener) -> Unsubscribe:
        """Call `listener` when the radio is lost or found, or joining is permitted or ended early."""
        self._change_listeners.append(listener)
        return lambda: self._change_listeners.remove(listener)

    def _changed(self, change: NetworkChange) -> None:
        for listener in tuple(self._change_listeners):
            listener(change)

    def _notify(self, event: NetworkEvent, device: Device) -> None:
        for listener in tuple(self._event_listeners):
            try:
                listener(event, device)
            except Exception:  # an error of one listener must not affect the others
                _LOGGER.exception("A listener of %s failed", event)

    async def _read(self, device: Device, since: Counter[str] | None = None) -> None:
        try:
            await device.refresh(since)
        finally:
            self._reading.discard(device.ieee)

    # Availability

    def _is_back(self, device: Device) -> None:
        """Read what may have changed while a device was unavailable; send its waiting values."""
        self._set_available(device, available=True)
        if device.is_waited_for:
            self._spawn(device.flush())
        if not device.is_sleepy and device.ieee not in self._reading:
            self._reading.add(device.ieee)
            self._spawn(self._read(device))

    def _try_at_once(self, device: Device) -> None:
        """Send waiting values to a device that recently sent a frame, as it may still be awake."""
        if self._clock is None or device.last_seen is None or not device.available:
            return
        if self._clock() - device.last_seen <= _AWAKE:
            self._spawn(device.try_waiting())

    def _is_fresh(self, device: Device, now: datetime) -> bool:
        if device.last_seen is None:
            return False
        return device.silence is None or now - device.last_seen <= device.silence

    def _set_available(self, device: Device, *, available: bool) -> None:
        if device.set_available(available=available):
            self._notify(NetworkEvent.AVAILABILITY, device)

    async def check_availability(self, now: datetime) -> None:
        """Check for devices that were silent for too long; mains devices are read before.

        Must be called about once a minute.
        """
        if not self.online:
            return
        silent = [
            device
            for device in self._devices.values()
            if device.available and not self._is_fresh(device, now)
        ]
        to_ask = [each for each in silent if not each.is_sleepy and each.ieee not in self._asked]
        for device in silent:
            if device.is_sleepy:
                self._set_available(device, available=False)
        self._asked |= {device.ieee for device in to_ask}
        await _for_each(to_ask, partial(self._ask_whether_alive, now))

    async def _ask_whether_alive(self, now: datetime, device: Device) -> None:
        """Read a mains device; without a response or report it becomes unavailable."""
        try:
            if not await self._answers(device) and not self._is_fresh(device, now):
                self._set_available(device, available=False)
        finally:
            self._asked.discard(device.ieee)

    async def _answers(self, device: Device) -> bool:
        try:
            await self.radio.request(device.ieee, ALIVE.read())
        except DeliveryError:
            return False
        return True

    async def refresh(self) -> None:
        """Read the states of all devices that are not sleepy, some at a time, after a start."""
        awake = [
            device
            for device in self._devices.values()
            if device.definition is not None and not device.is_sleepy
        ]
        await _for_each(awake, Device.refresh)


async def _for_each(devices: Iterable[Device], work: Callable[[Device], Awaitable[None]]) -> None:
    """Run `work` for devices, `_AT_ONCE` at the same time."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def work_in_turn(device: Device) -> None:
        async with slots:
            await work(device)

    await asyncio.gather(*(work_in_turn(device) for device in devices))
