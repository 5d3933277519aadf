"""Targets of triggers and conditions."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, split_entity_id
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .core.device import Device
from .core.property import Scalar
from .runtime import AqaraConfigEntry

_PERSON = "person"


def entities_of(hass: HomeAssistant, targeted: set[str], *keys: str) -> set[str]:
    """Return the entities with these keys of all our devices with targeted entities.

    So it does not matter whether an entity of a lock, the lock or its area is chosen.

    Args:
        hass: Home Assistant.
        targeted: entity ids.
        keys: names of events or properties (`AqaraEntity.key`).
    """
    registry = er.async_get(hass)
    entries = (registry.async_get(entity_id) for entity_id in targeted)
    devices = {entry.device_id for entry in entries if entry and entry.platform == DOMAIN}
    return {
        entry.entity_id
        for device_id in devices
        if device_id is not None
        for entry in er.async_entries_for_device(registry, device_id)
        if _key(entry) in keys
    }


def switches_of(hass: HomeAssistant, targeted: set[str]) -> set[str]:
    """Return the targeted entities that are our switches."""
    registry = er.async_get(hass)
    return {
        entity_id
        for entity_id in targeted
        if split_entity_id(entity_id)[0] == Platform.SWITCH
        and (entry := registry.async_get(entity_id)) is not None
        and entry.platform == DOMAIN
    }


def cause_of(hass: HomeAssistant, entity_id: str) -> Scalar:
    """Return the cause of a switch's last change: button, network or power; None if unknown."""
    entry = er.async_get(hass).async_get(entity_id)
    device = _device_of(hass, entry) if entry is not None else None
    if entry is None or device is None or device.definition is None:
        return None
    for row in device.definition.properties:
        if row.belongs_to == _key(entry):
            return device.state.get(row.name)
    return None


def is_one_of(hass: HomeAssistant, name: object, people: list[str]) -> bool:
    """Whether a user of a lock is one of these people.

    Args:
        hass: Home Assistant.
        name: the name of the lock's user, None if unknown.
        people: names, and entities of persons with the same name; case is ignored.
    """
    if not isinstance(name, str):
        return False
    return name.strip().casefold() in {_name(hass, each) for each in people}


def _name(hass: HomeAssistant, person: str) -> str:
    domain, _, _ = person.partition(".")
    if domain == _PERSON and (state := hass.states.get(person)) is not None:
        person = state.name
    return person.strip().casefold()


def _key(entry: er.RegistryEntry) -> str:
    return entry.unique_id.partition("-")[2]


def _device_of(hass: HomeAssistant, entry: er.RegistryEntry) -> Device | None:
    """Return the device of one of our entities, None while its network is not running."""
    if entry.config_entry_id is None:
        return None
    config: AqaraConfigEntry | None = hass.config_entries.async_get_entry(entry.config_entry_id)
    if config is None or config.state is not ConfigEntryState.LOADED:
        return None
    return config.runtime_data.gateway.get(entry.unique_id.partition("-")[0])
