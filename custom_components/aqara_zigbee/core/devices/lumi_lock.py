"""Common parts of the two locks: actions, users and details."""

from collections.abc import Mapping

from ..definition import GONE, Changes
from ..device_settings import People
from ..property import (
    Action,
    Binary,
    Enum,
    Event,
    Join,
    Numeric,
    Options,
    Row,
    Scalar,
    Shown,
    Text,
)
from ..quantity import PLAIN, Bounds
from ..source import Attribute, Lookup

ACTIONS = (
    "finger_not_match",
    "password_not_match",
    "reverse_lock",
    "reverse_lock_cancel",
    "locked",
    "lock_opened",
    "finger_add",
    "finger_delete",
    "password_add",
    "password_delete",
    "lock_opened_inside",
    "lock_opened_outside",
    "ring_bell",
    "change_language_to",
    "finger_open",
    "password_open",
    "door_closed",
)
"""All documented actions, in Zigbee2MQTT's order; "lock_opened" is listed but never occurs."""

METHODS = ("finger", "password")
CREDENTIAL_CHANGES = {1: "finger_add", 2: "finger_delete", 3: "password_add", 4: "password_delete"}
REJECTIONS = {0x40: "finger_not_match", 0x02: "password_not_match", 0x00: "ring_bell"}

OCTET = Bounds(0, 255)
"""Users and counts are octets."""

DETAILS = (
    Numeric("action_user", (), PLAIN, plausible=OCTET, shown=Shown.NOT_EXPOSED),
    Numeric("action_repeat", (), PLAIN, plausible=OCTET, shown=Shown.NOT_EXPOSED),
    Text("action_user_name", shown=Shown.HOME),
    Enum("action_role", lookup=Lookup({1: "admin", 2: "user"}), shown=Shown.HOME),
    Enum("action_method", lookup=Lookup({1: "finger", 2: "password"}), shown=Shown.HOME),
    Enum("action_language", lookup=Lookup({1: "chinese", 2: "english"}), shown=Shown.HOME),
)

OLDER_ROWS: tuple[Row, ...] = (
    Numeric("user", (), PLAIN, plausible=OCTET, shown=Shown.PAYLOAD),
    Numeric("repeat", (), PLAIN, plausible=OCTET, shown=Shown.PAYLOAD),
)
"""Older keys of the MQTT payload, which stay in it once reported; the mirror decides whether
to publish them (protocol 1.4)."""

_ATTRIBUTES = {
    "action_user": "user",
    "action_user_name": "name",
    "action_role": "role",
    "action_method": "method",
    "action_repeat": "repeat",
    "action_language": "language",
}


def bolt(name: str, read: Attribute | None = None, *, sparse: bool = False) -> Binary:
    """Return the row of a bolt; on means that it is not extended (protocol 1.3)."""
    return Binary(name, on="UNLOCK", off="LOCK", device_class="lock", read=read, sparse=sparse)


DOORBELL = Event("doorbell", {"ring_bell": ("ring", {})}, device_class="doorbell")
TAMPER = Event("tamper", {"ring_bell": ("tampering", {})}, formerly="doorbell")
"""Zigbee2MQTT's "ring_bell" of a lock without a bell: it is pried off
(Koenkk/zigbee-herdsman-converters#1006)."""


def action(bell: Event, *occurring: str) -> Action:
    """Return the row of the lock's actions.

    Args:
        bell: the event of "ring_bell" of this lock.
        occurring: the actions of this lock.
    """
    types: dict[str, tuple[str, Mapping[str, Scalar]]] = {
        word: (word, {}) for word in occurring if word != "ring_bell"
    }
    return Action(
        "action",
        values=ACTIONS,
        details=DETAILS,
        events=(
            Event("activity", types, _ATTRIBUTES),
            bell,
        ),
        spell=_spell,
        bus_events={f"{method}_open": "opened" for method in METHODS},
        # The user is reported about a second before the door opens (capture ZNMS12LM-009).
        join=Join(
            frozenset({"finger_open", "password_open"}),
            frozenset({"lock_opened_outside"}),
            within=5.0,
            person="last_opened_by",
            bolt="state",
        ),
    )


def _spell(word: str, details: Mapping[str, Scalar]) -> str:
    """The action on MQTT, with the details that are attributes in Home Assistant (protocol 1.3)."""
    if (language := details.get("action_language")) is not None:
        return f"{word}_{language}"
    if (role := details.get("action_role")) is not None:
        return f"{word}_{role}_id{details['action_user']}"
    return word


def opened(method: int, role: int, user: int, options: Options) -> Changes:
    """Return the changes of an accepted credential.

    An unknown method is an opening, too: without an action, and with that user as *last opened by*,
    or None for an unknown role.

    Args:
        method: 1 finger, 2 password.
        role: 1 administrator, anything else a user.
        user: its number in the lock, 0..255.
        options: names of users.
    """
    name = People.from_options(options).name_of(user)
    if method not in (1, 2):
        return {"last_opened_by": name if role in (1, 2) else GONE}
    kind = METHODS[method - 1]
    return {
        "action": f"{kind}_open",
        "action_role": "admin" if role == 1 else "user",
        "action_method": kind,
        "last_opened_by": name,
        **_with_user(user, options),
    }


def credential_changed(operation: int, user: int, options: Options) -> Changes:
    """Return the action of an added or deleted credential; nothing for an unknown operation."""
    word = CREDENTIAL_CHANGES.get(operation)
    return {"action": word, **_with_user(user, options)} if word else {}


def rejected(kind: int, repeat: int | None) -> Changes:
    """Return the action of `repeat` rejected attempts, or the bell; nothing for an unknown kind."""
    word = REJECTIONS.get(kind)
    return {"action": word, "action_repeat": repeat, "repeat": repeat} if word else {}


def _with_user(user: int, options: Options) -> Changes:
    name = People.from_options(options).name_of(user)
    return {"action_user": user, "action_user_name": name, "user": user}
