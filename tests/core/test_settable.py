"""Settable properties in a definition: requests and beliefs."""

from collections.abc import Callable
from typing import Any

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.definition import Feed
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.devices.lumi import unpack
from custom_components.aqara_zigbee.core.errors import ConversionError
from custom_components.aqara_zigbee.core.property import Access, Binary, Enum, Numeric, Row, Text
from custom_components.aqara_zigbee.core.quantity import POWER, TEMPERATURE
from custom_components.aqara_zigbee.core.source import Lookup, attribute, scaled, tag
from custom_components.aqara_zigbee.core.zcl import Report
from tests.core.invented import definition
from tests.core.network import Home, ScriptedRadio, node

CLUSTER = 0xFCC0


def setting(kind: int, **limits: Any) -> Numeric:
    """A number of a ZCL type that can be set."""
    return Numeric(
        "limit",
        (attribute(CLUSTER, 0x020B, type=kind),),
        POWER,
        access=Access.ALL,
        **({"minimum": 0, "maximum": 200} | limits),
    )


@pytest.fixture
def radio() -> ScriptedRadio:
    return ScriptedRadio()


@pytest.mark.parametrize(
    ("kind", "wish", "value", "octets"),
    [
        (0x39, 12.7, 12.7, "33334b41"),
        (0x3A, 12.75, 12.75, "0000000000802940"),
        (0x20, 12.7, 13, "0d"),
        (0x21, 12.2, 12, "0c00"),
    ],
)
@pytest.mark.parametrize("feed", Feed)
async def test_a_number_is_believed_as_it_was_written(
    radio: ScriptedRadio, feed: Feed, kind: int, wish: float, value: float, octets: str
) -> None:
    device = Device(node("lumi.invented"), definition(setting(kind), feed=feed), radio)
    await device.set("limit", wish)
    if device.is_sleepy:
        assert device.pending == {"limit": value}
        await device.flush()
    (request,) = radio.sent
    assert zcl.write_frame(request, 1).hex().endswith(octets)
    assert device.state == {"limit": value}


async def test_a_number_that_leaves_its_limits_by_rounding_is_refused(
    radio: ScriptedRadio,
) -> None:
    device = Device(node("lumi.invented"), definition(setting(0x20, maximum=99.4)), radio)
    with pytest.raises(ConversionError):
        await device.set("limit", 200)
    await device.set("limit", 99.4)
    assert device.state == {"limit": 99}


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: setting(0x20, maximum=256), "256 does not fit ZCL type 0x20"),
        (lambda: setting(0x38), "cannot write 0 as ZCL type 0x38"),  # half precision
        (lambda: setting(0x41), "cannot write 0 as ZCL type 0x41"),
        (lambda: setting(0x00), "cannot write 0 as ZCL type 0x00"),
        (lambda: setting(0x21, maximum=None), "has no minimum and maximum"),
        (
            lambda: Numeric(
                "limit",
                (attribute(CLUSTER, 1, scaled(0.1), type=0x21),),
                access=Access.ALL,
                minimum=0,
                maximum=1,
            ),
            "nothing undoes what decodes it",
        ),
        (
            lambda: Enum(
                "mode",
                (attribute(CLUSTER, 1, type=0x20),),
                lookup=Lookup({1: "slow", 300: "fast"}),
                access=Access.ALL,
            ),
            "300 does not fit",
        ),
        (
            lambda: Binary("child_lock", (attribute(CLUSTER, 1, type=0x42),), access=Access.ALL),
            "cannot write False",
        ),
        (
            lambda: Text("label", (attribute(CLUSTER, 1, type=0x42),), access=Access.ALL),
            "a Text cannot be set",
        ),
    ],
)
def test_a_row_whose_values_cannot_be_written_is_refused(
    make: Callable[[], Row], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        make()


def test_tags_without_unpack_are_refused() -> None:
    reading = Numeric("temperature", (tag(0x64, scaled(0.01)),), TEMPERATURE)
    with pytest.raises(ValueError, match=r"temperature reads Tag\(number=100\).*give `unpack`"):
        definition(reading)
    assert "temperature" in definition(reading, unpack=unpack)


def test_only_readings_have_calibration_and_precision() -> None:
    reading = Numeric("power", (attribute(0x0C, 0x55),), POWER)
    names = [option.name for option in definition(setting(0x39), reading).options]
    assert names == ["power_calibration", "power_precision"]


async def test_values_read_by_a_reply_are_used() -> None:
    mode = Enum("mode", (attribute(CLUSTER, 9),), lookup=Lookup({1: "slow", 2: "fast"}))

    def ask(_report: Report) -> tuple[zcl.Request, ...]:
        return (zcl.ReadAttributes(1, CLUSTER, (9,)),)

    home = Home()
    home.radio.answer = lambda request: zcl.read_report(
        1, CLUSTER, bytes.fromhex("1801010900002002")
    )
    device = Device(node("lumi.invented"), definition(mode, replies=(ask,)), home.radio)
    report = zcl.read_report(1, 0, bytes.fromhex("18010a05004201 78".replace(" ", "")))
    assert report is not None
    await device.reply(device.replies(report))
    assert device.state == {"mode": "fast"}
    home.close()
