"""New devices: stored until the database takes them, and limited in number.

zigpy only logs at debug level that its database does not take a device, as on a full disk. It would not
know such a device after a restart, and would receive nothing any more from a device whose second
interview cannot be stored.

Anyone with the network key can announce devices that do not exist, each of which would be
interviewed, stored and shown.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
import contextlib
import functools
import logging
import sqlite3
from typing import Any, override

from zigpy.device import ZigbeeDevice
import zigpy.types as t
from zigpy_znp.zigbee import application

from ..core.models import Definitions

_LOGGER = logging.getLogger(__name__)


class StoringApplication(application.ControllerApplication):
    """A TI coordinator that stores its devices again until that succeeds."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self._unstored: dict[t.EUI64, ZigbeeDevice] = {}
        """Copies of the devices that could not be stored."""

    @override
    async def _load_db(self) -> None:
        await super()._load_db()
        listener: Any = self._dblistener
        if listener is not None:
            listener._raw_device_initialized = functools.partial(  # noqa: SLF001 - no other way
                self._store_device,
                listener._raw_device_initialized,  # noqa: SLF001
            )

    async def _store_device(
        self, store: Callable[[ZigbeeDevice], Awaitable[None]], device: ZigbeeDevice
    ) -> None:
        """Store a device, or note that it has to be stored later.

        Args:
            store: zigpy's method.
            device: a copy of the device.
        """
        try:
            await store(device)
        except sqlite3.Error as error:
            if device.ieee not in self._unstored:
                _LOGGER.warning("%s cannot be stored now: %s", device.ieee, error)
            self._unstored[device.ieee] = device
            await self._roll_back()
        else:
            self._unstored.pop(device.ieee, None)

    async def _roll_back(self) -> None:
        """Let no part of a device be stored with the next one."""
        listener: Any = self._dblistener
        with contextlib.suppress(sqlite3.Error):
            await listener._db.rollback()  # noqa: SLF001

    def _store_again(self) -> None:
        """Store the devices again that could not be stored."""
        listener: Any = self._dblistener  # not None, or nothing could have failed
        for ieee, copy in self._unstored.items():
            if (device := self.devices.get(ieee)) is not None:
                copy.nwk = device.nwk
                listener.enqueue("_raw_device_initialized", copy)

    @override
    async def remove(
        self, ieee: t.EUI64, remove_children: bool = True, rejoin: bool = False
    ) -> None:
        await super().remove(ieee, remove_children, rejoin)
        self._unstored.pop(ieee, None)

    @override
    async def _watchdog_feed(self) -> None:
        await super()._watchdog_feed()  # type: ignore[no-untyped-call]
        self._store_again()

    @override
    async def shutdown(self, *, db: bool = True) -> None:
        self._store_again()
        await super().shutdown(db=db)

    @override
    async def _device_reinterviewed(self, old_device: ZigbeeDevice, shadow: ZigbeeDevice) -> None:
        """Replace a device after an interview; it stays in its place if the database fails."""
        try:
            await super()._device_reinterviewed(old_device, shadow)
        except sqlite3.Error:
            if self.devices.get(old_device.ieee) is shadow:
                shadow.on_remove()
                self.devices[old_device.ieee] = old_device
                old_device.add_context_listener(self._dblistener)  # type: ignore[arg-type]
                await self._roll_back()
            raise


MOST_JOINERS = 16
"""Maximum devices that have joined since the start and whose interview has not ended."""
_JOIN_PAUSE = 2.0
"""Seconds in which at most `MOST_JOINERS` new devices are accepted."""


class RateLimit:
    """Allows each key once within some seconds, and a limited number of keys in that time."""

    def __init__(self, pause: float, most: int) -> None:
        """Create an unused limit.

        Args:
            pause: the seconds.
            most: the number of keys, at least 1.
        """
        self._pause = pause
        self._most = most
        self._passed: OrderedDict[Hashable, float] = OrderedDict()

    def allows(self, key: Hashable, now: float) -> bool:
        """Whether a key is allowed now; if so, it is counted."""
        if not self.would_allow(key, now):
            return False
        self._passed[key] = now
        return True

    def would_allow(self, key: Hashable, now: float) -> bool:
        """Whether a key is allowed now; it is not counted."""
        while self._passed and now - next(iter(self._passed.values())) >= self._pause:
            self._passed.popitem(last=False)
        return key not in self._passed and len(self._passed) < self._most


class JoiningApplication(StoringApplication):
    """A TI coordinator that interviews a limited number of new devices at once.

    Attributes:
        definitions: the definitions, which are loaded before the first interview.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self.definitions = Definitions({})
        self._loading: asyncio.Task[None] | None = None
        self._joiners: set[t.EUI64] = set()
        self._joins = RateLimit(_JOIN_PAUSE, MOST_JOINERS)
        self._associations = RateLimit(_JOIN_PAUSE, MOST_JOINERS)

    @override
    def on_zdo_tc_device_join(self, msg: Any) -> None:
        """Called when a device has the network key.

        zigpy-znp starts a timer for each and keeps it. A device skipped here is accepted when it
        announces itself.
        """
        now = asyncio.get_running_loop().time()
        for ieee, timer in tuple(self._join_announce_tasks.items()):
            if timer.cancelled() or timer.when() <= now:
                del self._join_announce_tasks[ieee]
        if msg.SrcIEEE in self.devices or self._associations.allows(msg.SrcIEEE, now):
            super().on_zdo_tc_device_join(msg)
        else:
            _LOGGER.debug("Too many devices join at once: %s has to wait", msg.SrcIEEE)

    @override
    def handle_join(
        self,
        nwk: t.NWK,
        ieee: t.EUI64,
        parent_nwk: t.NWK | None,
        *,
        handle_rejoin: bool = True,
    ) -> None:
        """Accept a device's network address. Of many new devices, the last seen ones are kept."""
        if ieee not in self.devices:
            if not self._joins.allows(ieee, asyncio.get_running_loop().time()):
                _LOGGER.debug("Too many devices join at once: %s has to wait", ieee)
                return
            self._make_room()
            self._joiners.add(ieee)
            self._load_definitions()
        super().handle_join(nwk, ieee, parent_nwk, handle_rejoin=handle_rejoin)  # type: ignore[arg-type]

    def _load_definitions(self) -> None:
        """Load the definitions, as a new device can be of any model."""
        if self._loading is None and not self.definitions.are_loaded:
            self._loading = self.create_task(
                asyncio.to_thread(self.definitions.load), "load the definitions"
            )

    @override
    async def send_packet(self, packet: t.ZigbeePacket) -> None:
        """Send a packet; none of an interview before the definitions are loaded."""
        if self._loading is not None and not self._loading.done():
            await asyncio.wait((self._loading,))
        await super().send_packet(packet)

    def _make_room(self) -> None:
        """Remove the new devices that were silent longest, to have room for one more."""
        joiners = [
            device
            for ieee in self._joiners
            if isinstance(device := self.devices.get(ieee), ZigbeeDevice)
            and not device.is_initialized
        ]
        joiners.sort(key=lambda device: device.last_seen or 0.0)
        for device in joiners[: max(len(joiners) - MOST_JOINERS + 1, 0)]:
            self._forget(device)
        self._joiners = {device.ieee for device in joiners if device.ieee in self.devices}

    def _forget(self, device: ZigbeeDevice) -> None:
        _LOGGER.debug("%s joined, did not say what it is, and is forgotten", device.ieee)
        device.cancel_initialization()
        del self.devices[device.ieee]
        self.listener_event("device_removed", device)
