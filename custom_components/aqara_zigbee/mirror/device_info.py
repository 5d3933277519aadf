"""Device information in Zigbee2MQTT's terms: type, power source, manufacturer, model."""

from ..core.device import Device
from ..core.device_state import ROUTER
from ..core.limits import until_nul
from .names import address
from .payload import Json

_POWER_SOURCES = {
    0x01: "Mains (single phase)",
    0x02: "Mains (3 phase)",
    0x03: "Battery",
    0x04: "DC Source",
    0x05: "Emergency mains constantly powered",
    0x06: "Emergency mains and transfer switch",
}
"""Basic cluster's PowerSource (ZCL revision 8, 3.2.2.2.8)."""


def known(**members: Json) -> dict[str, Json]:
    """Return an object without the members that are None."""
    return {name: value for name, value in members.items() if value is not None}


def type_of(device: Device) -> str:
    """Return Zigbee2MQTT's device type, for unknown models from the node descriptor."""
    is_router = device.is_router if device.definition else device.node.logical_type == ROUTER
    return "Router" if is_router else "EndDevice"


def power_source_of(device: Device) -> str:
    """Return the power source, from our definition if the model is known."""
    if device.definition is not None:
        return _POWER_SOURCES[0x03 if device.definition.feed.is_battery else 0x01]
    return _POWER_SOURCES.get(device.about.power_source or 0, "Unknown")


def manufacturer_of(device: Device) -> str | None:
    """Return the manufacturer's name up to the first NUL (protocol 0.1)."""
    return until_nul(device.node.manufacturer) if device.node.manufacturer else None


def model_id_of(device: Device) -> str | None:
    """Return the Zigbee model identifier up to the first NUL."""
    return until_nul(device.node.model) if device.node.model else None


def description_of(device: Device, name: str) -> dict[str, Json]:
    """Return the ``device`` object of a message (protocol 6.2)."""
    definition, about = device.definition, device.about
    return known(
        applicationVersion=about.application_version,
        dateCode=about.date_code,
        friendlyName=name,
        hardwareVersion=about.hardware_version,
        ieeeAddr=address(device.ieee),
        manufacturerID=device.node.manufacturer_code,
        manufacturerName=manufacturer_of(device),
        model=definition.model if definition else None,
        networkAddress=device.node.nwk,
        powerSource=power_source_of(device),
        softwareBuildID=about.software_build_id,
        stackVersion=about.stack_version,
        type=type_of(device),
    )
