"""The files of Zigbee2MQTT, and the common parts of their formats."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import re
from typing import Any, TypeGuard

from ...core.limits import is_text, problem_with

BACKUP = "coordinator_backup.json"
DATABASE = "database.db"
CONFIGURATION = "configuration.yaml"
DEVICES = "devices.yaml"
STATES = "state.json"

MOST_BYTES = 16 * 1024 * 1024
"""Maximum size of a file. A database of 300 devices has about 1 MB."""

ADDRESS = re.compile(r"0x[0-9a-fA-F]{16}")
BATTERY = "Battery"


@dataclass(frozen=True, slots=True)
class Files:
    """The files; the first two are required.

    Attributes:
        devices: one of the configuration's files of devices.
        named: those files of an archive, by their names in the configuration.
        damaged: files of an archive that cannot be unpacked.
    """

    backup: bytes
    database: bytes
    configuration: bytes = b""
    devices: bytes = b""
    states: bytes = b""
    named: Mapping[str, bytes] = field(default_factory=dict)
    damaged: frozenset[str] = frozenset()


def mapping(value: Any) -> dict[str, Any]:
    """Return an object; empty if it is not one."""
    return value if isinstance(value, dict) else {}


def by_address(devices: Mapping[Any, Any]) -> dict[str, Any]:
    """Return an object with addresses as keys, in lower case."""
    return {str(address).lower(): options for address, options in devices.items()}


def storable(values: Any) -> dict[str, Any]:
    """Return the members of an object that can be stored (`core.limits`)."""
    return {
        name: value
        for name, value in mapping(values).items()
        if is_text(name) and problem_with(value) is None
    }


def is_number(value: Any, most: int = 0xFFFF) -> TypeGuard[int]:
    """Whether it is a number from 0 to `most`."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
