"""Stores what is known of an entry's network besides its devices: its identity, and its last scan.

A coordinator can be exchanged, restored by another program, or formed again. With another network,
every device of the home would silently be missing. So it is compared at each start.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval

from ..const import DOMAIN
from ..core.errors import StorageError
from ..core.gateway import Gateway
from ..core.identity import EXTENDED_PAN_ID, Identity, extended_pan_id_in
from ..core.network_scan import Scan
from .files import DurableStore

_LOGGER = logging.getLogger(__name__)

_VERSION = 1
_CHECK_INTERVAL = timedelta(minutes=1)


class KnownNetwork:
    """The network of one config entry at its last run.

    Attributes:
        identity: None if unknown, as before the first start and after a restore.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self.identity: Identity | None = None
        self._entry = entry
        self._store = DurableStore(hass, _VERSION, f"{DOMAIN}.{entry.entry_id}.network")

    async def load(self) -> None:
        """Load the stored network. If it is damaged, the entry's unique id is used instead."""
        self.identity = None
        try:
            if stored := await self._store.load():
                self.identity = Identity.from_dict(stored)
        except (StorageError, ValueError) as error:
            _LOGGER.warning("%s cannot be used and is ignored: %s", self._store.path, error)

    async def remember(self, identity: Identity) -> None:
        """Store the network.

        Raises:
            StorageError: it could not be stored.
        """
        if identity != self.identity:
            await self._store.save(identity.as_dict())
            self.identity = identity

    async def forget(self) -> None:
        """Accept any network at the next start, as after an intended restore, or on removal."""
        self.identity = None
        await self._store.async_remove()

    @property
    def extended_pan_id(self) -> str | None:
        """The network's extended PAN id; None if it is unknown."""
        if self.identity is not None:
            return self.identity.extended_pan_id
        return extended_pan_id_in(self._entry.unique_id)

    def is_ours(self, found: Identity) -> bool:
        """Whether a coordinator's network is the entry's."""
        if self.identity is not None:
            return self.identity.has_become(found)
        return self.extended_pan_id in (None, found.extended_pan_id)

    def differences(self, found: Identity) -> tuple[str, ...]:
        """The differences of a coordinator's network from the entry's, as far as it is known."""
        if self.identity is not None:
            return self.identity.differences(found)
        return () if self.is_ours(found) else (EXTENDED_PAN_ID,)

    @callback
    def follow(self, hass: HomeAssistant, read: Callable[[], Identity | None]) -> None:
        """Store changes of the network while it is running.

        Args:
            hass: Home Assistant.
            read: the running network; None while there is none.
        """

        async def check(_now: datetime | None = None) -> None:
            if (identity := read()) is not None:
                with suppress(StorageError):  # it is stored later
                    await self.remember(identity)

        self._entry.async_on_unload(async_track_time_interval(hass, check, _CHECK_INTERVAL))
        self._entry.async_on_unload(check)


def _scan_store(hass: HomeAssistant, entry: ConfigEntry) -> DurableStore:
    return DurableStore(hass, _VERSION, f"{DOMAIN}.{entry.entry_id}.scan")


async def load_scan(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway) -> None:
    """Load the last scan, and store new ones."""
    store = _scan_store(hass, entry)
    try:
        if stored := await store.load():
            gateway.scanner.last = Scan.from_dict(stored)
    except (StorageError, ValueError) as error:  # it can be scanned again
        _LOGGER.warning("%s cannot be used and is ignored: %s", store.path, error)

    async def keep(scan: Scan) -> None:
        with suppress(StorageError):
            await store.save(scan.as_dict())

    @callback
    def scanned(scan: Scan) -> None:
        entry.async_create_background_task(hass, keep(scan), f"{DOMAIN} scan")

    entry.async_on_unload(gateway.scanner.subscribe(scanned))


async def forget_scan(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete the stored scan."""
    await _scan_store(hass, entry).async_remove()
