"""What is known of a device as a member of the network, in Zigbee2MQTT's words."""

from ..core.definition import Power
from ..core.device import Device
from .names import address
from .payload import Json

_ROUTER = 1
"""Logical type in a node descriptor (Zigbee specification, 2.3.2.3)."""

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
    """An object without what there is nothing to say of."""
    return {name: value for name, value in members.items() if value is not None}


def type_of(device: Device) -> str:
    """Router or end device, by our table; the descriptors of three models are wrong."""
    if device.definition is not None:
        return "Router" if device.definition.power is Power.MAINS else "EndDevice"
    return "Router" if device.node.logical_type == _ROUTER else "EndDevice"


def power_source_of(device: Device) -> str:
    """What feeds it, by our table where it has the model."""
    if device.definition is not None:
        return _POWER_SOURCES[0x01 if device.definition.power is Power.MAINS else 0x03]
    return _POWER_SOURCES.get(device.about.power_source or 0, "Unknown")


def manufacturer_of(device: Device) -> str | None:
    """The maker's name up to the first NUL (contract 0.1)."""
    return _until_nul(device.node.manufacturer)


def model_id_of(device: Device) -> str | None:
    """The Zigbee model identifier up to the first NUL."""
    return _until_nul(device.node.model)


def _until_nul(text: str | None) -> str | None:
    return text.partition("\0")[0] if text else None


def description_of(device: Device, name: str) -> dict[str, Json]:
    """The ``device`` object of a message (contract 6.2)."""
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
