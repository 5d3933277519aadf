"""System information of our networks, in Settings, System, Repairs."""

from collections.abc import Callable
from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.loader import async_get_integration

from .const import DOMAIN
from .core.gateway import Gateway
from .runtime import AqaraConfigEntry
from .watch.zigpy_version import installed, tested

_FACTS: dict[str, Callable[[Gateway], Any]] = {
    "coordinator_reachable": lambda gateway: gateway.online,
    "firmware": lambda gateway: gateway.radio.coordinator.firmware,
    "channel": lambda gateway: gateway.radio.coordinator.channel,
    "devices": len,
    "unavailable_devices": lambda gateway: sum(not each.available for each in gateway.values()),
    "connection_losses": lambda gateway: gateway.health.losses,
    "failed_messages": lambda gateway: sum(gateway.health.failures.values()),
}


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Register the information."""
    register.async_register_info(_information, "/config/integrations/integration/" + DOMAIN)


async def _information(hass: HomeAssistant) -> dict[str, Any]:
    versions = await hass.async_add_executor_job(installed)
    entries: list[AqaraConfigEntry] = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    integration = await async_get_integration(hass, DOMAIN)
    facts = {name: _fact(entries, name, read) for name, read in _FACTS.items()}
    return {
        "version": str(integration.version),
        "zigpy": versions["zigpy"],
        "zigpy_tested": tested(),
        **{name: fact for name, fact in facts.items() if fact is not None},
    }


def _fact(entries: list[AqaraConfigEntry], name: str, read: Callable[[Gateway], Any]) -> Any:
    """A fact of the only network, or of each with its title; None if no network is running."""
    facts = [
        (entry.title, read(entry.runtime_data.gateway))
        for entry in entries
        if entry.state is ConfigEntryState.LOADED
    ]
    if name == "coordinator_reachable":
        facts += [(e.title, False) for e in entries if e.state is not ConfigEntryState.LOADED]
    if not facts:
        return None
    if len(facts) == 1:
        return facts[0][1]
    return ", ".join(f"{title}: {_plain(value)}" for title, value in facts)


def _plain(value: Any) -> Any:
    """Return a value for a text that Home Assistant does not translate: not Python's "True"."""
    return str(value).lower() if isinstance(value, bool) else value
