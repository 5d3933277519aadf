"""ZNMS11LM, the first lock (protocol 2). It only reports: it can be neither locked nor unlocked.

All its reports are 32-bit numbers with fields of hexadecimal digits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from ..definition import Changes, Definition, Feed
from ..property import Options, Shown, Text
from ..value import Value, read_tags
from ..zcl import Cluster, Report
from .lumi import LINKQUALITY
from .lumi_lock import (
    CREDENTIAL_CHANGES,
    METHODS,
    OLDER_ROWS,
    REJECTIONS,
    TAMPER,
    action,
    bolt,
    credential_changed,
    opened,
    rejected,
)


def number_of(value: Value) -> int | None:
    """Return the number in a value of any type (protocol 2)."""
    if isinstance(value, bytes) and len(value) == 4:
        return int.from_bytes(value, "little")
    return value if isinstance(value, int) and 0 <= value < 1 << 32 else None


def tagged_number(value: Value) -> int | None:
    """Return the first item of a tag list, or the number itself."""
    if isinstance(value, bytes):
        for tag, item in read_tags(value):
            if tag == 1:
                return number_of(item)
    return number_of(value)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a number, as Zigbee2MQTT reads them (protocol 2).

    With seven digits they are ``MR???UU``: the octets of the S2 lock's string, without a leading
    zero. With eight digits they are those in the places in which Zigbee2MQTT reads them.

    Attributes:
        first: method, count or operation, 0..15.
        role: 1 administrator, anything else a user, 0..15.
        last: user or kind, 0..255.
    """

    first: int
    role: int
    last: int

    @classmethod
    def of(cls, number: int) -> Self:
        """Return the fields of a 32-bit number."""
        if number >> 28:
            return cls(number >> 28, number >> 24 & 0xF, number >> 4 & 0xFF)
        return cls(number >> 24, number >> 20 & 0xF, number & 0xFF)


def read_opened(fields: Fields, options: Options) -> Changes:
    """Decode an opening with its user."""
    return opened(fields.first, fields.role, fields.last, options)


def read_rejected(fields: Fields, options: Options) -> Changes:
    """Decode a rejected attempt, or tampering, which has no count. A count of 0 is ignored."""
    del options
    if fields.first == 0:
        return {}
    changes = rejected(fields.last, fields.first)
    if fields.last == 0:
        return {name: value for name, value in changes.items() if name == "action"}
    return changes


def read_credential(fields: Fields, options: Options) -> Changes:
    """Decode an added or deleted credential."""
    return credential_changed(fields.first, fields.last, options)


# Only the first of these in a frame counts (protocol 2).
READERS: dict[int, tuple[Callable[[Value], int | None], Callable[[Fields, Options], Changes]]] = {
    0xFF10: (number_of, read_opened),
    0xFF11: (number_of, read_rejected),
    0xFF01: (tagged_number, read_credential),
}


def read_door(report: Report, options: Options) -> Changes:
    """Decode a frame of the door lock cluster."""
    if (report.cluster, report.endpoint) != (Cluster.DOOR_LOCK, 1):
        return {}
    for attribute, (unwrap, reader) in READERS.items():
        if attribute in report:
            number = unwrap(report[attribute])
            if not number:  # 0 counts as missing
                return {}
            changes = reader(Fields.of(number), options)
            if "action" in changes:
                changes["data"] = f"{number:x}"
            return changes
    return {}


LOCK = Definition(
    zigbee_model="lumi.lock.aq1",
    vendor="Aqara",
    model="ZNMS11LM",
    description="Smart door lock",
    feed=Feed.SLEEPY,
    readers=(read_door,),
    properties=(
        # In Zigbee2MQTT's exposes, but not in any known frame (protocol 2).
        bolt("state", sparse=True),
        bolt("reverse", sparse=True),
        action(
            TAMPER,
            *(f"{method}_open" for method in METHODS),
            *REJECTIONS.values(),
            *CREDENTIAL_CHANGES.values(),
        ),
        Text("last_opened_by", shown=Shown.HOME),
        *OLDER_ROWS,
        Text("data", shown=Shown.PAYLOAD),
        LINKQUALITY,
    ),
    has_users=True,
    supports_ota=True,
)
