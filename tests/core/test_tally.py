"""A counter counted anew."""

from datetime import timedelta

import pytest

from custom_components.aqara_zigbee.core import tally
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.devices.plug_mi import PLUG_MI
from custom_components.aqara_zigbee.core.errors import UnknownProperty
from custom_components.aqara_zigbee.core.property import Numeric
from tests.core.network import NOON, Home, node

row = PLUG_MI["energy"]
assert isinstance(row, Numeric)
ENERGY = row


@pytest.fixture
def device(home: Home) -> Device:
    """A plug."""
    return home.gateway.known(node("lumi.plug"), home.now)


async def test_set_back_before_anything_was_read(device: Device) -> None:
    """Nobody knows yet from where to count."""
    assert tally.counted(device, ENERGY) is None
    with pytest.raises(UnknownProperty, match="energy cannot be set back before it is known"):
        await tally.set_back(device, ENERGY, NOON)
    assert device.options == {}


async def test_set_back_twice(device: Device) -> None:
    """The last beginning counts, and it is what is stored."""
    device.state["energy"] = 5.25
    await tally.set_back(device, ENERGY, NOON)
    device.state["energy"] = 6
    assert tally.counted(device, ENERGY) == 0.75
    later = NOON + timedelta(days=1)
    await tally.set_back(device, ENERGY, later)
    assert tally.counted(device, ENERGY) == 0
    assert device.options[tally.TALLIES] == {"energy": {"base": 6, "since": later.isoformat()}}
    assert tally.Tally.of(device, ENERGY) == tally.Tally(6, later)


async def test_meter_that_begins_at_nought_itself(device: Device) -> None:
    """What it counts from then on is counted, also when it gets past the old beginning."""
    device.state["energy"] = 5
    await tally.set_back(device, ENERGY, NOON)
    for energy in (1, 5, 9):
        device.state["energy"] = energy
        tally.mend(device, ENERGY)
        assert tally.counted(device, ENERGY) == energy
