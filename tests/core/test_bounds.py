"""Every row of every model, given every awkward value of every ZCL type: nothing impossible enters."""

from collections.abc import Iterator
import json
import math
import struct
from typing import Any

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.definition import GONE, Definition
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.device_state import MOST_STRANGERS, OTHER_STRANGERS
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.property import Enum, Numeric
from custom_components.aqara_zigbee.core.source import Address, Attribute, Element, Tag
from custom_components.aqara_zigbee.core.value import MalformedValueError, read_value
from tests.core.network import Home, node
from tests.core.test_odd_frames import report

LONG = bytes(range(1, 256))
FLOATS = (
    0.0, -0.0, 1.0, -1.0, 0.1, 36.6, -36.6, 230.0, 2303.0, 65535.0, 1e6, -1e6, 2.0**53, 2.0**63,
    -(2.0**63), 3.4e38, -3.4e38, 1e-45, math.nan, math.inf, -math.inf,
)  # fmt: skip


def integers(size: int) -> Iterator[bytes]:
    """The edges of an integer of some octets, and what is usual."""
    bits = size * 8
    for number in (
        0,
        1,
        2,
        3,
        7,
        180,
        255,
        230,
        2303,
        3000,
        7 << 24,
        2**31,
        2**32 - 1,
        2**63,
        2**63 - 1,
    ):
        yield (number % (1 << bits)).to_bytes(size, "little")
    for number in (-1, -2, 1 << (bits - 1), (1 << (bits - 1)) - 1):
        yield (number % (1 << bits)).to_bytes(size, "little")


def values() -> Iterator[tuple[int, bytes]]:
    """Types with the octets of a value."""
    sizes = {
        0x10: 1,
        0x30: 1,
        0x31: 2,
        0xE0: 4,
        0xE1: 4,
        0xE2: 4,
        0xE8: 2,
        0xE9: 2,
        0xEA: 4,
        0xF0: 8,
    }
    for first in (0x08, 0x18, 0x20, 0x28):
        sizes |= {first + more: more + 1 for more in range(8)}
    for kind, size in sizes.items():
        yield from ((kind, octets) for octets in integers(size))
    for number in FLOATS:
        yield 0x39, struct.pack("<f", number)
        yield 0x3A, struct.pack("<d", number)
    yield 0x3A, struct.pack("<d", 1.7e308)
    yield 0x3A, struct.pack("<d", -1.7e308)
    for text in (b"", b"\0", b"1", b"\xff\xfe\x80", "ünï🔔".encode(), b"\xed\xa0\x80", LONG[:254]):
        for kind in (0x41, 0x42):
            yield kind, bytes([len(text)]) + text
        for kind in (0x43, 0x44):
            yield kind, struct.pack("<H", len(text)) + text
    yield 0x44, struct.pack("<H", 600) + b"x" * 600
    yield 0x00, b""
    yield 0x48, b"\x21\x01\x00\x05\x00"
    yield 0x4C, b"\x02\x00\x21\x05\x00\x3a" + struct.pack("<d", 1.7e308)


VALUES = list(dict.fromkeys(values()))

PLAUSIBLE: dict[str, tuple[float, float]] = {
    # What the ratings of these devices allow, by the unit, with room for what is odd but true.
    "W": (0, 10_000),
    "kWh": (0, 10_000_000),
    "V": (1, 400),
    "A": (0, 50),
    "°C": (-100, 200),
    "%": (-1e9, 1e9),
    "mV": (1, 10_000),
    "lqi": (0, 255),
    "*": (-1e9, 1e9),
    "hPa": (100, 1500),
    "ms": (0, 1e9),
    "": (0, 65_535),
}
MODELS = [pytest.param(definition, id=definition.model) for definition in DEFINITIONS.values()]


def addresses(definition: Definition) -> Iterator[Address]:
    """All that a model's table and readers look at."""
    for row in definition.properties:
        yield from (source.address for source in row.sources)
    for endpoint in (1, 2, 71):
        for number in (0xFFF6, 0xFF10, 0xFF11, 0xFF01, 0xFFF2):
            yield Attribute(0x0101, number, endpoint)
        for number in (0x023A, 0x022E, 0x0230, 0x0231, 0x0232, 0x0233):
            yield Attribute(0xFCC0, number, endpoint)
        yield Attribute(0x0012, 0x0055, endpoint)


def reports(address: Address, kind: int, octets: bytes) -> Iterator[zcl.Report]:
    """All ways in which a value comes at an address."""
    match address:
        case Attribute(cluster, number, endpoint):
            record = (number, kind, octets)
            beside = (0x023A, 0x20, b"\x02")  # with the numbers of a turn comes its phase
            yield report(endpoint, cluster, record)
            if cluster == 0xFCC0 and number != 0x023A:
                yield report(endpoint, cluster, beside, record)
        case Tag(number):
            content = bytes([number, kind]) + octets
            if len(content) < 255:
                packed = bytes([len(content)]) + content
                yield report(1, 0x0000, (0xFF01, 0x42, packed))
                yield report(1, 0xFCC0, (0x00F7, 0x41, packed))
        case Element(index):
            before = b"\x20\x00" * index
            content = struct.pack("<H", index + 1) + before + bytes([kind]) + octets
            yield report(1, 0x0000, (0xFF02, 0x4C, content))


def rows(definition: Definition) -> dict[str, Any]:
    """All rows by name, the details of an action too."""
    details = definition.action.details if definition.action else ()
    return {row.name: row for row in (*definition.properties, *details)}


def check(definition: Definition, name: str, value: Any) -> None:
    """Fail if a property cannot have a value, going by what it is and not by its own bounds."""
    row = rows(definition)[name]
    json.dumps(value, allow_nan=False).encode()
    if isinstance(row, Numeric) and value is not None:
        unit = row.quantity.unit or ""
        assert unit in PLAUSIBLE, f'say what is plausible in "{unit}": PLAUSIBLE in {__name__}'
        lowest, highest = PLAUSIBLE[unit]
        assert lowest <= value <= highest, (name, value)
    elif isinstance(row, Enum):
        assert value in row.values
    elif isinstance(value, str):
        assert len(value.encode()) <= 255 * 4
        assert len(value) <= 255


@pytest.mark.parametrize("options", [{}, {"calibrated": 100}, {"calibrated": -100}], ids=str)
@pytest.mark.parametrize("definition", MODELS)
def test_no_implausible_state(definition: Definition, options: dict[str, Any]) -> None:
    calibrated = options.get("calibrated")
    names = {option.name for option in definition.options if "_calibration" in option.name}
    settings: dict[str, Any] = dict.fromkeys(names, calibrated) if calibrated else {}
    settings["users"] = {"5": "x" * 999, "6": "\ud800", "7": "y" * 1001}
    told: set[str] = set()
    for address in dict.fromkeys(addresses(definition)):
        for kind, octets in VALUES:
            for each in reports(address, kind, octets):
                reading = definition.read(each, settings)
                told |= reading.changes.keys()
                for name, value in reading.changes.items():
                    if value is not GONE:
                        check(definition, name, value)
    sourced = {row.name for row in definition.properties if row.sources}
    if not calibrated:
        assert sourced <= told  # the values are not so awkward that nothing gets through


def test_the_values_are_of_every_type() -> None:
    """Every type that is read, and each value whole."""
    readable = set()
    for kind in range(256):
        try:
            read_value(kind, bytes(64), 0)
        except MalformedValueError:
            continue
        readable.add(kind)
    assert {kind for kind, _ in VALUES} >= readable - {0x50, 0x51}
    for kind, octets in VALUES:
        assert read_value(kind, octets, 0)[1] == len(octets)


@pytest.mark.parametrize("definition", MODELS)
def test_every_number_has_bounds(definition: Definition) -> None:
    for row in rows(definition).values():
        assert not isinstance(row, Numeric) or row.bounds is not None, row.name


def power(value: float) -> str:
    """A plug's report of its power."""
    return "187c0a5500" + "3a" + struct.pack("<d", value).hex()


@pytest.fixture
def plug(home: Home) -> Device:
    return home.gateway.known(node("lumi.plug"), home.now)


@pytest.mark.parametrize("value", [1.7e308, -1.7e308, 1e6, 9_999, -0.01, math.nan, math.inf])
@pytest.mark.parametrize("calibration", [0, 100, -100, 1e308])
def test_rejected_readings_are_counted(
    home: Home, plug: Device, value: float, calibration: float
) -> None:
    plug.options["power_calibration"] = calibration
    for _ in range(2):
        home.receive(power(value), cluster=0x0C, endpoint=2)
    assert "power" not in plug.state
    assert plug.rejected == {"power": 2}


def test_calibration_beyond_all_bounds(home: Home, plug: Device) -> None:
    """Plausible readings whose corrected values are not are dropped."""
    plug.options["power_calibration"] = 1e15
    home.receive(power(1000), cluster=0x0C, endpoint=2)
    assert plug.rejected == {"power": 1}
    plug.options["power_calibration"] = 50
    home.receive(power(1000), cluster=0x0C, endpoint=2)
    assert plug.state["power"] == 1500


@pytest.mark.parametrize(
    ("model", "cluster", "attribute", "tags", "expected"),
    [
        ("lumi.plug", 0, "01ff42", "9639" + "00000000" + "0328" + "1e", {"device_temperature": 30}),
        ("lumi.plug", 0xFCC0, "f70041", "9639" + "00000080", {}),
        (
            "lumi.relay.c2acn01",
            0,
            "01ff42",
            "9639" + "00000000" + "9839" + "00000000",
            {"power": 0},
        ),
        ("lumi.remote.rkba01", 0xFCC0, "f70041", "0121" + "0000", {}),
        ("lumi.remote.rkba01", 0xFCC0, "f70041", "0121" + "ffff", {}),
        (
            "lumi.lock.acn02",
            0,
            "01ff42",
            "0121" + "0000" + "0328" + "00",
            {"device_temperature": 0},
        ),
        ("lumi.lock.acn02", 0, "01ff42", "0121" + "ffff", {}),
    ],
)
def test_zero_that_means_none(
    model: str, cluster: int, attribute: str, tags: str, expected: dict[str, Any]
) -> None:
    """No mains of 0 V, no battery of 0 mV; 0 W and 0 °C can be true."""
    frame = bytes.fromhex("1c5f11010a" + attribute + f"{len(tags) // 2:02x}" + tags)
    found = zcl.read_report(1, cluster, frame)
    assert found is not None
    assert DEFINITIONS[model].decode(found, {}) == expected


def test_plug_right_after_a_power_cut(home: Home, plug: Device) -> None:
    """As reported by an owner (Koenkk/zigbee2mqtt#17975)."""
    home.receive(
        "1c5f11010a01ff42"
        "34 641001 03281e 983900000000 963900000000 973900000000 0521bf06 9a2010"
        "08211801 09210007 0b2000 9b1001 0a210000 0c2001",
        cluster=0,
    )
    link = {"linkquality": 88}
    rest = {"state": True, "device_temperature": 30, "power": 0, "power_outage_count": 1726}
    assert plug.state == rest | link


def test_unknown_addresses_are_bounded(home: Home, plug: Device) -> None:
    for number in range(0x4000, 0x4000 + 2 * MOST_STRANGERS):
        home.receive(f"18010a{number & 0xFF:02x}{number >> 8:02x}2001", cluster=0x0B04)
    assert len(plug.strangers) == MOST_STRANGERS + 1
    assert plug.strangers[OTHER_STRANGERS] == MOST_STRANGERS


@pytest.mark.parametrize("size", [1, 8])
def test_basic_info_is_limited_to_64_bits(home: Home, plug: Device, size: int) -> None:
    """A device's information is stored, too."""
    home.receive(f"18010a0100{0x1F + size:02x}" + "ff" * size, cluster=0)
    home.receive("18010a0040" + "44" + "5802" + "78" * 600, cluster=0)
    assert plug.about.application_version == (255 if size == 1 else None)
    assert plug.about.software_build_id == "x" * 255
