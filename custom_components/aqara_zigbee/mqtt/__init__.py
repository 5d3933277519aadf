"""Binds the mirror to Home Assistant's MQTT client; the only room that knows both.

The mirror runs beside the network, never in its way: it waits for a broker on its own, and a change
of its options starts only the mirror anew.
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

from ..const import DOMAIN
from ..core.errors import DeliveryError
from ..core.gateway import Gateway
from ..mirror.names import stored_names
from ..mirror.ports import Hook
from ..mirror.settings import LAST_SEEN, LEVELS, Settings
from ..mirror.topics import problem_with

if TYPE_CHECKING:
    from .session import Session

__all__ = [
    "CONF_ENABLED",
    "CONF_MQTT",
    "LAST_SEEN",
    "LEVELS",
    "follow",
    "forget",
    "options_of",
    "problem_with",
]

MQTT = "mqtt"

CONF_MQTT = "mqtt"
"""The entry's option that holds `CONF_ENABLED` and the mirror's settings."""

CONF_ENABLED = "enabled"


def options_of(entry: ConfigEntry) -> dict[str, Any]:
    """The mirror's options, with what nobody has set."""
    return {CONF_ENABLED: False, **Settings().as_dict(), **entry.options.get(CONF_MQTT, {})}


@callback
def follow(
    hass: HomeAssistant,
    entry: ConfigEntry,
    gateway: Gateway,
    hooks: Mapping[str, Hook] | None = None,
) -> None:
    """Mirror a network on MQTT while its entry is loaded and its options say so.

    Args:
        hass: Home Assistant.
        entry: whose network; its options may change at any time.
        gateway: the network.
        hooks: what answers bridge requests the mirror cannot (`mirror.requests.HOOKED`).
    """
    switch = _Switch(hass, entry, gateway, hooks)
    signal = async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, switch.changed)
    entry.async_on_unload(signal)
    entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, switch.stop))
    entry.async_on_unload(switch.stop)
    switch.apply_soon()


async def forget(hass: HomeAssistant, entry: ConfigEntry, stored: Mapping[str, Any]) -> None:
    """Take back what the broker retains of an entry that is removed.

    Args:
        hass: Home Assistant.
        entry: the entry.
        stored: what was remembered of its network (`Gateway.as_dict`).
    """
    options = options_of(entry)
    if not options[CONF_ENABLED] or not hass.config_entries.async_loaded_entries(MQTT):
        return
    names = stored_names(stored)
    session = await async_import_module(hass, f"{__name__}.session")
    await session.forget(hass, options["base_topic"], entry.entry_id, names)


class _Switch:
    """Starts and stops sessions as the entry's options want it."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        gateway: Gateway,
        hooks: Mapping[str, Hook] | None,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._gateway = gateway
        self._hooks = hooks
        self._lock = asyncio.Lock()
        self._options: Mapping[str, Any] = {}
        self._session: Session | None = None
        self._is_over = False

    @callback
    def changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Some entry has changed."""
        if entry is self._entry and options_of(entry) != self._options:
            self.apply_soon()

    @callback
    def apply_soon(self) -> None:
        """Do as the options say, beside everything else."""
        work = self._apply()
        self._entry.async_create_background_task(self._hass, work, f"{DOMAIN} mirror options")

    async def _apply(self) -> None:
        async with self._lock:
            old, self._options = self._options, options_of(self._entry)
            if self._is_over or old == self._options:
                return
            if self._session is not None:
                moved = old["base_topic"] != self._options["base_topic"]
                await self._session.stop(withdraw=moved or not self._options[CONF_ENABLED])
                self._session = None
            if self._options[CONF_ENABLED]:
                with suppress(DeliveryError):  # the radio is gone, and all starts over soon
                    self._session = await self._begin()

    async def _begin(self) -> Session:
        module = await async_import_module(self._hass, f"{__name__}.session")
        session: Session = module.Session(
            self._hass,
            self._entry,
            self._gateway,
            Settings.of(self._options),
            self._configure,
            self._hooks,
        )
        session.start()
        return session

    @callback
    def _configure(self, settings: Mapping[str, Any]) -> None:
        """Change settings; the mirror starts anew."""
        options = {**options_of(self._entry), **settings}
        self._hass.config_entries.async_update_entry(
            self._entry, options={**self._entry.options, CONF_MQTT: options}
        )

    async def stop(self, _event: Event | None = None) -> None:
        """Stop for good."""
        self._is_over = True
        async with self._lock:
            if self._session is not None:
                await self._session.stop()
                self._session = None
