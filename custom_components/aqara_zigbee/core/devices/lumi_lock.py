"""What the two locks share: their words, their people, and what is said with them."""

from collections.abc import Mapping

from ..codec import Lookup
from ..definition import Changes
from ..options import LEGACY, USERS
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
from ..quantity import PLAIN
from ..source import Attribute

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
"""All documented words, in Zigbee2MQTT's order; "lock_opened" is listed there and never occurs."""

METHODS = ("finger", "password")
CREDENTIAL_CHANGES = {1: "finger_add", 2: "finger_delete", 3: "password_add", 4: "password_delete"}
REJECTIONS = {0x40: "finger_not_match", 0x02: "password_not_match", 0x00: "ring_bell"}

DETAILS = (
    Numeric("action_user", (), PLAIN, shown=Shown.NOT_EXPOSED),
    Numeric("action_repeat", (), PLAIN, shown=Shown.NOT_EXPOSED),
    Text("action_user_name", shown=Shown.HOME),
    Enum("action_role", lookup=Lookup({1: "admin", 2: "user"}), shown=Shown.HOME),
    Enum("action_method", lookup=Lookup({1: "finger", 2: "password"}), shown=Shown.HOME),
    Enum("action_language", lookup=Lookup({1: "chinese", 2: "english"}), shown=Shown.HOME),
)

LEGACY_ROWS: tuple[Row, ...] = (
    Numeric("user", (), PLAIN, shown=Shown.PAYLOAD),
    Numeric("repeat", (), PLAIN, shown=Shown.PAYLOAD),
)
"""Older keys of the MQTT payload, which stay in it once they came (contract 1.4)."""

_ATTRIBUTES = {
    "action_user": "user",
    "action_user_name": "name",
    "action_role": "role",
    "action_method": "method",
    "action_repeat": "repeat",
    "action_language": "language",
}


def bolt(name: str, read: Attribute | None = None, *, sparse: bool = False) -> Binary:
    """A bolt; on means that it is not out (contract 1.3)."""
    return Binary(name, on="UNLOCK", off="LOCK", device_class="lock", read=read, sparse=sparse)


def action(*occurring: str) -> Action:
    """The row of what happens at the door.

    Args:
        occurring: the words this lock can say.
    """
    words: dict[str, tuple[str, Mapping[str, Scalar]]] = {
        word: (word, {}) for word in occurring if word != "ring_bell"
    }
    return Action(
        "action",
        values=ACTIONS,
        details=DETAILS,
        events=(
            Event("activity", words, _ATTRIBUTES),
            Event("doorbell", {"ring_bell": ("ring", {})}, device_class="doorbell"),
        ),
        spell=_spell,
        # Who was let in is told about a second before the door opens (capture ZNMS12LM-009).
        join=Join(
            frozenset({"finger_open", "password_open"}), frozenset({"lock_opened_outside"}), 5.0
        ),
    )


def _spell(word: str, details: Mapping[str, Scalar]) -> str:
    """MQTT joins to the word what Home Assistant gets as attributes (contract 1.3)."""
    if (language := details.get("action_language")) is not None:
        return f"{word}_{language}"
    if (role := details.get("action_role")) is not None:
        return f"{word}_{role}_id{details['action_user']}"
    return word


def opened(method: int, role: int, user: int, options: Options) -> Changes:
    """A credential was accepted; nothing for a method nobody knows.

    Args:
        method: 1 finger, 2 password.
        role: 1 administrator, anything else a user.
        user: its number in the lock, 0..255.
        options: names of users, and whether older keys are wanted.
    """
    if method not in (1, 2):
        return {}
    kind, name = METHODS[method - 1], name_of(user, options)
    return {
        "action": f"{kind}_open",
        "action_role": "admin" if role == 1 else "user",
        "action_method": kind,
        "last_opened_by": name,
        **_with_user(user, options),
    }


def credential_changed(operation: int, user: int, options: Options) -> Changes:
    """A finger or password was added or deleted; nothing for an unknown operation."""
    word = CREDENTIAL_CHANGES.get(operation)
    return {"action": word, **_with_user(user, options)} if word else {}


def rejected(kind: int, repeat: int | None, options: Options) -> Changes:
    """A credential was refused `repeat` times, or somebody rang; nothing for an unknown kind."""
    word = REJECTIONS.get(kind)
    if word is None:
        return {}
    legacy: Changes = {"repeat": repeat} if wants_legacy(options) else {}
    return {"action": word, "action_repeat": repeat, **legacy}


def _with_user(user: int, options: Options) -> Changes:
    legacy: Changes = {"user": user} if wants_legacy(options) else {}
    return {"action_user": user, "action_user_name": name_of(user, options), **legacy}


def wants_legacy(options: Options) -> bool:
    """Whether older keys are wanted in the MQTT payload."""
    return bool(options.get(LEGACY, True))


def name_of(user: int, options: Options) -> str:
    """What the user of that number is called; the number itself while nobody named it."""
    return str(options.get(USERS, {}).get(str(user)) or f"#{user}")
