"""Sources of firmware, and the schedule of checks."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from aiohttp import ClientError, ClientTimeout
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval

from .const import DOMAIN
from .core.firmware import Obstacle, UpdateError
from .core.updates import Updates

CONF_UPDATES = "updates"
"""The entry's option with `CONF_REMOTE`."""

CONF_REMOTE = "remote"

INTERVAL = timedelta(hours=1)
"""Time between two checks of the folder; the online index is downloaded at most once a day."""

_MOST_BYTES = 8 * 1024 * 1024
_SECONDS = 60.0


class FirmwareSource(Protocol):
    """A source of firmware.

    Attributes:
        remote: whether firmware may be downloaded from the internet.
    """

    remote: bool


def folder(hass: HomeAssistant) -> Path:
    """Return the folder for the user's firmware files. It is never created or deleted here."""
    return Path(hass.config.path(f"{DOMAIN}_ota"))


def is_remote(entry: ConfigEntry) -> bool:
    """Whether firmware may be downloaded from the internet, by default not."""
    return bool(entry.options.get(CONF_UPDATES, {}).get(CONF_REMOTE, False))


def fetcher(hass: HomeAssistant) -> Callable[[str], Awaitable[bytes]]:
    """Return a function that downloads a URL with Home Assistant's own session."""

    async def fetch(address: str) -> bytes:
        session, content = async_get_clientsession(hass), bytearray()
        try:
            async with session.get(address, timeout=ClientTimeout(_SECONDS)) as response:
                response.raise_for_status()
                stream = response.content
                while part := await stream.read(65536):
                    content += part
                    if len(content) > _MOST_BYTES:
                        raise UpdateError(Obstacle.UNUSABLE, f"{address} is too long")
        except (ClientError, TimeoutError) as error:
            raise UpdateError(Obstacle.UNUSABLE, f"{address}: {error!r}") from error
        return bytes(content)

    return fetch


@callback
def follow(
    hass: HomeAssistant, entry: ConfigEntry, updates: Updates, source: FirmwareSource
) -> None:
    """Check for firmware now, every hour, and when the user changes the source."""

    @callback
    def check(_now: datetime | None = None) -> None:
        source.remote = is_remote(entry)
        work = updates.find_newer_for_all()
        entry.async_create_background_task(hass, work, f"{DOMAIN} look for firmware")

    @callback
    def changed(_change: ConfigEntryChange, other: ConfigEntry) -> None:
        if other is entry and is_remote(entry) is not source.remote:
            check()

    entry.async_on_unload(async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed))
    entry.async_on_unload(async_track_time_interval(hass, check, INTERVAL))
    entry.async_on_unload(updates.stop)
    check()
