"""Diagnostics: enough to add a model or find a fault, without secrets.

They contain neither the network key in any form, nor what identifies the network from outside, nor
names of people and devices. They contain addresses of devices, without which the frames cannot be
assigned to their senders.
"""

from collections import Counter
from collections.abc import Mapping
import math
import re
from typing import Any

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.device import Device
from .core.gateway import Gateway
from .core.network_scan import table
from .core.property import Text
from .core.radio import Node
from .core.value import Value
from .core.zcl import Report
from .runtime import AqaraConfigEntry, is_guest
from .watch import issues
from .watch.zigpy_version import installed, installed_for_zha, tested

_SECRET = {
    *("network_key", "key", "password", "username", "extended_pan_id", "friendly_name"),
    "serial_number",
}
_NUMBER = re.compile(r"#\d+")
"""A user without a name; any other text can contain one."""

_SERIAL_NUMBER = re.compile(r"[0-9A-Fa-f]{8,}")
"""Part of a port's name under /dev/serial/by-id."""


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: AqaraConfigEntry
) -> dict[str, Any]:
    """Return diagnostics of a network, even if it is not running."""
    content: dict[str, Any] = {
        "versions": await _versions(hass, entry),
        "entry": {
            "state": entry.state.value,
            "reason": entry.error_reason_translation_key,
            "data": _without_serial_number(entry.data),
            "options": dict(entry.options),
        },
        "troubles": issues.reported(hass, entry),
    }
    if entry.state is ConfigEntryState.LOADED:
        gateway = entry.runtime_data.gateway
        content |= _network(gateway)
        content["devices"] = [_device(device) for device in gateway.values()]
    redacted: dict[str, Any] = async_redact_data(content, _SECRET)
    return redacted


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: AqaraConfigEntry, device: dr.AnyDeviceEntry
) -> dict[str, Any]:
    """Return diagnostics of a device, or of the coordinator."""
    content: dict[str, Any] = {"versions": await _versions(hass, entry)}
    if entry.state is ConfigEntryState.LOADED:
        gateway = entry.runtime_data.gateway
        content |= _network(gateway)
        for domain, ieee in device.identifiers:
            if domain == DOMAIN and ieee in gateway:
                content["device"] = _device(gateway[ieee])
    redacted: dict[str, Any] = async_redact_data(content, _SECRET)
    return redacted


async def _versions(hass: HomeAssistant, entry: AqaraConfigEntry) -> dict[str, str]:
    versions = await hass.async_add_executor_job(installed)
    if is_guest(entry):
        versions |= await hass.async_add_executor_job(installed_for_zha)
    return {**versions, "zigpy_tested": tested()}


def _without_serial_number(data: Mapping[str, Any]) -> dict[str, Any]:
    port = dict(data.get("device", {}))
    if "path" in port:
        port["path"] = _SERIAL_NUMBER.sub(REDACTED, port["path"])
    return {**data, "device": port}


def _network(gateway: Gateway) -> dict[str, Any]:
    coordinator = gateway.radio.coordinator
    health = gateway.health
    return {
        "coordinator": {
            "ieee": coordinator.ieee,
            "manufacturer": coordinator.manufacturer,
            "model": coordinator.model,
            "firmware": coordinator.firmware,
            "channel": coordinator.channel,
        },
        "network_scan": table(scan) if (scan := gateway.scanner.last) else None,
        "health": {
            "online": gateway.online,
            "losses": health.losses,
            "failures": {str(status): count for status, count in health.failures.items()},
            "findings": sorted(health.findings(dt_util.utcnow())),
            "models": dict(Counter(str(device.node.model) for device in gateway.values())),
            "unavailable": sum(not device.available for device in gateway.values()),
        },
    }


def _device(device: Device) -> dict[str, Any]:
    kept = device.as_dict()
    return {
        "ieee": device.ieee,
        "nwk": f"0x{device.node.nwk:04x}",
        "supported": device.definition is not None,
        "available": device.available,
        "router": device.is_router,
        "signature": _signature(device.node),
        "about": kept["about"],
        "firmware": kept["firmware"],
        "last_seen": kept["last_seen"],
        "state": _shown(device, device.state),
        "pending": _shown(device, device.pending),
        "options": {name: _without_text(value) for name, value in device.options.items()},
        "strangers": {str(address): count for address, count in device.strangers.items()},
        "rejected": device.rejected,
        "frames": [
            {"time": time.isoformat() if time else None, **_report(report)}
            for time, report in device.frames
        ],
    }


def _without_text(value: Any) -> Any:
    """Return an option without texts of the user: names, descriptions."""
    match value:
        case bool() | int() | float() | None:
            return value
        case dict():
            return {key: _without_text(each) for key, each in value.items()}
        case _:
            return REDACTED


def _shown(device: Device, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return property values without free text, which can contain a current or former name."""
    rows = device.definition.properties if device.definition else ()
    texts = {row.name for row in rows if isinstance(row, Text)}
    return {
        name: REDACTED if name in texts and not _NUMBER.fullmatch(str(value)) else value
        for name, value in values.items()
    }


def _signature(node: Node) -> dict[str, Any]:
    """Return what an issue about a new model needs."""
    return {
        "model": node.model,
        "manufacturer": node.manufacturer,
        "manufacturer_code": _hex(node.manufacturer_code),
        "logical_type": node.logical_type,
        "mac_capabilities": node.mac_capabilities,
        "complete": node.is_complete,
        "endpoints": {
            str(number): {
                "profile_id": _hex(endpoint.profile),
                "device_type": _hex(endpoint.device_type),
                "input_clusters": [_hex(cluster) for cluster in endpoint.inputs],
                "output_clusters": [_hex(cluster) for cluster in endpoint.outputs],
            }
            for number, endpoint in node.endpoints.items()
        },
    }


def _report(report: Report) -> dict[str, Any]:
    return {
        "endpoint": report.endpoint,
        "cluster": _hex(report.cluster),
        "manufacturer": _hex(report.manufacturer),
        "answer": report.is_answer,
        "records": [
            {
                "attribute": _hex(record.attribute),
                "type": f"0x{record.type:02x}",
                "value": _plain(record.value),
            }
            for record in report.records
        ],
        "refused": [[_hex(attribute), status] for attribute, status in report.refused],
    }


def _plain(value: Value) -> Any:
    """Return a value as JSON: octets in hexadecimal, non-finite numbers as text."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case bytes():
            return value.hex()
        case tuple():
            return [_plain(each) for each in value]
        case _:
            return value


def _hex(number: int | None) -> str | None:
    return None if number is None else f"0x{number:04x}"
