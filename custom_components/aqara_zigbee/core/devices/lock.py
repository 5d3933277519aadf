"""ZNMS11LM, the first lock (contract 2). It only reports: it can be neither locked nor unlocked.

Everything it tells is a 32-bit number whose hexadecimal digits are the fields; the meaning of the
digits is written d0 d1 … d7 here, d0 being the highest.
"""

from collections.abc import Callable
from datetime import timedelta

from ..definition import Changes, Definition, Power
from ..property import Options, Shown, Text
from ..value import Value, read_tags
from ..zcl import Cluster, Report
from .lumi import LINKQUALITY
from .lumi_lock import (
    CREDENTIAL_CHANGES,
    LEGACY_ROWS,
    METHODS,
    REJECTIONS,
    action,
    bolt,
    credential_changed,
    opened,
    rejected,
    wants_legacy,
)


def number_of(value: Value) -> int | None:
    """The number in a value of whatever type a firmware chooses (contract 9)."""
    if isinstance(value, bytes) and len(value) == 4:
        return int.from_bytes(value, "little")
    return value if isinstance(value, int) and 0 <= value < 1 << 32 else None


def tagged_number(value: Value) -> int | None:
    """The first item of a tag list, or the number itself."""
    if isinstance(value, bytes):
        for tag, item in read_tags(value):
            if tag == 1:
                return number_of(item)
    return number_of(value)


def read_opened(number: int, options: Options) -> Changes:
    """Who was let in: d0 the method, d1 the role, d5 d6 the user."""
    return opened(number >> 28, number >> 24 & 0xF, number >> 4 & 0xFF, options)


def read_rejected(number: int, options: Options) -> Changes:
    """Who was not, or who rang: d0 the count, d5 d6 the kind; the bell has no count at all."""
    kind = number >> 4 & 0xFF
    changes = rejected(kind, number >> 28, options)
    if kind == 0:
        return {name: value for name, value in changes.items() if name == "action"}
    return changes


def read_credential(number: int, options: Options) -> Changes:
    """A finger or password that came or went: d0 the operation, d5 d6 the user."""
    return credential_changed(number >> 28, number >> 4 & 0xFF, options)


# Only the first of these that a frame carries counts (contract 2).
READERS: dict[int, tuple[Callable[[Value], int | None], Callable[[int, Options], Changes]]] = {
    0xFF10: (number_of, read_opened),
    0xFF11: (number_of, read_rejected),
    0xFF01: (tagged_number, read_credential),
}


def read_door(report: Report, options: Options) -> Changes:
    """What a frame of the door lock cluster says.

    A number that starts with a zero digit is one Zigbee2MQTT reads shifted; it means nothing here.
    """
    if (report.cluster, report.endpoint) != (Cluster.DOOR_LOCK, 1):
        return {}
    for attribute, (unwrap, reader) in READERS.items():
        if attribute in report:
            number = unwrap(report[attribute])
            if number is None or not number >> 28:
                return {}
            changes = reader(number, options)
            if changes and wants_legacy(options):
                changes["data"] = f"{number:08x}"
            return changes
    return {}


LOCK = Definition(
    zigbee_model="lumi.lock.aq1",
    vendor="Aqara",
    model="ZNMS11LM",
    description="Smart door lock",
    power=Power.BATTERY,
    silence=timedelta(hours=25),
    readers=(read_door,),
    properties=(
        # Promised by Zigbee2MQTT, but no frame that tells them is known (contract 2).
        bolt("state", sparse=True),
        bolt("reverse", sparse=True),
        action(
            *(f"{method}_open" for method in METHODS),
            *REJECTIONS.values(),
            *CREDENTIAL_CHANGES.values(),
        ),
        Text("last_opened_by", shown=Shown.HOME),
        *LEGACY_ROWS,
        Text("data", shown=Shown.PAYLOAD),
        LINKQUALITY,
    ),
    has_legacy=True,
    has_users=True,
    supports_ota=True,
)
