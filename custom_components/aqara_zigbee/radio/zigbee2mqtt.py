"""Zigbee2MQTT's files, read into a household.

What is in them, as versions 1 and 2 write them: ``database.db`` has a JSON object a line, one for
each device and group; ``coordinator_backup.json`` is the network; ``configuration.yaml`` has names
and options, sometimes in a ``devices.yaml`` of their own; ``state.json`` has the last states. All
of them together are in the archive that its frontend offers as a backup.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import io
import json
import re
from typing import Any, TypeGuard, override
import zipfile

import yaml

from ..core.device import AVAILABILITY
from ..core.options import LEGACY
from ..core.radio import Endpoint, Ieee, Node
from .backup import Backup
from .takeover import Doubt, Household, Loss, Member, Mistake, TakeoverError

BACKUP = "coordinator_backup.json"
DATABASE = "database.db"
CONFIGURATION = "configuration.yaml"
DEVICES = "devices.yaml"
STATES = "state.json"

MOST_BYTES = 16 * 1024 * 1024
"""Of one file. A database of three hundred devices has about 1 MB."""
_MOST_MEMBERS = 5_000

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{16}")
_ZHA_PROFILE = 0x0104

_TYPES = {"Coordinator": 0, "Router": 1, "EndDevice": 2}
_POWER_SOURCES = {  # ZCL revision 8, table 3-9, in zigbee-herdsman's words
    "Mains (single phase)": 1,
    "Mains (3 phase)": 2,
    "Battery": 3,
    "DC Source": 4,
    "Emergency mains constantly powered": 5,
    "Emergency mains and transfer switch": 6,
}
_BATTERY = "Battery"
_NUMBERS = {
    "appVersion": "application_version",
    "stackVersion": "stack_version",
    "hwVersion": "hardware_version",
}
_TEXTS = {"dateCode": "date_code", "swBuildId": "software_build_id"}

_KEPT_OPTIONS = {
    LEGACY,
    "debounce",
    "debounce_ignore",
    "description",
    "filtered_attributes",
    "filtered_cache",
    "filtered_optimistic",
    "optimistic",
    "qos",
    "retain",
    "state_action",
    "throttle",
}
"""Options that mean here what they mean there; the mirror leaves out what they cannot be."""

_LAST_SEEN = {"disable", "ISO_8601", "ISO_8601_local", "epoch"}


@dataclass(frozen=True, slots=True)
class Files:
    """The files that there are; the first two there must be."""

    backup: bytes
    database: bytes
    configuration: bytes = b""
    devices: bytes = b""
    states: bytes = b""


def unpack(archive: bytes) -> Files:
    """The files in a backup that Zigbee2MQTT's frontend made.

    Raises:
        TakeoverError: it is none, or lacks something.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            found = _pick(opened)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise TakeoverError(Mistake.UNREADABLE) from error
    for needed in (BACKUP, DATABASE):
        if needed not in found:
            raise TakeoverError(Mistake.MISSING, needed)
    return Files(
        found[BACKUP],
        found[DATABASE],
        found.get(CONFIGURATION, b""),
        found.get(DEVICES, b""),
        found.get(STATES, b""),
    )


def _pick(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """The files we know, from wherever in the archive they are least deep."""
    members = archive.infolist()[:_MOST_MEMBERS]
    found: dict[str, bytes] = {}
    for member in sorted(members, key=lambda member: member.filename.count("/")):
        name = member.filename.rpartition("/")[2]
        if name in (BACKUP, DATABASE, CONFIGURATION, DEVICES, STATES) and name not in found:
            if member.file_size > MOST_BYTES:
                raise TakeoverError(Mistake.TOO_LARGE, name)
            found[name] = archive.read(member)
    return found


def household(files: Files) -> Household:
    """All that Zigbee2MQTT knows of its network.

    Raises:
        BackupError: ``coordinator_backup.json`` is none.
        TakeoverError: another file is not what it should be.
    """
    network = Backup.parse(files.backup)
    entries = list(_entries(files.database))
    configuration = _configuration(files)
    states = _states(files.states)
    devices = _mapping(configuration.get("devices"))
    everyone = _mapping(configuration.get("device_options"))
    members, lost_options = [], 0
    for entry in entries:
        if (node := _node(entry)) is None:
            continue
        address = str(entry["ieeeAddr"])
        options = {**everyone, **_mapping(devices.get(address))}
        kept = _options(options)
        lost_options += len(options.keys() - {*kept, "friendly_name", "availability"})
        members.append(
            Member(
                node,
                name=_name(options, address),
                last_seen=_time(entry.get("lastSeen")),
                about=_about(entry),
                options=kept,
                words=_mapping(states.get(address)),
            )
        )
    if not members:
        raise TakeoverError(Mistake.NO_DEVICES, DATABASE)
    losses = {
        Loss.GROUPS: sum(entry.get("type") == "Group" for entry in entries),
        Loss.GREEN_POWER: sum(entry.get("type") == "GreenPower" for entry in entries),
        Loss.OPTIONS: lost_options,
    }
    return Household(
        members=tuple(members),
        backup=network,
        coordinator=_coordinator(entries),
        losses={loss: count for loss, count in losses.items() if count},
        doubts=tuple(_doubts(configuration, network)),
        mirror=_mirror(configuration),
        port=_port(configuration),
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


# database.db


def _entries(data: bytes) -> Iterator[dict[str, Any]]:
    if len(data) > MOST_BYTES:
        raise TakeoverError(Mistake.TOO_LARGE, DATABASE)
    if data.startswith((b"SQLite format 3", b"PK\x03\x04")):
        raise TakeoverError(Mistake.WRONG_FILE, DATABASE)
    for line in data.splitlines():
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError, RecursionError:
            raise TakeoverError(Mistake.UNREADABLE, DATABASE) from None
        if not isinstance(entry, dict) or "type" not in entry:
            raise TakeoverError(Mistake.WRONG_FILE, DATABASE)
        yield entry


def _node(entry: Mapping[str, Any]) -> Node | None:
    """The device of an entry; None if it is none of a home's."""
    kind, address, nwk = entry.get("type"), entry.get("ieeeAddr"), entry.get("nwkAddr")
    if kind not in ("Router", "EndDevice", "Unknown") or not isinstance(address, str):
        return None
    if not _ADDRESS.fullmatch(address) or not _is_number(nwk, 0xFFF7):
        return None
    endpoints = dict(_endpoints(entry.get("endpoints")))
    maker = entry.get("manufId")
    return Node(
        ieee=_ieee(address),
        nwk=nwk,
        model=_text(entry.get("modelId")),
        manufacturer=_text(entry.get("manufName")),
        is_complete=kind in _TYPES and _is_interviewed(entry) and bool(entry.get("modelId")),
        manufacturer_code=maker if _is_number(maker) else 0,
        logical_type=_TYPES.get(kind),
        mac_capabilities=_capabilities(kind, entry.get("powerSource")),
        endpoints=endpoints,
    )


def _is_interviewed(entry: Mapping[str, Any]) -> bool:
    # Version 2 of 2025 and later has both; the older one is kept for downgrades.
    return entry.get("interviewState") == "SUCCESSFUL" or bool(entry.get("interviewCompleted"))


def _endpoints(stored: Any) -> Iterator[tuple[int, Endpoint]]:
    """Endpoints; devices that fell asleep while they were asked have some without a profile."""
    for entry in _mapping(stored).values():
        number = _mapping(entry).get("epId")
        if not _is_number(number, 0xFE) or not number:
            continue
        profile, device_type = entry.get("profId"), entry.get("devId")
        yield (
            int(number),
            Endpoint(
                profile if _is_number(profile) else _ZHA_PROFILE,
                device_type if _is_number(device_type) else 0xFFFF,
                tuple(filter(_is_number, entry.get("inClusterList") or ())),
                tuple(filter(_is_number, entry.get("outClusterList") or ())),
            ),
        )


def _is_number(value: Any, most: int = 0xFFFF) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _capabilities(kind: str, power: Any) -> int:
    """MAC capability flags (Zigbee specification, 2.3.2.3.6), which Zigbee2MQTT does not keep."""
    if kind == "Router":
        return 0x8E  # full function, mains, listens when idle, address allocated
    return 0x80 if power == _BATTERY else 0x8C


def _about(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What a device said of its make, by the names of `core.about.About`."""
    found: dict[str, Any] = {ours: _text(entry.get(theirs)) for theirs, ours in _TEXTS.items()}
    for theirs, ours in _NUMBERS.items():
        number = entry.get(theirs)
        found[ours] = number if _is_number(number) else None
    found["power_source"] = _POWER_SOURCES.get(str(entry.get("powerSource")))
    return {name: value for name, value in found.items() if value is not None}


def _text(value: Any) -> str | None:
    # Some firmwares append junk after a NUL (contract 0.1).
    return value.partition("\0")[0] if isinstance(value, str) else None


def _ieee(address: str) -> Ieee:
    return bytes.fromhex(address.removeprefix("0x")).hex(":")


def _coordinator(entries: list[dict[str, Any]]) -> Ieee | None:
    for entry in entries:
        address = entry.get("ieeeAddr")
        if entry.get("type") == "Coordinator" and _ADDRESS.fullmatch(str(address)):
            return _ieee(str(address))
    return None


def _time(milliseconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except TypeError, ValueError, OverflowError, OSError:
        return None


# configuration.yaml and devices.yaml


class _Loader(yaml.SafeLoader):
    """Reads what is plain data, and nothing of what a tag refers to."""

    @override
    def construct_undefined(self, node: yaml.Node) -> None:
        """A ``!secret`` and its like: what it stands for is not in the file."""


_Loader.add_constructor(None, _Loader.construct_undefined)  # type: ignore[no-untyped-call]


def _read_yaml(data: bytes, file: str) -> dict[str, Any]:
    if len(data) > MOST_BYTES:
        raise TakeoverError(Mistake.TOO_LARGE, file)
    try:
        content = yaml.load(data, _Loader)  # type: ignore[no-untyped-call]  # noqa: S506
    except yaml.YAMLError, ValueError, RecursionError, TypeError:
        # Without the cause: YAML's messages quote the file, passwords and all.
        raise TakeoverError(Mistake.UNREADABLE, file) from None
    if content is not None and not isinstance(content, dict):
        raise TakeoverError(Mistake.WRONG_FILE, file)
    return content or {}


def _configuration(files: Files) -> dict[str, Any]:
    """The configuration, with the devices where Zigbee2MQTT would find them."""
    configuration = _read_yaml(files.configuration, CONFIGURATION)
    if configuration and all(_ADDRESS.fullmatch(str(key)) for key in configuration):
        return {"devices": configuration}  # devices.yaml in its place
    if files.devices:
        configuration["devices"] = _read_yaml(files.devices, DEVICES)
    return configuration


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    kept = {
        name: value
        for name, value in options.items()
        if (name in _KEPT_OPTIONS or str(name).endswith(("_calibration", "_precision")))
        and _is_plain(value)
    }
    match options.get("availability"):
        case False:
            kept[AVAILABILITY] = 0
        case {"timeout": int(minutes)} if 0 < minutes <= 7 * 24 * 60:
            kept[AVAILABILITY] = minutes
        case _:
            pass
    return kept


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(each, str) for each in value)
    return isinstance(value, bool | int | float | str)


def _name(options: Mapping[str, Any], address: str) -> str | None:
    """The friendly name, None for one that is only the address."""
    name = options.get("friendly_name")
    if isinstance(name, int | float) and not isinstance(name, bool):
        name = str(name)  # a name of digits, not quoted
    return name if isinstance(name, str) and name and name != address else None


def _doubts(configuration: Mapping[str, Any], network: Backup) -> Iterator[Doubt]:
    """In what the configuration contradicts the backup. Words such as GENERATE contradict nothing."""
    settings = _mapping(configuration.get("advanced"))
    key = _octets(settings.get("network_key"), 16)
    if key is not None and not network.has_key(key):
        yield Doubt.OTHER_KEY
    extended = _octets(settings.get("ext_pan_id"), 8)
    known = bytes.fromhex(network.extended_pan_id.replace(":", ""))
    pan = settings.get("pan_id")
    if (
        extended not in (None, known, known[::-1])  # written both ways round over the years
        or (_is_number(pan) and pan != network.pan_id)
    ):
        yield Doubt.OTHER_PAN
    if isinstance(configuration.get("devices"), str | list):
        yield Doubt.NAMES_ELSEWHERE


def _octets(value: Any, length: int) -> bytes | None:
    if not isinstance(value, list) or len(value) != length:
        return None
    return bytes(value) if all(_is_number(octet, 0xFF) for octet in value) else None


def _port(configuration: Mapping[str, Any]) -> str:
    """Where its stick is, in our spelling; empty if it does not say."""
    port = _mapping(configuration.get("serial")).get("port")
    if not isinstance(port, str):
        return ""
    return port.replace("tcp://", "socket://", 1)


def _mirror(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The mirror's settings that say the same (`mirror.settings.Settings`)."""
    advanced = _mapping(configuration.get("advanced"))
    broker = _mapping(configuration.get("mqtt"))
    found = {
        "base_topic": broker.get("base_topic"),
        "include_device": broker.get("include_device_information"),
        "elapsed": advanced.get("elapsed"),
        "cache_state": advanced.get("cache_state"),
        "plain_availability": advanced.get("legacy_availability_payload"),
        "last_seen": advanced.get("last_seen"),
    }
    return {name: value for name, value in found.items() if _is_setting(name, value)}


def _is_setting(name: str, value: Any) -> bool:
    if name == "base_topic":
        return isinstance(value, str) and bool(value)
    return value in _LAST_SEEN if name == "last_seen" else isinstance(value, bool)


# state.json


def _states(data: bytes) -> dict[str, Any]:
    if len(data) > MOST_BYTES:
        raise TakeoverError(Mistake.TOO_LARGE, STATES)
    if not data:
        return {}
    try:
        states = json.loads(data)
    except ValueError, RecursionError:
        raise TakeoverError(Mistake.UNREADABLE, STATES) from None
    if not isinstance(states, dict):
        raise TakeoverError(Mistake.WRONG_FILE, STATES)
    return states
