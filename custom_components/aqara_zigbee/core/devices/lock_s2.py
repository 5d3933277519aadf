"""ZNMS12LM, the S2 lock (contract 1). It only reports: it can be neither locked nor unlocked."""

from collections.abc import Callable
from datetime import timedelta

from ..codec import less, linear_percent
from ..definition import GONE, Changes, Definition, Power, Problem
from ..property import (
    Binary,
    Numeric,
    Options,
    Shown,
    Text,
)
from ..quantity import BATTERY, BATTERY_VOLTAGE, COUNT, TEMPERATURE
from ..source import Attribute, attribute, element, tag
from ..zcl import Cluster, Report
from .lumi import LINKQUALITY, MANUFACTURER, unpack
from .lumi_lock import (
    ACTIONS,
    LEGACY_ROWS,
    action,
    bolt,
    credential_changed,
    opened,
    rejected,
    wants_legacy,
)

STATUS = Attribute(Cluster.DOOR_LOCK, 0xFFF6, manufacturer=MANUFACTURER)
"""Can be read, too: the maker's hub does (capture ZNMS12LM-004)."""

# Bits of the bolt octet (capture ZNMS11LM-022); 0x40 is the S2 Pro's.
SQUARE_BOLT, REVERSE_BOLT, BOLT_BITS = 0x10, 0x04, 0x55
HIGHEST_EVENT = 0x3F
"""Events seen so far, ours and others', lie below; a higher one is some other message."""

# What happened, by event and bolts. The codes of the S2 Pro are understood too.
STATUSES = {
    (0x03, 0x01): "reverse_lock_cancel",
    (0x03, 0x11): "reverse_lock_cancel",
    (0x02, 0x05): "reverse_lock",
    (0x02, 0x15): "reverse_lock",
    (0x01, 0x11): "locked",
    (0x0B, 0x00): "lock_opened_outside",
    (0x0C, 0x00): "lock_opened_inside",
    (0x03, 0x41): "reverse_lock_cancel",
    (0x03, 0x51): "reverse_lock_cancel",
    (0x02, 0x45): "reverse_lock",
    (0x02, 0x55): "reverse_lock",
    (0x13, 0x55): "reverse_lock",
    (0x13, 0x51): "locked",
    (0x14, 0x51): "locked",
    (0x06, 0x40): "lock_opened_outside",
    (0x06, 0x00): "lock_opened_outside",
    (0x23, 0x00): "lock_opened_inside",
    (0x05, 0x40): "lock_opened_inside",
    (0x04, 0x40): "lock_opened_inside",
    (0x24, 0x00): "door_closed",
    (0x24, 0x01): "door_closed",
}

LANGUAGES = {1: "chinese", 2: "english"}


def is_ciphertext(content: bytes) -> bool:
    """Whether a status string looks encrypted.

    A lock that was paired with the maker's hub goes on encrypting, in blocks of 16 octets, with a key
    nobody knows. Plain strings are mostly zeros; three zeros in random 16 happen once in 30 000.
    """
    return len(content) == 16 and content.count(0) < 3


def read_status(content: bytes, options: Options) -> Changes:
    """Bolts and what moved them. Unknown pairs of plain shape still move the bolts."""
    if len(content) < 5:
        return {}
    event, bolts = content[3], content[4]
    word = STATUSES.get((event, bolts))
    is_plain = event <= HIGHEST_EVENT and not bolts & ~BOLT_BITS and not any(content[5:])
    if word is None and not is_plain:
        return {}
    changes: Changes = {
        "state": not bolts & SQUARE_BOLT,
        "reverse": not bolts & REVERSE_BOLT,
        **_without_legacy(options),
    }
    return changes | {"action": word} if word else changes


def read_opened(content: bytes, options: Options) -> Changes:
    """Who was let in."""
    if len(content) < 7:
        return {}
    return opened(content[3], content[4] >> 4, content[6], options)


def read_rejected(content: bytes, options: Options) -> Changes:
    """Who was not, or who rang; the bell has no count, and says so with a null."""
    if len(content) < 7:
        return {}
    return rejected(content[6], content[3] if content[6] else None, options)


def read_credential(content: bytes, options: Options) -> Changes:
    """A finger or password that came or went."""
    if len(content) < 10:
        return {}
    return credential_changed(content[9], content[6], options)


def read_language(content: bytes, options: Options) -> Changes:
    """The language the lock speaks. Zigbee2MQTT says Chinese for both; that is not repeated."""
    language = LANGUAGES.get(content[3]) if len(content) > 3 else None
    if language is None:
        return {}
    return {
        "action": "change_language_to",
        "action_language": language,
        **_without_legacy(options),
    }


def _without_legacy(options: Options) -> Changes:
    """Older keys that such a frame wipes out (contract 1.4)."""
    return {"user": GONE, "repeat": GONE} if wants_legacy(options) else {}


# Only the first of these that a frame carries counts (contract 1.3).
READERS: dict[int, Callable[[bytes, Options], Changes]] = {
    STATUS.id: read_status,
    0xFF10: read_opened,
    0xFF11: read_rejected,
    0xFF01: read_credential,
    0xFFF2: read_language,
}


def read_door(report: Report, options: Options) -> Changes:
    """What a frame of the door lock cluster says; nothing but that it is encrypted if it is."""
    if (report.cluster, report.endpoint) != (Cluster.DOOR_LOCK, 1):
        return {}
    for number, reader in READERS.items():
        if number in report:
            content = report[number]
            if not isinstance(content, bytes):
                return {}
            if is_ciphertext(content):
                return {"encrypted": True}
            changes = reader(content, options)
            return changes | {"encrypted": False} if changes else {}
    return {}


BATTERY_PERCENT = linear_percent(3000, 4200)

LOCK_S2 = Definition(
    zigbee_model="lumi.lock.acn02",
    vendor="Aqara",
    model="ZNMS12LM",
    description="Smart door lock S2",
    # Its node descriptor says router and mains; it is neither (contract 1.1).
    power=Power.BATTERY,
    silence=timedelta(hours=25),
    unpack=unpack,
    readers=(read_door,),
    properties=(
        Numeric(
            "battery",
            (tag(0x01, BATTERY_PERCENT), element(1, BATTERY_PERCENT)),
            BATTERY,
            minimum=0,
            maximum=100,
            category="diagnostic",
        ),
        Numeric(
            "voltage",
            (tag(0x01), element(1)),
            BATTERY_VOLTAGE,
            category="diagnostic",
            enabled=False,
        ),
        Binary(
            "battery_low",
            # True for an alarm mask of exactly 1 (contract 7.17).
            (attribute(Cluster.POWER_CONFIGURATION, 0x0035),),
            category="diagnostic",
            device_class="battery",
        ),
        bolt("state", read=STATUS),
        bolt("reverse", read=STATUS),
        action(*(word for word in ACTIONS if word != "lock_opened")),
        Text("last_opened_by", shown=Shown.HOME),
        Numeric(
            "device_temperature",
            (tag(0x03),),
            TEMPERATURE,
            category="diagnostic",
            enabled=False,
            shown=Shown.NOT_EXPOSED,
        ),
        Numeric(
            "power_outage_count",
            (tag(0x05, less(1)), element(4, less(1))),
            COUNT,
            category="diagnostic",
            enabled=False,
            shown=Shown.NOT_EXPOSED,
        ),
        *LEGACY_ROWS,
        Binary("encrypted", shown=Shown.NOWHERE),
        LINKQUALITY,
    ),
    refresh=("state",),
    problems=(Problem("encrypted", value=True, issue="lock_encrypted"),),
    has_legacy=True,
    has_users=True,
    supports_ota=True,
)
