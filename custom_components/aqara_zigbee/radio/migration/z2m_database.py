"""Zigbee2MQTT's ``database.db``: a JSON object per line, one for each device and group.

Only damaged lines are lost, and reported.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import json
import re
from typing import Any

from ...core.limits import is_text, until_nul
from ...core.radio import Endpoint, Ieee, Node
from ..addresses import UNKNOWN, is_device_address
from .source import MigrationFailure, TakeoverError
from .z2m_files import ADDRESS, BATTERY, DATABASE, MOST_BYTES, is_number, mapping

_ZHA_PROFILE = 0x0104
_TYPES = {"Coordinator": 0, "Router": 1, "EndDevice": 2}
_POWER_SOURCES = {  # ZCL revision 8, table 3-9, with zigbee-herdsman's names
    "Mains (single phase)": 1,
    "Mains (3 phase)": 2,
    "Battery": 3,
    "DC Source": 4,
    "Emergency mains constantly powered": 5,
    "Emergency mains and transfer switch": 6,
}

_NUMBERS = {
    "appVersion": "application_version",
    "stackVersion": "stack_version",
    "hwVersion": "hardware_version",
}

_TEXTS = {"dateCode": "date_code", "swBuildId": "software_build_id"}


@dataclass(frozen=True, slots=True)
class HerdsmanDatabase:
    """The contents of the file.

    Attributes:
        devices: by address, each device and its line; of several lines the last one.
        damaged: the numbers of unusable lines, from 1.
    """

    devices: dict[str, tuple[Node, dict[str, Any]]]
    coordinator: Ieee | None
    groups: int
    green_power: int
    damaged: list[int]

    @classmethod
    def read(cls, data: bytes) -> HerdsmanDatabase:
        """Read the file.

        Raises:
            TakeoverError: it is not such a file.
        """
        if len(data) > MOST_BYTES:
            raise TakeoverError(MigrationFailure.TOO_LARGE, DATABASE)
        if data.startswith((b"SQLite format 3", b"PK\x03\x04")):
            raise TakeoverError(MigrationFailure.WRONG_FILE, DATABASE)
        lines = [
            (number, _entry(line))
            for number, line in enumerate(re.split(rb"\r?\n", data), 1)
            if line.strip()
        ]
        entries = [(number, entry) for number, entry in lines if entry]
        if lines and not entries:
            is_json = all(entry is not None for _, entry in lines)
            raise TakeoverError(
                MigrationFailure.WRONG_FILE if is_json else MigrationFailure.UNREADABLE, DATABASE
            )
        damaged = [number for number, entry in lines if not entry]
        devices: dict[str, tuple[Node, dict[str, Any]]] = {}
        kinds = [str(entry["type"]) for _, entry in entries]
        for number, entry in entries:
            if entry["type"] in ("Coordinator", "Group", "GreenPower"):
                continue
            if (node := _node(entry)) is None:
                damaged.append(number)
            else:
                devices[str(entry["ieeeAddr"]).lower()] = node, entry
        coordinator = _coordinator([entry for _, entry in entries])
        return cls(
            devices, coordinator, kinds.count("Group"), kinds.count("GreenPower"), sorted(damaged)
        )


def _entry(line: bytes) -> dict[str, Any] | None:
    """Return a line as an object: empty if it is of another kind, None if it is not JSON."""
    try:
        entry = json.loads(line.decode("utf-8-sig"))
    except ValueError, RecursionError:
        return None
    return entry if isinstance(entry, dict) and "type" in entry else {}


def _node(entry: Mapping[str, Any]) -> Node | None:
    """Return the node of an entry; None if it is not a device of the home."""
    kind, address, nwk = entry.get("type"), entry.get("ieeeAddr"), entry.get("nwkAddr")
    if kind not in ("Router", "EndDevice", "Unknown") or not isinstance(address, str):
        return None
    if not ADDRESS.fullmatch(address):
        return None
    maker, model = entry.get("manufId"), _text(entry.get("modelId"))
    return Node(
        ieee=_ieee(address),
        nwk=nwk if is_number(nwk) and is_device_address(nwk) else UNKNOWN,
        model=model,
        manufacturer=_text(entry.get("manufName")),
        # As at joining, the model is accepted without a finished interview.
        is_complete=bool(model),
        manufacturer_code=maker if is_number(maker) else 0,
        logical_type=_TYPES.get(kind, _TYPES["EndDevice"] if model else None),
        mac_capabilities=_capabilities(kind, entry.get("powerSource")),
        endpoints=dict(_endpoints(entry.get("endpoints"))),
    )


def _endpoints(stored: Any) -> Iterator[tuple[int, Endpoint]]:
    """Yield endpoints; after an interrupted interview some of them have no profile."""
    for entry in mapping(stored).values():
        number = mapping(entry).get("epId")
        if not is_number(number, 0xFE) or not number:
            continue
        profile, device_type = entry.get("profId"), entry.get("devId")
        yield (
            int(number),
            Endpoint(
                profile if is_number(profile) else _ZHA_PROFILE,
                device_type if is_number(device_type) else 0xFFFF,
                _clusters(entry.get("inClusterList")),
                _clusters(entry.get("outClusterList")),
            ),
        )


def _clusters(stored: Any) -> tuple[int, ...]:
    return tuple(filter(is_number, stored)) if isinstance(stored, list) else ()


def _capabilities(kind: str, power: Any) -> int:
    """Return MAC capability flags (Zigbee specification, 2.3.2.3.6), not stored by Zigbee2MQTT."""
    if kind == "Router":
        return 0x8E  # full function, mains, listens when idle, address allocated
    return 0x80 if power == BATTERY else 0x8C


def about(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a device's information, by the names of `core.firmware.BasicInfo`."""
    found: dict[str, Any] = {ours: _text(entry.get(theirs)) for theirs, ours in _TEXTS.items()}
    for theirs, ours in _NUMBERS.items():
        number = entry.get(theirs)
        found[ours] = number if is_number(number) else None
    found["power_source"] = _POWER_SOURCES.get(str(entry.get("powerSource")))
    return {name: value for name, value in found.items() if value is not None}


def _text(value: Any) -> str | None:
    # Some firmwares append data after a NUL (protocol 0.1).
    return until_nul(value) if is_text(value) else None


def _ieee(address: str) -> Ieee:
    return bytes.fromhex(address.removeprefix("0x")).hex(":")


def _coordinator(entries: list[dict[str, Any]]) -> Ieee | None:
    for entry in entries:
        address = entry.get("ieeeAddr")
        if entry.get("type") == "Coordinator" and ADDRESS.fullmatch(str(address)):
            return _ieee(str(address))
    return None


def time_of(milliseconds: Any) -> datetime | None:
    """Return a time from milliseconds; None if it is invalid."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except TypeError, ValueError, OverflowError, OSError:
        return None
