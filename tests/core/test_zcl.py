"""Frames as bytes: what is read, what is left out, what is written."""

import math
import random
from typing import Any

import pytest
from zigpy.zcl import foundation

from custom_components.aqara_zigbee.core import value as values, zcl
from custom_components.aqara_zigbee.core.zcl import Record
from tests import examples
from tests.examples import MODELS, Example


def report(payload: str, control: str = "18", command: str = "0a") -> zcl.Report:
    found = zcl.read_report(1, 6, bytes.fromhex(control + "01" + command + payload))
    assert found is not None
    return found


def test_report_has_its_header() -> None:
    found = zcl.read_report(1, 0, bytes.fromhex("1c5f11810a01ff420303281e"))
    assert found is not None
    assert (found.endpoint, found.cluster) == (1, 0)
    assert (found.manufacturer, found.sequence) == (0x115F, 0x81)
    assert found.records == (Record(0xFF01, 0x42, bytes.fromhex("03281e")),)
    assert found[0xFF01] == bytes.fromhex("03281e")
    assert 0xFF01 in found
    assert 0x0000 not in found
    with pytest.raises(KeyError):
        found[0x0000]


@pytest.mark.parametrize(
    ("kind", "octets", "value"),
    [
        ("10", "01", 1),
        ("18", "ff", 255),
        ("20", "07", 7),
        ("21", "3412", 0x1234),
        ("22", "563412", 0x123456),
        ("23", "78563412", 0x12345678),
        ("24", "0100000000", 1),
        ("25", "010000000080", 0x800000000001),
        ("26", "01000000000000", 1),
        ("27", "ffffffffffffffff", 2**64 - 1),
        ("28", "ff", -1),
        ("29", "00ff", -256),
        ("2a", "ffffff", -1),
        ("2b", "feffffff", -2),
        ("2f", "ffffffffffffffff", -1),
        ("30", "02", 2),
        ("31", "0200", 2),
        ("39", "0000c03f", 1.5),
        ("3a", "000000000000f83f", 1.5),
        ("41", "020102", b"\x01\x02"),
        ("42", "03610062", b"a\x00b"),
        ("43", "020061ff", b"a\xff"),
        ("48", "200200 0a0b".replace(" ", ""), (10, 11)),
        ("4c", "0200200a2101ff", (10, 0xFF01)),
        ("e2", "01000000", 1),
        ("f0", "0102030405060708", 0x0807060504030201),
    ],
)
def test_value(kind: str, octets: str, value: values.Value) -> None:
    assert report("0000" + kind + octets).records == (Record(0, int(kind, 16), value),)


def test_zigpys_frames_are_read_equally() -> None:
    """Every type zigpy knows and we decode to a number, against zigpy's own encoder."""
    generator = random.Random(7)
    checked = 0
    for kind in (*range(0x20, 0x28), *range(0x28, 0x30), *range(0x18, 0x20)):
        python_type: Any = foundation.DataType.from_type_id(kind).python_type
        width = kind - {0x20: 0x1F, 0x28: 0x27, 0x18: 0x17}[kind & 0xF8]
        for _ in range(20):
            octets = generator.randbytes(width)
            ours, end = values.read_value(kind, octets, 0)
            theirs, rest = python_type.deserialize(octets)
            assert (ours, end, rest) == (int(theirs), width, b"")
            checked += 1
    assert checked == 480


def test_unknown_type_ends_the_frame_and_keeps_what_came_before() -> None:
    found = report("00001001" + "0100" + "77" + "0000")
    assert found.records == (Record(0, 0x10, 1),)


def test_truncated_value_ends_the_frame() -> None:
    assert report("00001001" + "0100" + "21" + "00").records == (Record(0, 0x10, 1),)


def test_string_with_a_length_too_high_ends_with_the_data() -> None:
    """Newer relay firmware declares more than it sends (protocol 5.2)."""
    assert report("01ff42" + "44" + "0328").records == (Record(0xFF01, 0x42, b"\x03\x28"),)


def test_string_with_a_length_too_low_extends_to_the_end() -> None:
    assert report("01ff42" + "02" + "032826" + "052111").records == (
        Record(0xFF01, 0x42, bytes.fromhex("032826052111")),
    )


def test_consistent_length_is_honoured() -> None:
    found = report("01ff42" + "03" + "032826" + "0000" + "10" + "01")
    assert found.records == (Record(0xFF01, 0x42, b"\x03\x28\x26"), Record(0, 0x10, 1))


def test_only_the_last_string_is_extended() -> None:
    """A model identifier before a lying heartbeat stays what it is."""
    found = report("0500" + "4201" + "61" + "01ff42" + "01" + "032826")
    assert found.records == (Record(5, 0x42, b"a"), Record(0xFF01, 0x42, b"\x03\x28\x26"))


def test_read_response_has_refused_attributes() -> None:
    found = report("000086" + "0100" + "00" + "20" + "07", command="01")
    assert found.records == (Record(1, 0x20, 7),)
    assert found.refused == ((0, 0x86),)


@pytest.mark.parametrize(
    "frame", ["", "18", "1801", "1c5f", "1c5f11", "1c5f1101", "180107", "190100", "08010b0000"]
)
def test_other_frames_are_not_reports(frame: str) -> None:
    assert zcl.read_report(1, 6, bytes.fromhex(frame)) is None


def test_nesting_is_bounded() -> None:
    deep = "4c0100" * 12 + "2001"
    assert report("0000" + deep).records == ()


def test_statuses() -> None:
    assert zcl.read_statuses(bytes.fromhex("18010400")) == (0,)
    assert zcl.read_statuses(bytes.fromhex("180104860000880100")) == (0x86, 0x88)
    assert zcl.read_statuses(bytes.fromhex("18010b0184")) == (0x84,)
    assert zcl.read_statuses(bytes.fromhex("18010a")) == ()
    assert zcl.read_statuses(b"") == ()
    assert zcl.read_statuses(bytes.fromhex("190101")) == ()


def test_requests_have_the_documented_frame_control() -> None:
    read = zcl.ReadAttributes(1, 6, (0,))
    special = zcl.ReadAttributes(1, 0xFCC0, (9, 0x234), manufacturer=0x115F)
    write = zcl.WriteAttributes(1, 0x10, (Record(0xFF06, 0x10, True),), manufacturer=0x115F)
    assert zcl.write_frame(read, 5).hex() == "1005000000"
    assert zcl.write_frame(special, 5).hex() == "145f11050009003402"
    # Sniffed: the hub switches the interlock on (capture LLKZMK11LM-059).
    assert zcl.write_frame(write, 0x4B).hex() == "145f114b0206ff1001"
    assert zcl.write_frame(zcl.Command(1, 6, 2), 9).hex() == "010902"


def test_default_response_answers_in_the_other_direction() -> None:
    head = zcl.read_header(bytes.fromhex("0c5f11810a"))
    assert head is not None
    assert head[0].wants_default_response
    assert zcl.write_default_response(head[0]).hex() == "145f11810b0a00"
    other = zcl.read_header(bytes.fromhex("00810a"))
    assert other is not None
    assert zcl.write_default_response(other[0]).hex() == "18810b0a00"


@pytest.mark.parametrize(
    ("kind", "value"),
    [(0x20, 256), (0x20, -1), (0x41, b"x" * 255), (0x39, 1e39), (0x00, 0), (0x42, b"x")],
)
def test_unwritable_values_are_refused(kind: int, value: values.Value) -> None:
    with pytest.raises(ValueError, match="ZCL type"):
        values.write_value(kind, value)


def test_tags_end_at_the_first_error_and_skip_one_octet() -> None:
    assert list(values.read_tags(bytes.fromhex("03281e 0a77 0521".replace(" ", "")))) == [(3, 30)]
    assert list(values.read_tags(bytes.fromhex("03281e00"))) == [(3, 30)]
    assert list(values.read_tags(b"")) == []


@pytest.mark.parametrize(
    "example", [e for e in examples.load(*MODELS) if e.frame], ids=lambda e: e.id
)
def test_every_example_is_read_like_its_recorded_attributes(example: Example) -> None:
    """The reader agrees with zigpy's parser on every frame that parser accepts."""
    found = zcl.read_report(example.endpoint, example.cluster, example.frame)
    assert found is not None
    header, rest = foundation.ZCLHeader.deserialize(example.frame)
    command = foundation.GENERAL_COMMANDS[foundation.GeneralCommand(header.command_id)].schema
    try:
        parsed, trailing = command.deserialize(rest)
    except ValueError:
        assert example.kind == "raw"
        return
    if trailing:
        assert example.kind == "raw"
        return
    records = parsed.as_tuple()[0]
    assert [record.attribute for record in found.records] == [record.attrid for record in records]
    for ours, theirs in zip(found.records, records, strict=True):
        value = getattr(theirs, "value", None) or theirs
        raw = value.value if hasattr(value, "value") else value
        if isinstance(ours.value, float):
            assert math.isclose(ours.value, float(raw))
        elif isinstance(ours.value, int):
            assert ours.value == int(raw)


def test_random_frames_never_raise() -> None:
    """A hundred thousand frames of noise: nothing raises, nothing hangs."""
    generator = random.Random(20260101)
    for _ in range(100_000):
        noise = generator.randbytes(generator.randrange(40))
        zcl.read_report(1, 0, noise)
        zcl.read_statuses(noise)
        list(values.read_tags(noise))
        head = zcl.read_header(noise)
        assert head is None or head[0].command in range(256)
