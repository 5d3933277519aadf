"""Firmware of devices: where it may come from, and when it is looked for."""

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
"""The entry's option that holds `CONF_REMOTE`."""

CONF_REMOTE = "remote"

INTERVAL = timedelta(hours=1)
"""Between two looks into the folder; the index on the internet is asked once a day at most."""

_MOST_BYTES = 8 * 1024 * 1024
_SECONDS = 60.0


class Source(Protocol):
    """Where firmware comes from.

    Attributes:
        remote: whether it may come from the internet.
    """

    remote: bool


def folder(hass: HomeAssistant) -> Path:
    """Where users put firmware. It is theirs: nobody makes it or deletes it."""
    return Path(hass.config.path(f"{DOMAIN}_ota"))


def is_remote(entry: ConfigEntry) -> bool:
    """Whether the internet may be asked. Nobody asks it unless the user says so."""
    return bool(entry.options.get(CONF_UPDATES, {}).get(CONF_REMOTE, False))


def fetcher(hass: HomeAssistant) -> Callable[[str], Awaitable[bytes]]:
    """Get what is at an address, with Home Assistant's own session."""

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
def follow(hass: HomeAssistant, entry: ConfigEntry, updates: Updates, source: Source) -> None:
    """Look for firmware now, every hour, and when the user changes where it may come from."""

    @callback
    def look(_now: datetime | None = None) -> None:
        source.remote = is_remote(entry)
        work = updates.look_for_all()
        entry.async_create_background_task(hass, work, f"{DOMAIN} look for firmware")

    @callback
    def changed(_change: ConfigEntryChange, other: ConfigEntry) -> None:
        if other is entry and is_remote(entry) is not source.remote:
            look()

    entry.async_on_unload(async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed))
    entry.async_on_unload(async_track_time_interval(hass, look, INTERVAL))
    entry.async_on_unload(updates.stop)
    look()
