"""Keeps Home Assistant's device registry up to date."""

from collections.abc import Iterable
import re

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_RESTORED, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .const import DOMAIN
from .core.device import Device
from .core.events import NetworkEvent
from .core.gateway import Gateway
from .core.radio import Coordinator, Ieee


@callback
def follow(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway) -> None:
    """Register the coordinator and all devices, and keep the registry up to date."""
    register_coordinator(hass, entry, gateway.radio.coordinator)
    for device in gateway.values():
        register(hass, entry, gateway, device)

    @callback
    def on_event(event: NetworkEvent, device: Device) -> None:
        match event:
            case NetworkEvent.JOINED | NetworkEvent.INTERVIEWED | NetworkEvent.DESCRIBED:
                register(hass, entry, gateway, device)
            case NetworkEvent.REMOVED:
                _forget(hass, entry, device)
            case _:
                pass

    entry.async_on_unload(gateway.subscribe(on_event))


@callback
def registered_device(hass: HomeAssistant, entry_id: str, ieee: Ieee) -> dr.DeviceEntry | None:
    """Return a device's registry entry, None if it is not registered."""
    found = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, ieee), entry_id)
    return found if isinstance(found, dr.DeviceEntry) else None


@callback
def register_with_details(
    hass: HomeAssistant,
    entry: ConfigEntry,
    ieee: Ieee,
    *,
    name: str | None,
    area: str | None,
    labels: Iterable[str],
) -> None:
    """Register a device with its name, area and labels, before it has entities."""
    registry = dr.async_get(hass)
    device = registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, ieee)},
        connections={(dr.CONNECTION_ZIGBEE, ieee)},
    )
    registry.async_update_device(device.id, name_by_user=name, area_id=area, labels=set(labels))


@callback
def owner_of_device(hass: HomeAssistant, ieee: Ieee) -> str | None:
    """Return the id of our entry that has a device."""
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        found = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, ieee), entry.entry_id)
        if found is not None:
            return entry.entry_id
    return None


@callback
def name_of(hass: HomeAssistant, entry_id: str, ieee: Ieee) -> str:
    """Return a device's name in Home Assistant; its address if it is not registered."""
    registered = registered_device(hass, entry_id, ieee)
    return ((registered.name_by_user or registered.name) if registered else None) or ieee


@callback
def rename(
    hass: HomeAssistant,
    device: dr.DeviceEntry,
    *,
    name: str | None,
    area: str | None,
    with_entity_ids: bool,
) -> None:
    """Set a device's name and area.

    Args:
        hass: Home Assistant.
        device: the device.
        name: its name; None keeps the current one.
        area: the id of its area; None keeps the current one.
        with_entity_ids: whether to recreate its entity ids, as Home Assistant forms them. Those
            changed by the user are kept.
    """
    entities = er.async_get(hass)
    found = er.async_entries_for_device(entities, device.id, include_disabled_entities=True)
    automatic = [entry.id for entry in found if _is_automatic(entities, entry)]
    registry = dr.async_get(hass)
    if name is not None:
        registry.async_update_device(device.id, name_by_user=name)
    if area is not None:
        registry.async_update_device(device.id, area_id=area)
    if not with_entity_ids:
        return
    for entry_id in automatic:
        entry = entities.entities.get_entry(entry_id)
        assert entry is not None
        wanted = entities.async_regenerate_entity_id(entry)
        if wanted != entry.entity_id:
            entities.async_update_entity(entry.entity_id, new_entity_id=wanted)


def _is_automatic(entities: er.EntityRegistry, entry: er.RegistryEntry) -> bool:
    """Whether an entity id is as Home Assistant forms it, possibly with a number."""
    wanted = entities.async_regenerate_entity_id(entry)
    return re.fullmatch(rf"{re.escape(wanted)}(_\d+)?", entry.entity_id) is not None


@callback
def remove_entities_of_owner(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway) -> None:
    """Remove entities of our own coordinator from an entry that has none any more.

    Must be called after all entities were added.
    """
    registry = er.async_get(hass)
    coordinator = registered_device(hass, entry.entry_id, gateway.radio.coordinator.ieee)
    for each in er.async_entries_for_config_entry(registry, entry.entry_id):
        state = hass.states.get(each.entity_id)
        is_left = state is not None and state.attributes.get(ATTR_RESTORED, False)
        is_coordinators = coordinator is not None and each.device_id == coordinator.id
        if each.domain == Platform.UPDATE or (is_coordinators and is_left):
            registry.async_remove(each.entity_id)


@callback
def register_coordinator(hass: HomeAssistant, entry: ConfigEntry, coordinator: Coordinator) -> None:
    """Register the coordinator's device, before others refer to it.

    It has its entry's name, so that those of several networks are distinct.
    """
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, coordinator.ieee)},
        connections={(dr.CONNECTION_ZIGBEE, coordinator.ieee)},
        manufacturer=coordinator.manufacturer,
        model=coordinator.model,
        name=entry.title,
        serial_number=None,
        sw_version=coordinator.firmware,
    )


@callback
def register(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway, device: Device) -> None:
    """Register a device, or update its entry."""
    definition, node = device.definition, device.node
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, device.ieee)},
        connections={(dr.CONNECTION_ZIGBEE, device.ieee)},
        manufacturer=definition.vendor if definition else node.manufacturer,
        model=definition.description if definition else node.model,
        model_id=definition.model if definition else node.model,
        name=definition.description if definition else (node.model or device.ieee),
        serial_number=None,
        sw_version=_firmware(device),
        hw_version=_number(device.about.hardware_version),
        via_device_id=dr.async_get_device_id_by_identifier(
            hass, (DOMAIN, gateway.radio.coordinator.ieee), config_entry_id=entry.entry_id
        ),
    )


def _firmware(device: Device) -> str | None:
    """Return the firmware's file version; while it is unknown, the device's build id.

    The date code is not a version: the knob's is just "2019".
    """
    running, about = device.upkeep.running, device.about
    if running is not None:
        return str(running.version)
    return about.software_build_id or _number(about.application_version)


def _number(version: int | None) -> str | None:
    return None if version is None else str(version)


@callback
def _forget(hass: HomeAssistant, entry: ConfigEntry, device: Device) -> None:
    if registered := registered_device(hass, entry.entry_id, device.ieee):
        dr.async_get(hass).async_remove_device(registered.id)
