"""Acknowledged changes that Home Assistant has not written yet: device names, entry options.

Home Assistant writes its device registry ten seconds after a change and its config entries after
one. Until then they are stored here, and set again after a start if they are missing.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval

from ..const import DOMAIN
from ..core.errors import AqaraError
from ..core.gateway import Gateway
from ..core.radio import Ieee
from ..runtime import AqaraConfigEntry

_NAMES, _OPTIONS = "names", "options"
"""Notes of the gateway (`Gateway.notes`): names by address, and the entry's options."""

_KEPT = timedelta(minutes=1)
"""Minimum time to keep them; far longer than Home Assistant needs."""


async def rename(
    hass: HomeAssistant, gateway: Gateway, registered: dr.DeviceEntry, name: str
) -> None:
    """Name a device in Home Assistant.

    Raises:
        StorageError, ConversionError: it cannot be stored, and nothing was changed.
    """
    ieee = next(ieee for domain, ieee in registered.identifiers if domain == DOMAIN)
    await gateway.note(_NAMES, {**_names(gateway), ieee: name})
    dr.async_get(hass).async_update_device(registered.id, name_by_user=name)


def _names(gateway: Gateway) -> dict[Ieee, str]:
    """Return the stored names; invalid ones are omitted."""
    names = gateway.notes.get(_NAMES)
    return {
        ieee: name
        for ieee, name in (names.items() if isinstance(names, dict) else ())
        if isinstance(name, str)
    }


async def keep_options(gateway: Gateway, options: Mapping[str, Any]) -> None:
    """Store options that the entry will get.

    Raises:
        StorageError, ConversionError: they cannot be stored.
    """
    await gateway.note(_OPTIONS, dict(options))


class _Unwritten:
    """The unwritten changes of one entry."""

    def __init__(self, hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway) -> None:
        self._hass = hass
        self._entry = entry
        self._gateway = gateway
        self._old: dict[str, Any] = {}
        self._options = dict(entry.options)

    @callback
    def set_again(self) -> None:
        """Set changes that Home Assistant had not written when it ended."""
        registry = dr.async_get(self._hass)
        for ieee, name in _names(self._gateway).items():
            registered = registry.async_get_device_by_identifier(
                (DOMAIN, ieee), self._entry.entry_id
            )
            if registered is not None:
                registry.async_update_device(registered.id, name_by_user=name)
        options = self._gateway.notes.get(_OPTIONS)
        if isinstance(options, dict):
            self._hass.config_entries.async_update_entry(self._entry, options=options)

    async def check(self, _now: datetime) -> None:
        """Remove changes that are old enough."""
        for name, value in tuple(self._gateway.notes.items()):
            if self._old.get(name) == value:
                await self._note(name, None)
        self._old = dict(self._gateway.notes)

    async def _note(self, name: str, value: Any) -> None:
        try:
            await self._gateway.note(name, value)
        except AqaraError:
            return  # tried again at the next check

    async def device_changed(self, event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        """Called when a device was renamed from anywhere: the last name is kept."""
        names = _names(self._gateway)
        if event.data["action"] != "update" or "name_by_user" not in event.data["changes"]:
            return
        registered = dr.async_get(self._hass).async_get(event.data["device_id"])
        for domain, ieee in registered.identifiers if registered else ():
            if domain == DOMAIN and ieee in names:
                assert registered is not None
                name = registered.name_by_user
                rest = {other: names[other] for other in names if other != ieee}
                if name != names[ieee]:
                    await self._note(_NAMES, {**rest, ieee: name} if name else rest)

    @callback
    def entry_changed(self, _change: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Called when the entry's options were changed from anywhere: the last ones are kept."""
        options = dict(self._entry.options)
        if entry is not self._entry or options == self._options:
            return
        self._options = options
        if self._gateway.notes.get(_OPTIONS, options) != options:
            self._entry.async_create_background_task(
                self._hass, self._note(_OPTIONS, options), f"{DOMAIN} options"
            )


@callback
def follow(hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway) -> None:
    """Set lost changes again, and remove them once Home Assistant has written them."""
    unwritten = _Unwritten(hass, entry, gateway)
    unwritten.set_again()
    entry.async_on_unload(async_track_time_interval(hass, unwritten.check, _KEPT))
    entry.async_on_unload(
        hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, unwritten.device_changed)
    )
    entry.async_on_unload(
        async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, unwritten.entry_changed)
    )
