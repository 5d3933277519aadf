"""What has to survive a restart: states, last seen, waiting writes, options of every device.

It lies in Home Assistant's storage, named by config entry. zigpy's database holds only who is on
the network; should it be lost, names and histories are not.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.storage import STORAGE_DIR, Store

from .const import DOMAIN

_VERSION = 1
_SECONDS = 30.0


def database_path(hass: HomeAssistant, entry_id: str) -> Path:
    """Where zigpy keeps who is on the network."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{entry_id}.db"))


def delete_database(path: Path) -> None:
    """Delete zigpy's file and what SQLite keeps beside it."""
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink(missing_ok=True)


class Memory:
    """The stored states of one config entry.

    Reports are written down together, at most twice a minute: what a device told it will tell
    again. What only we know is written at once by `save`.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        self._hass = hass
        self._store = Store[dict[str, Any]](hass, _VERSION, f"{DOMAIN}.{entry_id}")
        self._content: Callable[[], dict[str, Any]] | None = None
        self._cancel: CALLBACK_TYPE | None = None

    async def load(self) -> dict[str, Any]:
        """What was written last; empty the first time."""
        return await self._store.async_load() or {}

    def remember(self, content: Callable[[], dict[str, Any]]) -> None:
        """Where to get what is to be written."""
        self._content = content

    @callback
    def save_soon(self) -> None:
        """Write within the next half minute, whatever else happens until then."""
        if self._cancel is None:
            self._cancel = async_call_later(self._hass, _SECONDS, self._on_time)

    async def _on_time(self, _now: object) -> None:
        self._cancel = None
        await self.save()

    async def save(self) -> None:
        """Write now."""
        self.forget_timer()
        if self._content is not None:
            await self._store.async_save(self._content())

    @callback
    def forget_timer(self) -> None:
        """Leave nothing behind that would run later."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    async def remove(self) -> None:
        """Delete what was written."""
        self.forget_timer()
        await self._store.async_remove()
