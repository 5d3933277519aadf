"""ZNMS12LM, the S2 lock (protocol 1). It only reports: it can be neither locked nor unlocked."""

from collections.abc import Callable

from ..definition import GONE, Changes, Definition, Feed, Problem
from ..property import (
    Binary,
    Numeric,
    Options,
    Shown,
    Text,
)
from ..quantity import TEMPERATURE, Bounds
from ..source import Attribute, Element, Tag, attribute, element, less, tag
from ..zcl import Cluster, Report
from .lumi import LINKQUALITY, MANUFACTURER, battery, power_outage_count, unpack
from .lumi_lock import (
    ACTIONS,
    DOORBELL,
    OLDER_ROWS,
    action,
    bolt,
    credential_changed,
    opened,
    rejected,
)

STATUS = Attribute(Cluster.DOOR_LOCK, 0xFFF6, manufacturer=MANUFACTURER)
"""It can be read, too, as the maker's hub does (capture ZNMS12LM-004)."""

# Bits of the bolt octet (capture ZNMS11LM-022); 0x40 is the S2 Pro's.
SQUARE_BOLT, REVERSE_BOLT, BOLT_BITS = 0x10, 0x04, 0x55
HIGHEST_EVENT = 0x3F
"""All known events, also of other locks, are lower; a higher one is another message."""

# Actions by event and bolts, including the codes of the S2 Pro.
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

NO_OLDER_KEYS: Changes = {"user": GONE, "repeat": GONE}
"""In a status or a language: removes older keys (protocol 1.4)."""


def is_ciphertext(content: bytes) -> bool:
    """Whether a status string looks encrypted.

    A lock that was paired with the maker's hub keeps encrypting, in blocks of 16 octets, with an
    unknown key. Plain strings are mostly zeros; three zeros in random 16 happen once in 30 000.
    """
    return len(content) == 16 and content.count(0) < 3


def read_status(content: bytes, options: Options) -> Changes:
    """Decode bolts and their action. Unknown pairs of plain format still change the bolts."""
    del options
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
        **NO_OLDER_KEYS,
    }
    return changes | {"action": word} if word else changes


def read_opened(content: bytes, options: Options) -> Changes:
    """Decode an opening with its user."""
    if len(content) < 7:
        return {}
    return opened(content[3], content[4] >> 4, content[6], options)


def read_rejected(content: bytes, options: Options) -> Changes:
    """Decode a rejected attempt or the bell, which has a null count."""
    del options
    if len(content) < 7:
        return {}
    return rejected(content[6], content[3] if content[6] else None)


def read_credential(content: bytes, options: Options) -> Changes:
    """Decode an added or deleted credential."""
    if len(content) < 10:
        return {}
    return credential_changed(content[9], content[6], options)


def read_language(content: bytes, options: Options) -> Changes:
    """Decode the lock's language. Zigbee2MQTT reports Chinese for both; here they differ."""
    del options
    language = LANGUAGES.get(content[3]) if len(content) > 3 else None
    if language is None:
        return {}
    return {
        "action": "change_language_to",
        "action_language": language,
        **NO_OLDER_KEYS,
    }


# Only the first of these in a frame counts (protocol 1.3).
READERS: dict[int, Callable[[bytes, Options], Changes]] = {
    STATUS.id: read_status,
    0xFF10: read_opened,
    0xFF11: read_rejected,
    0xFF01: read_credential,
    0xFFF2: read_language,
}


def read_door(report: Report, options: Options) -> Changes:
    """Decode a frame of the door lock cluster; of an encrypted one only that it is encrypted.

    A status with a known pair counts even if it looks like ciphertext, unless the lock is known to
    encrypt (`context`): one random pair in 3000 is known. Its value of encryption is None.
    """
    if (report.cluster, report.endpoint) != (Cluster.DOOR_LOCK, 1):
        return {}
    for number, reader in READERS.items():
        if number in report:
            content = report[number]
            if not isinstance(content, bytes):
                return {}
            changes = reader(content, options)
            if is_ciphertext(content):
                is_listed = number == STATUS.id and (content[3], content[4]) in STATUSES
                return changes | {"encrypted": None} if is_listed else {"encrypted": True}
            return changes | {"encrypted": False} if changes else {}
    return {}


LOCK_S2 = Definition(
    zigbee_model="lumi.lock.acn02",
    vendor="Aqara",
    model="ZNMS12LM",
    description="Smart door lock S2",
    # Its node descriptor claims a router and mains power; it is neither (protocol 1.1).
    feed=Feed.SLEEPY,
    unpack=unpack,
    readers=(read_door,),
    properties=(
        # Cells of 1.5 V, four in series.
        *battery(3000, 4200, (Tag(0x01), Element(1)), Bounds(1000, 8000, zero_means_none=True)),
        Binary(
            "battery_low",
            # True for an alarm mask of exactly 1 (protocol 1.2).
            (attribute(Cluster.POWER_CONFIGURATION, 0x0035),),
            category="diagnostic",
            device_class="battery",
        ),
        bolt("state", read=STATUS),
        bolt("reverse", read=STATUS),
        action(DOORBELL, *(word for word in ACTIONS if word != "lock_opened")),
        Text("last_opened_by", shown=Shown.HOME),
        Numeric(
            "device_temperature",
            (tag(0x03),),
            TEMPERATURE,
            category="diagnostic",
            enabled=False,
            shown=Shown.NOT_EXPOSED,
        ),
        power_outage_count(element(4, less(1)), shown=Shown.NOT_EXPOSED),
        *OLDER_ROWS,
        # A single frame can be damaged.
        Binary("encrypted", shown=Shown.NOWHERE, confirmations=3),
        LINKQUALITY,
    ),
    refresh=("state",),
    problems=(Problem("encrypted", value=True, issue="lock_encrypted"),),
    has_users=True,
    supports_ota=True,
)
