"""What a download of diagnostics holds: enough to add a model or find a fault, and no secret.

Left out are the network key in any form, what identifies the network from outside, and the names
people gave to each other and to their devices. Addresses of devices stay: without them nobody can
tell from the frames who said what.
"""

from collections import Counter
from collections.abc import Mapping
import re
from typing import Any

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from . import issues
from .const import DOMAIN
from .core.device import Device
from .core.gateway import Gateway
from .core.options import USERS
from .core.radio import Node
from .core.value import Value
from .core.zcl import Report
from .runtime import AqaraConfigEntry
from .versions import installed

_SECRET = {"network_key", "key", "password", "username", "extended_pan_id", "friendly_name"}
_SERIAL_NUMBER = re.compile(r"[0-9A-Fa-f]{8,}")
"""Part of a port's name under /dev/serial/by-id."""


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: AqaraConfigEntry
) -> dict[str, Any]:
    """A network, also one that does not come up."""
    content: dict[str, Any] = {
        "versions": await hass.async_add_executor_job(installed),
        "entry": {
            "state": entry.state.value,
            "reason": entry.error_reason_translation_key,
            "data": _without_serial_number(entry.data),
            "options": dict(entry.options),
        },
        "troubles": issues.told(hass, entry),
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
    """One device, or the coordinator."""
    content: dict[str, Any] = {"versions": await hass.async_add_executor_job(installed)}
    if entry.state is ConfigEntryState.LOADED:
        gateway = entry.runtime_data.gateway
        content |= _network(gateway)
        for domain, ieee in device.identifiers:
            if domain == DOMAIN and ieee in gateway:
                content["device"] = _device(gateway[ieee])
    redacted: dict[str, Any] = async_redact_data(content, _SECRET)
    return redacted


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
    names = set(device.options.get(USERS, {}).values())
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
        "state": {name: _unnamed(value, names) for name, value in device.state.items()},
        "pending": {name: _unnamed(value, names) for name, value in device.pending.items()},
        "options": {
            name: dict.fromkeys(value, REDACTED) if name == USERS else value
            for name, value in device.options.items()
        },
        "strangers": device.strangers,
        "frames": [
            {"time": time.isoformat() if time else None, **_report(report)}
            for time, report in device.frames
        ],
    }


def _unnamed(value: Any, names: set[str]) -> Any:
    """A value, unless it is the name of somebody."""
    return REDACTED if value in names else value


def _signature(node: Node) -> dict[str, Any]:
    """What an issue for a new model needs."""
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
    """A value as JSON; octets in hexadecimal."""
    match value:
        case bytes():
            return value.hex()
        case tuple():
            return [_plain(each) for each in value]
        case _:
            return value


def _hex(number: int | None) -> str | None:
    return None if number is None else f"0x{number:04x}"
