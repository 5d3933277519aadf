"""New devices that zigpy's database does not take, as on a full disk.

zigpy only logs that at debug level. It would not know such a device after a restart, and would receive
nothing any more from a device whose second interview cannot be stored.
"""

from collections.abc import Awaitable, Callable
import contextlib
import functools
import logging
import sqlite3
from typing import Any, override

from zigpy.device import ZigbeeDevice
import zigpy.types as t
from zigpy_znp.zigbee import application

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
