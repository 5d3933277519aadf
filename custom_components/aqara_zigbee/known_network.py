"""Remembers which network an entry is for, so that a stick with another one is noticed.

A stick can be swapped, restored by another program, or formed anew. Starting what it holds then
would leave every device of the home behind, without a word.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .core.identity import EXTENDED_PAN_ID, Identity

_VERSION = 1
_LOOK = timedelta(minutes=1)
_PREFIX = "epid="


class KnownNetwork:
    """The network of one config entry, as it was when it ran last.

    Attributes:
        identity: None while nobody knows, as before the first start and after a restore.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self.identity: Identity | None = None
        self._entry = entry
        self._store = Store[dict[str, Any]](
            hass, _VERSION, f"{DOMAIN}.{entry.entry_id}.network", private=True
        )

    async def load(self) -> None:
        """Read what was remembered."""
        stored = await self._store.async_load()
        self.identity = Identity.from_dict(stored) if stored else None

    async def remember(self, identity: Identity) -> None:
        """This is our network."""
        if identity != self.identity:
            self.identity = identity
            await self._store.async_save(identity.as_dict())

    async def forget(self) -> None:
        """Take the next network for ours, as after a restore on purpose, or on removal."""
        self.identity = None
        await self._store.async_remove()

    @property
    def extended_pan_id(self) -> str | None:
        """Of our network; None if not even the entry knows."""
        if self.identity is not None:
            return self.identity.extended_pan_id
        unique_id = self._entry.unique_id or ""
        return unique_id.removeprefix(_PREFIX) if unique_id.startswith(_PREFIX) else None

    def is_ours(self, found: Identity) -> bool:
        """Whether the network a stick holds is ours."""
        if self.identity is not None:
            return self.identity.has_become(found)
        return self.extended_pan_id in (None, found.extended_pan_id)

    def differences(self, found: Identity) -> tuple[str, ...]:
        """In what the network a stick holds differs from ours, as far as we know ours."""
        if self.identity is not None:
            return self.identity.differences(found)
        return () if self.is_ours(found) else (EXTENDED_PAN_ID,)

    @callback
    def follow(self, hass: HomeAssistant, read: Callable[[], Identity | None]) -> None:
        """Remember how the network changes while it is up.

        Args:
            hass: Home Assistant.
            read: the network that is up; None while there is none.
        """

        async def look(_now: datetime | None = None) -> None:
            if (identity := read()) is not None:
                await self.remember(identity)

        self._entry.async_on_unload(async_track_time_interval(hass, look, _LOOK))
        self._entry.async_on_unload(look)


def unique_id(extended_pan_id: str, unique_id: str | None) -> str | None:
    """The unique id of an entry whose network is exchanged; one of another kind stays."""
    is_named = unique_id is not None and unique_id.startswith(_PREFIX)
    return f"{_PREFIX}{extended_pan_id}".lower() if is_named else unique_id
