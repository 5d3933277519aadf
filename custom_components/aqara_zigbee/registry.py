"""Keeps Home Assistant's device registry in step with the network."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .core.device import Device
from .core.gateway import Event, Gateway
from .core.radio import Coordinator, Ieee


@callback
def follow(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway) -> None:
    """Register the coordinator, then its devices, and go on doing so as they come and go."""
    register_coordinator(hass, entry, gateway.radio.coordinator)
    for device in gateway.values():
        register(hass, entry, gateway, device)

    @callback
    def witness(event: Event, device: Device) -> None:
        match event:
            case Event.JOINED | Event.INTERVIEWED | Event.DESCRIBED:
                register(hass, entry, gateway, device)
            case Event.REMOVED:
                _forget(hass, entry, device)
            case _:
                pass

    entry.async_on_unload(gateway.subscribe(witness))


@callback
def registered_device(hass: HomeAssistant, entry_id: str, ieee: Ieee) -> dr.DeviceEntry | None:
    """What Home Assistant's registry holds of a device, None if it is not registered."""
    found = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, ieee), entry_id)
    return found if isinstance(found, dr.DeviceEntry) else None


@callback
def name_of(hass: HomeAssistant, entry_id: str, ieee: Ieee) -> str:
    """What a device is called in Home Assistant; its address if it is not registered."""
    registered = registered_device(hass, entry_id, ieee)
    return ((registered.name_by_user or registered.name) if registered else None) or ieee


@callback
def register_coordinator(hass: HomeAssistant, entry: ConfigEntry, coordinator: Coordinator) -> None:
    """The radio's own device; it must be there before any other refers to it."""
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, coordinator.ieee)},
        connections={(dr.CONNECTION_ZIGBEE, coordinator.ieee)},
        manufacturer=coordinator.manufacturer,
        model=coordinator.model,
        name=f"{coordinator.manufacturer} {coordinator.model}",
        serial_number=coordinator.ieee,
        sw_version=coordinator.firmware,
    )


@callback
def register(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway, device: Device) -> None:
    """Register a device, or tell what is newly known about it."""
    definition, node = device.definition, device.node
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, device.ieee)},
        connections={(dr.CONNECTION_ZIGBEE, device.ieee)},
        manufacturer=definition.vendor if definition else node.manufacturer,
        model=definition.description if definition else node.model,
        model_id=definition.model if definition else node.model,
        name=definition.description if definition else (node.model or device.ieee),
        serial_number=device.ieee,
        sw_version=_firmware(device),
        hw_version=_number(device.about.hardware_version),
        via_device_id=dr.async_get_device_id_by_identifier(
            hass, (DOMAIN, gateway.radio.coordinator.ieee), config_entry_id=entry.entry_id
        ),
    )


def _firmware(device: Device) -> str | None:
    """The firmware by its file version; by what the device says of its build while that is unknown."""
    running, about = device.upkeep.running, device.about
    if running is not None:
        return str(running.version)
    return about.software_build_id or about.date_code or _number(about.application_version)


def _number(version: int | None) -> str | None:
    return None if version is None else str(version)


@callback
def _forget(hass: HomeAssistant, entry: ConfigEntry, device: Device) -> None:
    if registered := registered_device(hass, entry.entry_id, device.ieee):
        dr.async_get(hass).async_remove_device(registered.id)
