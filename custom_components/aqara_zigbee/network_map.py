"""The last scan of a network: stored over restarts, and started by users."""

from contextlib import suppress
import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.errors import StorageError
from .core.gateway import Gateway
from .core.network_scan import Scan
from .storage.files import DurableStore

_LOGGER = logging.getLogger(__name__)

_VERSION = 1


def _store(hass: HomeAssistant, entry: ConfigEntry) -> DurableStore:
    return DurableStore(hass, _VERSION, f"{DOMAIN}.{entry.entry_id}.scan")


async def load(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway) -> None:
    """Load the last scan, and store new ones."""
    store = _store(hass, entry)
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


async def forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete the stored scan."""
    await _store(hass, entry).async_remove()


async def scan_network(gateway: Gateway) -> Scan:
    """Scan a network for a user.

    Raises:
        HomeAssistantError: the coordinator did not answer. The last scan is kept.
    """
    scan = await gateway.scanner.scan(dt_util.utcnow)
    if scan.coordinator in scan.failed:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="scan_failed")
    return scan
