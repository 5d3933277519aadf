"""Backs up a network: once a day, after changes, and on request."""

import asyncio
from datetime import datetime, timedelta
import logging
from typing import Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from ..core.device import Device
from ..core.errors import DeliveryError, StorageError
from ..core.events import NetworkEvent
from ..core.gateway import Gateway
from .backup_list import BackupList, Network, Reason, StoredBackup

_LOGGER = logging.getLogger(__name__)

_CHECK_INTERVAL = timedelta(seconds=30)
_CALM = timedelta(seconds=30)
"""Delay after a change, so that several joins are in one backup."""
_DAY = timedelta(days=1)

_REASONS = {
    NetworkEvent.INTERVIEWED: Reason.JOINED,
    NetworkEvent.LEFT: Reason.LEFT,
    NetworkEvent.REMOVED: Reason.LEFT,
}


class BackupSource(Protocol):
    """The radio's functions for backups."""

    async def backup(self) -> Network:
        """Read the network from the coordinator.

        Raises:
            DeliveryError: the radio was lost or could not be read.
        """
        ...


class Backups:
    """Backs up one network.

    Attributes:
        archive: the stored backups.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str, gateway: Gateway, radio: BackupSource):
        self.archive = BackupList(hass, entry_id)
        self.entry_id = entry_id
        self._gateway = gateway
        self._radio = radio
        self._lock = asyncio.Lock()
        self._wanted: tuple[Reason, datetime] | None = None
        self._channel = gateway.radio.coordinator.channel
        self._is_over = False
        self._daily: datetime | None = None
        """Time of the newest daily backup; None before the list was read."""

    async def make(self, reason: Reason) -> StoredBackup:
        """Back up the network now. Takes a few seconds on a real coordinator.

        Raises:
            DeliveryError: the radio was lost or could not be read.
            StorageError: the backup could not be written to disk.
        """
        async with self._lock:
            network = await self._radio.backup()
            if self._is_over:
                raise DeliveryError("the network was stopped")
            members = [device.ieee for device in self._gateway.values()]
            kept = StoredBackup.of(reason, network.of_members(members), dt_util.utcnow())
            await self.archive.add(kept)
            if reason is Reason.DAILY:
                self._daily = kept.taken
            return kept

    @callback
    def soon(self, reason: Reason) -> None:
        """Back up the network after a delay without further changes."""
        self._wanted = reason, dt_util.utcnow() + _CALM

    @callback
    def on_event(self, event: NetworkEvent, _device: Device) -> None:
        """Called for an event of a device."""
        if reason := _REASONS.get(event):
            self.soon(reason)

    async def check(self, now: datetime) -> None:
        """Create the daily or a pending backup if it is due. A failed one is tried again."""
        if not self._gateway.online:
            return
        channel = self._gateway.radio.coordinator.channel
        if channel != self._channel:
            self._channel = channel
            self.soon(Reason.CHANNEL)
        wanted = self._wanted
        if wanted is None and await self._is_daily_due(now):
            wanted = self._wanted = Reason.DAILY, now
        if wanted is None or now < wanted[1]:
            return
        try:
            await self.make(wanted[0])
        except (DeliveryError, StorageError) as error:
            _LOGGER.debug("No backup for %s: %s", wanted[0], error)
            return
        if self._wanted == wanted:
            self._wanted = None

    async def _is_daily_due(self, now: datetime) -> bool:
        if self._daily is None:
            daily = [kept for kept in await self.archive.all() if kept.reason is Reason.DAILY]
            if not daily:
                return True
            self._daily = daily[0].taken
        return now - self._daily >= _DAY

    @callback
    def stop(self) -> None:
        """Cancel pending backups."""
        self._is_over = True


@callback
def follow(
    hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway, radio: BackupSource
) -> Backups:
    """Back up a network while it is running."""
    backups = Backups(hass, entry.entry_id, gateway, radio)
    entry.async_on_unload(gateway.subscribe(backups.on_event))
    entry.async_on_unload(async_track_time_interval(hass, backups.check, _CHECK_INTERVAL))
    entry.async_on_unload(backups.stop)
    return backups
