"""What Settings, System, Repairs, System information says of our networks."""

from collections.abc import Callable
from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .core.gateway import Gateway
from .runtime import AqaraConfigEntry
from .versions import installed

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
    """Say who knows."""
    register.async_register_info(_information, "/config/integrations/integration/" + DOMAIN)


async def _information(hass: HomeAssistant) -> dict[str, Any]:
    versions = await hass.async_add_executor_job(installed)
    entries: list[AqaraConfigEntry] = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    return {
        "version": versions["zigpy"],
        **{name: _fact(entries, name, read) for name, read in _FACTS.items()},
    }


def _fact(entries: list[AqaraConfigEntry], name: str, read: Callable[[Gateway], Any]) -> Any:
    """A fact of the one network, or of each with its title."""
    facts = [
        (entry.title, read(entry.runtime_data.gateway))
        for entry in entries
        if entry.state is ConfigEntryState.LOADED
    ]
    if name == "coordinator_reachable":
        facts += [(e.title, False) for e in entries if e.state is not ConfigEntryState.LOADED]
    if len(facts) == 1:
        return facts[0][1]
    return ", ".join(f"{title}: {value}" for title, value in facts)
