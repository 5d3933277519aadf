"""Every action of a lock, from the frame to the message, in both modes of ``legacy`` (protocol 1.3, 1.4, 2)."""

from collections.abc import Callable
import struct
from typing import Any

import pytest

from custom_components.aqara_zigbee.core.devices.lumi_lock import ACTIONS
from tests.mirror.stage import Stage

DOOR_LOCK = 0x0101

type Row = tuple[str, str, dict[str, Any], dict[str, Any]]
"""A frame; the action on MQTT; the keys that are always there; the keys with ``legacy`` only."""


def text(attribute: int, **octets: int) -> str:
    """Return a manufacturer-specific report of 16 octets, some given as ``at3=1``."""
    content = bytearray(16)
    for place, octet in octets.items():
        content[int(place.removeprefix("at"))] = octet
    header = b"\x1c\x5f\x11\x01\x0a" + struct.pack("<HBB", attribute, 0x41, len(content))
    return (header + content).hex()


def status(event: int, bolts: int) -> str:
    """Return a report of the last event and the bolts."""
    return text(0xFFF6, at3=event, at4=bolts)


def number(attribute: int, value: int) -> str:
    """Return a manufacturer-specific report of a 32-bit number."""
    return (b"\x1c\x5f\x11\x01\x0a" + struct.pack("<HBI", attribute, 0x23, value)).hex()


def listed(value: int) -> str:
    """Return a manufacturer-specific report of a tag list with one 32-bit number."""
    return (b"\x1c\x5f\x11\x01\x0a" + struct.pack("<HBBBBI", 0xFF01, 0x42, 6, 1, 0x23, value)).hex()


def bolts(state: str, reverse: str) -> dict[str, Any]:
    """Return the bolt properties of a status."""
    return {"state": state, "reverse": reverse}


def user(identity: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the user's keys, and those of ``legacy``."""
    return {"action_user": identity}, {"user": identity}


def repeat(count: int | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the count's keys, and those of ``legacy``."""
    return {"action_repeat": count}, {"repeat": count}


S2: list[Row] = [
    (status(0x03, 0x01), "reverse_lock_cancel", bolts("UNLOCK", "UNLOCK"), {}),
    (status(0x03, 0x11), "reverse_lock_cancel", bolts("LOCK", "UNLOCK"), {}),
    (status(0x02, 0x05), "reverse_lock", bolts("UNLOCK", "LOCK"), {}),
    (status(0x02, 0x15), "reverse_lock", bolts("LOCK", "LOCK"), {}),
    (status(0x01, 0x11), "locked", bolts("LOCK", "UNLOCK"), {}),
    (status(0x0B, 0x00), "lock_opened_outside", bolts("UNLOCK", "UNLOCK"), {}),
    (status(0x0C, 0x00), "lock_opened_inside", bolts("UNLOCK", "UNLOCK"), {}),
    (status(0x24, 0x00), "door_closed", bolts("UNLOCK", "UNLOCK"), {}),
    (text(0xFF10, at3=1, at4=0x10, at6=1), "finger_open_admin_id1", *user(1)),
    (text(0xFF10, at3=1, at4=0x20, at6=200), "finger_open_user_id200", *user(200)),
    (text(0xFF10, at3=2, at4=0x20, at6=0x12), "password_open_user_id18", *user(18)),
    (text(0xFF11, at3=2, at6=0x40), "finger_not_match", *repeat(2)),
    (text(0xFF11, at3=3, at6=0x02), "password_not_match", *repeat(3)),
    (text(0xFF11, at3=1, at6=0x00), "ring_bell", *repeat(None)),
    (text(0xFF01, at9=1, at6=3), "finger_add", *user(3)),
    (text(0xFF01, at9=2, at6=4), "finger_delete", *user(4)),
    (text(0xFF01, at9=3, at6=0), "password_add", *user(0)),
    (text(0xFF01, at9=4, at6=21), "password_delete", *user(21)),
    (text(0xFFF2, at3=1), "change_language_to_chinese", {}, {}),
    (text(0xFFF2, at3=2), "change_language_to_english", {}, {}),
]

S1: list[Row] = [
    (frame, word, published, older | ({"data": data} if data else {}))
    for frame, word, (published, older), data in (
        (number(0xFF10, 0x11000010), "finger_open_admin_id1", user(1), "11000010"),
        (number(0xFF10, 0x22000120), "password_open_user_id18", user(18), "22000120"),
        (number(0xFF11, 0x30000400), "finger_not_match", repeat(3), "30000400"),
        (number(0xFF11, 0x20000020), "password_not_match", repeat(2), "20000020"),
        (number(0xFF11, 0x10000000), "ring_bell", ({}, {}), "10000000"),
        (listed(0x10000050), "finger_add", user(5), "10000050"),
        (listed(0x20000050), "finger_delete", user(5), "20000050"),
        (listed(0x30000060), "password_add", user(6), "30000060"),
        (listed(0x40000060), "password_delete", user(6), "40000060"),
        (number(0xFF10, 0x01100003), "finger_open_admin_id3", user(3), "1100003"),
        (number(0xFF10, 0x022000C8), "password_open_user_id200", user(200), "22000c8"),
        (number(0xFF11, 0x0A000040), "finger_not_match", repeat(10), "a000040"),
        (number(0xFF11, 0x05000002), "password_not_match", repeat(5), "5000002"),
        (number(0xFF11, 0x03000000), "ring_bell", ({}, {}), "3000000"),
        (listed(0x01000000), "finger_add", user(0), "1000000"),
        (listed(0x020000FE), "finger_delete", user(254), "20000fe"),
        (listed(0x03000010), "password_add", user(16), "3000010"),
        (listed(0x04000011), "password_delete", user(17), "4000011"),
    )
]

NEVER_SENT = {"lock_opened"}
"""Documented, but not in any known frame (protocol 1.3)."""


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize(
    ("model", "row"),
    [
        pytest.param(model, row, id=f"{model}-{row[1]}-{number}")
        for model, rows in (("lumi.lock.acn02", S2), ("lumi.lock.aq1", S1))
        for number, row in enumerate(rows)
    ],
)
def test_action(make: Callable[..., Stage], model: str, row: Row, legacy: bool) -> None:
    frame, word, published, older = row
    stage = make()
    stage.add(model, legacy=legacy)
    stage.begin()
    stage.receive(frame, DOOR_LOCK)
    assert stage.states() == [{"action": word, **published, **(older if legacy else {})}]
    assert [message.payload for message in stage.said("device/action")] == [word]


def test_every_action_is_here() -> None:
    bases = {
        max((action for action in ACTIONS if word.startswith(action)), key=len)
        for _, word, *_ in (*S2, *S1)
    }
    assert bases == set(ACTIONS) - NEVER_SENT
    assert len(ACTIONS) == 17
