"""Zigbee2MQTT's ``configuration.yaml`` and the files it refers to: names and options."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...core.device_settings import ChosenSilence
from ...core.limits import is_text
from ...core.options import is_correction
from ...mirror.settings import CHECKS, WITHOUT_EFFECT
from ..backup import Backup
from ..port_path import complete, is_discovered
from . import core_yaml
from .source import MigrationWarning
from .z2m_files import (
    ADDRESS,
    BATTERY,
    CONFIGURATION,
    MOST_BYTES,
    Files,
    by_address,
    is_number,
    mapping,
    storable,
)

_KEPT_OPTIONS = CHECKS.keys() - WITHOUT_EFFECT.keys()
"""Options with the same meaning here; the mirror drops invalid values."""

_LAST_SEEN = {"disable", "ISO_8601", "ISO_8601_local", "epoch"}
_LOG_LEVELS = {
    "error": "error",
    "warn": "warning",
    "warning": "warning",
    "info": "info",
    "debug": "debug",
}

_DEFAULT_EXTENDED_PAN_ID = b"\xdd" * 8
"""The default of Zigbee2MQTT until 2023. Other values do not contradict it."""

_MOST_MINUTES = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class Z2mConfiguration:
    """The configuration, with the devices of all its files."""

    configuration: dict[str, Any]
    devices: dict[str, Any]
    doubts: tuple[MigrationWarning, ...]

    @classmethod
    def read(cls, files: Files) -> Z2mConfiguration:
        """Read the configuration and the files it refers to."""
        content = _read_yaml(files.configuration)
        if content is None or CONFIGURATION in files.damaged:
            return cls({}, {}, (MigrationWarning.NO_CONFIGURATION,))
        if content and all(ADDRESS.fullmatch(str(key)) for key in content):
            return cls({}, by_address(content), ())  # a file of devices in its place
        names = _names_of_files(content.get("devices"))
        if not names and not (files.devices and not files.configuration):
            return cls(content, by_address(mapping(content.get("devices"))), ())
        devices, doubts = _read_devices(names, files)
        return cls(content, devices, doubts)

    def options_of(self, address: str) -> dict[str, Any]:
        """Return the options of a device, with the global ones."""
        everyone = mapping(self.configuration.get("device_options"))
        return {**everyone, **mapping(self.devices.get(address))}

    def silence_of(self, entry: Mapping[str, Any]) -> float | None:
        """Return the global minutes of silence for devices of its kind; None if not set."""
        settings = mapping(self.configuration.get("availability"))
        if settings.get("enabled", True) is not True:
            return None
        power = entry.get("powerSource")
        is_active = power == "Mains (single phase)" or (
            entry.get("type") == "Router" and power != BATTERY
        )
        kind = mapping(settings.get("active" if is_active else "passive"))
        return _minutes(kind.get("timeout"))


def _read_yaml(data: bytes) -> dict[str, Any] | None:
    """Return an object; None if it is not one."""
    if len(data) > MOST_BYTES:
        return None
    try:
        content = core_yaml.load(data)
    except ValueError:
        return None
    return content if isinstance(content, dict) else {} if content is None else None


def _names_of_files(devices: Any) -> list[str]:
    """Return the files of devices, in Zigbee2MQTT's format: a name, or a list of names."""
    names = devices if isinstance(devices, list) else [devices]
    return [name.removeprefix("./") for name in names if isinstance(name, str) and name]


def device_files(configuration: bytes) -> list[str]:
    """Return the files in which a configuration has its devices."""
    return _names_of_files((_read_yaml(configuration) or {}).get("devices"))


def _read_devices(
    names: list[str], files: Files
) -> tuple[dict[str, Any], tuple[MigrationWarning, ...]]:
    """Return the devices of all named files, and warnings of missing ones."""
    contents = [files.named[name] for name in names if files.named.get(name)]
    missing = len(names) - len(contents)
    if files.devices:
        contents.append(files.devices)
        missing -= 1
    devices: dict[str, Any] = {}
    doubts = (
        [MigrationWarning.NAMES_ELSEWHERE]
        if missing > 0 and files.damaged.isdisjoint(names)
        else []
    )
    found = [_read_yaml(content) for content in contents]
    if None in found or not files.damaged.isdisjoint(names):
        doubts.append(MigrationWarning.NO_NAMES)
    for each in found:
        devices |= by_address(each or {})
    return devices, tuple(doubts)


def kept_options(options: Mapping[str, Any], silence: float | None) -> dict[str, Any]:
    """The options with the same meaning; `silence` is the global one for its kind, in minutes."""
    kept = {
        name: value
        for name, value in options.items()
        if (name in _KEPT_OPTIONS or is_correction(str(name))) and _is_plain(value)
    }
    own = options.get("availability")
    minutes = _minutes(own.get("timeout")) if isinstance(own, dict) else None
    if own is False:
        minutes = 0
    elif minutes is None:
        minutes = silence
    chosen = ChosenSilence(minutes).as_option() if minutes is not None else {}
    return storable(kept | chosen)


def _minutes(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and 0 < value <= _MOST_MINUTES else None


def lost_options(options: Mapping[str, Any], kept: Mapping[str, Any]) -> set[str]:
    """Return the names of options without an equivalent, except availability."""
    harmless = {"friendly_name"}
    if options.get("availability") in (True, None, {}):
        harmless.add("availability")
    return {str(name) for name in options.keys() - {*kept, *harmless}}


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(each, str) for each in value)
    return isinstance(value, bool | int | float | str)


def friendly_name(options: Mapping[str, Any], address: str) -> str | None:
    """Return the friendly name, None for one that is only the address."""
    name = options.get("friendly_name")
    if isinstance(name, int | float) and not isinstance(name, bool):
        name = str(name)  # a name of digits, not quoted
    return name if is_text(name) and name.strip() and name.lower() != address else None


def contradictions(configuration: Mapping[str, Any], network: Backup) -> Iterator[MigrationWarning]:
    """Yield contradictions to the backup. Values such as GENERATE do not contradict."""
    settings = mapping(configuration.get("advanced"))
    key = _octets(settings.get("network_key"), 16)
    if key is not None and not network.has_key(key):
        yield MigrationWarning.OTHER_KEY
    extended = _octets(settings.get("ext_pan_id"), 8)
    known = bytes.fromhex(network.extended_pan_id.replace(":", ""))
    pan = settings.get("pan_id")
    if (
        # Written in both byte orders by different versions.
        extended not in (None, known, known[::-1], _DEFAULT_EXTENDED_PAN_ID)
        or (is_number(pan) and pan != network.pan_id)
    ):
        yield MigrationWarning.OTHER_PAN


def _octets(value: Any, length: int) -> bytes | None:
    if not isinstance(value, list) or len(value) != length:
        return None
    return bytes(value) if all(is_number(octet, 0xFF) for octet in value) else None


def port_of(configuration: Mapping[str, Any]) -> str:
    """Return the coordinator's port in our format; empty if unknown or to be discovered."""
    port = mapping(configuration.get("serial")).get("port")
    return complete(port) if is_text(port) and not is_discovered(port) else ""


def _is_first_version(configuration: Mapping[str, Any]) -> bool:
    """Whether it is of Zigbee2MQTT 1; version 2 stores the version of its format."""
    version = configuration.get("version")
    return bool(configuration) and not (is_number(version) and version >= 2)


def mirror_settings(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return the equivalent settings of the mirror (`mirror.settings.Settings`)."""
    advanced = mapping(configuration.get("advanced"))
    broker = mapping(configuration.get("mqtt"))
    level = advanced.get("log_level")
    default_availability = True if _is_first_version(configuration) else None
    found = {
        "base_topic": broker.get("base_topic"),
        "include_device": broker.get("include_device_information"),
        "elapsed": advanced.get("elapsed"),
        "cache_state": advanced.get("cache_state"),
        "plain_availability": advanced.get("legacy_availability_payload", default_availability),
        "last_seen": advanced.get("last_seen"),
        "null_values": _is_discovered(configuration),
        "log_level": _LOG_LEVELS.get(level) if isinstance(level, str) else None,
        "action_reset": _resets_actions(configuration) or None,
    }
    return {name: value for name, value in found.items() if _is_setting(name, value)}


def _is_discovered(configuration: Mapping[str, Any]) -> bool | None:
    """Whether Home Assistant's MQTT integration has entities of it; None if unknown.

    Before version 2 the setting could be a boolean, or an object, which meant yes.
    """
    found = configuration.get("homeassistant")
    if isinstance(found, Mapping):
        return bool(found.get("enabled", True))
    return found if isinstance(found, bool) else None


def _resets_actions(configuration: Mapping[str, Any]) -> bool:
    """Whether each action is followed by an empty one: the default of version 1, an option of 2."""
    settings = configuration.get("homeassistant")
    if _is_first_version(configuration):
        return bool(settings) and mapping(settings).get("legacy_triggers", True) is True
    is_enabled = mapping(settings).get("enabled") is True
    return is_enabled and mapping(settings).get("legacy_action_sensor") is True


def has_topic_for_each(configuration: Mapping[str, Any]) -> int:
    """Return 1 if each property has a topic of its own, which the mirror does not support."""
    output = mapping(configuration.get("advanced")).get("output")
    return int(output in ("attribute", "attribute_and_json"))


def _is_setting(name: str, value: Any) -> bool:
    match name:
        case "base_topic":
            return is_text(value) and bool(value)
        case "last_seen":
            return isinstance(value, str) and value in _LAST_SEEN
        case "log_level":
            return value is not None
        case _:
            return isinstance(value, bool)
