"""The mirror on Home Assistant's MQTT client; the only folder that imports both.

The mirror does not block the network: it waits for a broker in the background, and a change of its
options restarts only the mirror. Its modules are imported when it is enabled.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.importlib import async_import_module

from ..const import CONF_ENABLED, CONF_MQTT, DOMAIN
from ..core.errors import DeliveryError
from ..core.gateway import Gateway
from ..core.updates import Updates
from ..runtime import AqaraConfigEntry

if TYPE_CHECKING:
    from .session import Session

MQTT = "mqtt"


def _enabled_options(entry: AqaraConfigEntry) -> Mapping[str, Any]:
    """Return the mirror's options as they are stored; empty while it is disabled."""
    options: Mapping[str, Any] = entry.options.get(CONF_MQTT, {})
    return options if options.get(CONF_ENABLED) else {}


@callback
def follow(
    hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway, updates: Updates | None = None
) -> None:
    """Mirror a network on MQTT while its entry is loaded and the mirror is enabled.

    Args:
        hass: Home Assistant.
        entry: the network's entry; its options may change at any time.
        gateway: the network.
        updates: the firmware updates of the network, if MQTT may request them.
    """
    switch = _Switch(hass, entry, gateway, updates)
    signal = async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, switch.changed)
    entry.async_on_unload(signal)
    entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, switch.stop))
    entry.async_on_unload(switch.stop)
    switch.apply_soon()


async def forget(hass: HomeAssistant, entry: ConfigEntry, stored: Mapping[str, Any]) -> None:
    """Clear the retained messages of a removed entry.

    Args:
        hass: Home Assistant.
        entry: the entry.
        stored: the stored data of its network (`Gateway.as_dict`).
    """
    if _enabled_options(entry) and hass.config_entries.async_loaded_entries(MQTT):
        session = await async_import_module(hass, f"{__name__}.session")
        await session.forget_entry(hass, entry, stored)


class _Switch:
    """Starts and stops sessions according to the entry's options."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AqaraConfigEntry,
        gateway: Gateway,
        updates: Updates | None,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._gateway = gateway
        self._updates = updates
        self._lock = asyncio.Lock()
        self._options: Mapping[str, Any] = {}
        self._session: Session | None = None
        self._is_over = False

    @callback
    def changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Called when any entry has changed."""
        if entry is self._entry and _enabled_options(entry) != self._options:
            self.apply_soon()

    @callback
    def apply_soon(self) -> None:
        """Apply the options in the background."""
        work = self._apply()
        self._entry.async_create_background_task(self._hass, work, f"{DOMAIN} mirror options")

    async def _apply(self) -> None:
        async with self._lock:
            old, self._options = self._options, _enabled_options(self._entry)
            if self._is_over or old == self._options:
                return
            if self._session is not None:
                if self._options and self._session.change(self._options):
                    return
                await self._session.stop(withdraw=True)
                self._session = None
            if self._options:
                with suppress(DeliveryError):  # the radio was lost, and the entry is reloaded soon
                    self._session = await self._begin()

    async def _begin(self) -> Session:
        module = await async_import_module(self._hass, f"{__name__}.session")
        session: Session = module.Session(
            self._hass, self._entry, self._gateway, self._options, self._updates
        )
        session.start()
        return session

    async def stop(self, _event: Event | None = None) -> None:
        """Stop permanently."""
        self._is_over = True
        async with self._lock:
            if self._session is not None:
                await self._session.stop()
                self._session = None
