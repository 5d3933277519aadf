"""What Home Assistant knows of the program that had the network before: ZHA, or Zigbee2MQTT.

ZHA is another integration of the same Home Assistant. Zigbee2MQTT is not, but its devices are
usually registered here over MQTT. Both leave behind what people gave devices in Home Assistant.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
import re

from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from ..arrival import Place
from ..core.radio import Ieee

ZHA = "zha"
MQTT = "mqtt"

_RADIO = "znp"
_DATABASE = "zigbee.db"
_TOPIC_NAME = re.compile(r"zigbee2mqtt_0x([0-9a-f]{16})")
"""How Zigbee2MQTT identifies a device in its discovery messages."""


@dataclass(frozen=True, slots=True)
class Zha:
    """ZHA on this machine.

    Attributes:
        database: zigpy's file, as ZHA keeps it.
        entry: its config entry; None if it was removed already.
    """

    database: Path
    entry: ConfigEntry | None


async def find_zha(hass: HomeAssistant) -> Zha | None:
    """ZHA, if its network is on a stick of the kind we can use and its database is there."""
    entries = [
        entry
        for entry in hass.config_entries.async_entries(ZHA)
        if entry.source != SOURCE_IGNORE and "device" in entry.data
    ]
    fitting = [entry for entry in entries if entry.data.get("radio_type") == _RADIO]
    if entries and not fitting:
        return None
    database = Path(_configured(hass) or hass.config.path(_DATABASE))
    if not await hass.async_add_executor_job(database.is_file):
        return None
    return Zha(database, fitting[0] if fitting else None)


def _configured(hass: HomeAssistant) -> str | None:
    """Where ZHA was told in YAML to keep its database; it says so once it is set up."""
    settings = getattr(hass.data.get(ZHA), "yaml_config", None) or {}
    path = settings.get("database_path")
    return path if isinstance(path, str) else None


@callback
def places(hass: HomeAssistant, domain: str, members: Iterable[Ieee]) -> dict[Ieee, Place]:
    """What people gave devices in Home Assistant: names, areas, labels.

    Args:
        hass: Home Assistant.
        domain: the integration they were registered by, `ZHA` or `MQTT`.
        members: which devices.
    """
    wanted = set(members)
    found = {}
    for device in dr.async_get(hass).devices:
        if isinstance(device, dr.DeviceEntry) and (ieee := _address(device, domain)) in wanted:
            found[ieee] = Place(device.name_by_user, device.area_id, tuple(sorted(device.labels)))
    return found


def _address(device: dr.DeviceEntry, domain: str) -> Ieee:
    """The address of a device that an integration has registered; empty if it is none of those."""
    for identifier in device.identifiers:
        if identifier[0] != domain:
            continue
        if domain == ZHA:
            return identifier[1]
        if name := _TOPIC_NAME.fullmatch(identifier[1]):
            return bytes.fromhex(name[1]).hex(":")
    return ""
