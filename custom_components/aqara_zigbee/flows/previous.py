"""Home Assistant's data of the program that used the network before: ZHA or Zigbee2MQTT.

ZHA is another integration of the same Home Assistant. Zigbee2MQTT is not, but its devices are
usually registered here over MQTT. Both leave the devices' names, areas and labels in Home
Assistant.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
import re

from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from ..core.radio import Ieee
from ..storage.staged_files import RegistryDetails

ZHA = "zha"
MQTT = "mqtt"

_RADIO = "znp"
_DATABASE = "zigbee.db"
_TOPIC_NAME = re.compile(r"zigbee2mqtt_0x([0-9a-f]{16})")
"""Zigbee2MQTT's identifier of a device in its discovery messages."""


@dataclass(frozen=True, slots=True)
class Zha:
    """ZHA on this machine.

    Attributes:
        database: ZHA's database, a file of zigpy.
        entry: its config entry; None if it was removed already.
    """

    database: Path
    entry: ConfigEntry | None


async def find_zha(hass: HomeAssistant) -> Zha | None:
    """Return ZHA, if its network is on a supported coordinator and its database exists."""
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
    """Return the path of ZHA's database in YAML; ZHA stores it once it is set up."""
    settings = getattr(hass.data.get(ZHA), "yaml_config", None) or {}
    path = settings.get("database_path")
    return path if isinstance(path, str) else None


@callback
def places(
    hass: HomeAssistant, domain: str, members: Iterable[Ieee]
) -> dict[Ieee, RegistryDetails]:
    """Return the users' data of devices in Home Assistant: names, areas, labels.

    Args:
        hass: Home Assistant.
        domain: the integration they were registered by, `ZHA` or `MQTT`.
        members: the devices.
    """
    wanted = set(members)
    found = {}
    for device in dr.async_get(hass).devices:
        if isinstance(device, dr.DeviceEntry) and (ieee := _address(device, domain)) in wanted:
            found[ieee] = RegistryDetails(
                device.name_by_user, device.area_id, tuple(sorted(device.labels))
            )
    return found


def _address(device: dr.DeviceEntry, domain: str) -> Ieee:
    """Return the address of a device registered by an integration; empty for other devices."""
    for identifier in device.identifiers:
        if identifier[0] != domain:
            continue
        if domain == ZHA:
            return identifier[1]
        if name := _TOPIC_NAME.fullmatch(identifier[1]):
            return bytes.fromhex(name[1]).hex(":")
    return ""
