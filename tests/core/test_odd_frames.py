"""Frames from valid addresses without, or with too little, content."""

import struct
from typing import Any

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.definition import GONE
from custom_components.aqara_zigbee.core.models import DEFINITIONS

LOCK, KNOB = "lumi.lock.acn02", "lumi.remote.rkba01"
DOOR, MULTISTATE, ON_OFF, OWN, BASIC = 0x0101, 0x0012, 0x0006, 0xFCC0, 0x0000
OCTETS, TEXT, U8, U16, I16, FLOAT, FLAG = 0x41, 0x42, 0x20, 0x21, 0x29, 0x39, 0x10


def octets(content: bytes) -> bytes:
    """A string with its length."""
    return bytes([len(content)]) + content


def report(
    endpoint: int, cluster: int, *records: tuple[int, int, bytes], maker: bool = True
) -> zcl.Report:
    """A report as it comes over the air: attribute, type and value of each record."""
    head = b"\x1c\x5f\x11\x01\x0a" if maker else b"\x18\x01\x0a"
    body = b"".join(struct.pack("<HB", number, kind) + value for number, kind, value in records)
    found = zcl.read_report(endpoint, cluster, head + body)
    assert found is not None
    assert len(found.records) == len(records)
    return found


def decode(model: str, *args: Any, **options: Any) -> dict[str, Any]:
    """Return a definition's result for a report."""
    return dict(DEFINITIONS[model].decode(report(*args), options))


# -- The lock ------------------------------------------------------------------------------------

WHOLE = {
    0xFFF6: "1001020b00",
    0xFF10: "10010201200007",
    0xFF11: "10010202000040",
    0xFF01: "10010200000007000001",
    0xFFF2: "10010202",
}
"""The shortest valid ones of each kind."""


@pytest.mark.parametrize("attribute", WHOLE)
def test_truncated_lock_strings_are_ignored(attribute: int) -> None:
    whole = bytes.fromhex(WHOLE[attribute])
    assert decode(LOCK, 1, DOOR, (attribute, OCTETS, octets(whole)))
    for length in range(len(whole)):
        assert decode(LOCK, 1, DOOR, (attribute, OCTETS, octets(whole[:length]))) == {}, length


@pytest.mark.parametrize("attribute", WHOLE)
def test_lock_numbers_where_a_string_should_be(attribute: int) -> None:
    assert decode(LOCK, 1, DOOR, (attribute, U16, b"\x0b\x00")) == {}


@pytest.mark.parametrize("language", [0, 3, 0xFF])
def test_unknown_lock_language(language: int) -> None:
    content = bytes.fromhex("100102") + bytes([language])
    assert decode(LOCK, 1, DOOR, (0xFFF2, OCTETS, octets(content))) == {}


@pytest.mark.parametrize(("endpoint", "cluster"), [(2, DOOR), (1, ON_OFF), (1, OWN)])
def test_lock_strings_from_elsewhere(endpoint: int, cluster: int) -> None:
    content = octets(bytes.fromhex(WHOLE[0xFFF6]))
    assert decode(LOCK, endpoint, cluster, (0xFFF6, OCTETS, content)) == {}


@pytest.mark.parametrize("content", ["1001023f55", "1001020711", "1001020744"])
def test_lock_bolts_of_an_unknown_event(content: str) -> None:
    bolts = bytes.fromhex(content)[4]
    string = octets(bytes.fromhex(content))
    changes = decode(LOCK, 1, DOOR, (0xFFF6, OCTETS, string))
    assert changes == {
        "state": not bolts & 0x10,
        "reverse": not bolts & 0x04,
        "encrypted": False,
        "user": GONE,
        "repeat": GONE,
    }


@pytest.mark.parametrize("content", ["1001024011", "10010207aa", "100102071101"])
def test_lock_messages_of_another_shape(content: str) -> None:
    assert decode(LOCK, 1, DOOR, (0xFFF6, OCTETS, octets(bytes.fromhex(content)))) == {}


@pytest.mark.parametrize(("zeros", "is_cipher"), [(0, True), (2, True), (3, False)])
@pytest.mark.parametrize("attribute", WHOLE)
def test_lock_ciphertext(attribute: int, zeros: int, is_cipher: bool) -> None:
    content = bytes(zeros) + bytes(range(0xE0, 0xE0 + 16 - zeros))
    changes = decode(LOCK, 1, DOOR, (attribute, OCTETS, octets(content)))
    assert (changes == {"encrypted": True}) is is_cipher
    assert changes.get("encrypted", False) is is_cipher


def test_lock_first_string_counts() -> None:
    who, what = (octets(bytes.fromhex(WHOLE[number])) for number in (0xFF10, 0xFFF6))
    both = decode(LOCK, 1, DOOR, (0xFF10, OCTETS, who), (0xFFF6, OCTETS, what))
    assert both == decode(LOCK, 1, DOOR, (0xFFF6, OCTETS, what))


# -- The knob ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "cluster", "record"),
    [
        (1, MULTISTATE, (0x0055, U16, b"\x07\x00")),  # a press that has no name
        (1, MULTISTATE, (0x0055, TEXT, b"\x011")),
        (1, MULTISTATE, (0x0055, FLOAT, struct.pack("<f", 1.5))),
        (1, MULTISTATE, (0x0056, U16, b"\x01\x00")),
        (2, MULTISTATE, (0x0055, U16, b"\x01\x00")),
        (1, ON_OFF, (0x0000, U8, b"\x02")),
        (1, ON_OFF, (0x0000, TEXT, b"\x011")),
        (1, ON_OFF, (0x4000, FLAG, b"\x01")),
        (2, ON_OFF, (0x0000, FLAG, b"\x01")),
    ],
)
def test_knob_presses_without_a_name(
    endpoint: int, cluster: int, record: tuple[int, int, bytes]
) -> None:
    assert decode(KNOB, endpoint, cluster, record) == {}


@pytest.mark.parametrize("on", [b"\0", b"\1"])
def test_knob_plain_press(on: bytes) -> None:
    assert decode(KNOB, 1, ON_OFF, (0, FLAG, on)) == {"action": "single"}


@pytest.mark.parametrize(
    "record",
    [(0x023A, U8, b"\x00"), (0x023A, U8, b"\x04"), (0x023A, U8, b"\x80"), (0x023A, TEXT, b"\x011")],
)
def test_unknown_knob_phases(record: tuple[int, int, bytes]) -> None:
    assert decode(KNOB, 71, OWN, record) == {}


@pytest.mark.parametrize(
    ("numbers", "direction"),
    [
        ({}, None),
        ({0x022E: 0.0, 0x0230: 0.0}, None),
        ({0x022E: 12.0}, "clockwise"),
        ({0x022E: -12.0, 0x0230: 0.0}, "counterclockwise"),
        ({0x022E: -12.0, 0x0230: 3.0}, "clockwise"),
        ({0x022E: float("nan"), 0x0230: float("inf")}, None),
    ],
)
def test_knob_direction(numbers: dict[int, float], direction: str | None) -> None:
    """By the last step, by the whole turn without one, and not at all when nothing moved."""
    records = [(number, FLOAT, struct.pack("<f", value)) for number, value in numbers.items()]
    changes = decode(KNOB, 71, OWN, (0x023A, U8, b"\x02"), *records)
    assert changes["action"] == "rotation"
    assert changes.get("action_direction") == direction


@pytest.mark.parametrize(
    ("endpoint", "record"),
    [
        (1, (0xFFF0, OCTETS, b"\x05\xaa\x10\x05\x41\x86")),
        (1, (0xFFF0, OCTETS, b"\x00")),
        (1, (0xFFF0, U16, b"\xaa\x10")),
        (1, (0xFFF1, OCTETS, b"\x05\xaa\x10\x05\x41\x87")),
        (2, (0xFFF0, OCTETS, b"\x05\xaa\x10\x05\x41\x87")),
    ],
)
def test_other_knob_questions(endpoint: int, record: tuple[int, int, bytes]) -> None:
    (reply,) = DEFINITIONS[KNOB].replies
    assert reply(report(endpoint, BASIC, record)) == ()


def test_knob_question_is_answered_once() -> None:
    (reply,) = DEFINITIONS[KNOB].replies
    (answer,) = reply(report(1, BASIC, (0xFFF0, OCTETS, b"\x06\xaa\x10\x05\x41\x87\x99")))
    assert isinstance(answer, zcl.WriteAttributes)


# -- The first lock ------------------------------------------------------------------------------

FIRST = "lumi.lock.aq1"


@pytest.mark.parametrize("number", [0, 0x40, 0x0010_0001, 0x00FF_FFFF])
@pytest.mark.parametrize("attribute", [0xFF11, 0xFF01])
def test_first_lock_numbers_too_short_for_their_fields(attribute: int, number: int) -> None:
    assert decode(FIRST, 1, DOOR, (attribute, 0x23, number.to_bytes(4, "little"))) == {}


@pytest.mark.parametrize(
    ("number", "person"),
    [
        (0x0320_0007, "#7"),
        (0x0F10_0005, "Ada"),
        (0x3200_0050, "Ada"),
        (0x0010_0005, "Ada"),
        (0x0300_0005, GONE),
        (0x0450_0005, GONE),
        (0x0000_0040, GONE),
    ],
)
def test_first_lock_opened_by_an_unknown_way(number: int, person: object) -> None:
    """There was an opening, so it is not the former user; MQTT has no action for it."""
    record = (0xFF10, 0x23, number.to_bytes(4, "little"))
    changes = decode(FIRST, 1, DOOR, record, users={"5": "Ada"})
    assert changes == {"last_opened_by": person}


@pytest.mark.parametrize(("content", "person"), [("0320000500", "Ada"), ("0900000500", GONE)])
def test_lock_opened_by_an_unknown_way(content: str, person: object) -> None:
    string = octets(bytes.fromhex("100102" + content + "00" * 8))
    changes = decode(LOCK, 1, DOOR, (0xFF10, OCTETS, string), users={"5": "Ada"})
    assert changes == {"last_opened_by": person, "encrypted": False}


@pytest.mark.parametrize(
    ("kind", "value"),
    [(0x23, b""), (0x1B, b""), (OCTETS, b"\x04"), (TEXT, b"\x04")],
)
def test_first_lock_numbers_of_any_type(kind: int, value: bytes) -> None:
    record = (0xFF10, kind, value + (0x0210_0009).to_bytes(4, "little"))
    assert decode(FIRST, 1, DOOR, record)["action_user"] == 9
