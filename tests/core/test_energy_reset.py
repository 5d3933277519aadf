"""An energy counter with a reset."""

from datetime import timedelta

import pytest

from custom_components.aqara_zigbee.core import meter
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.device_settings import ENERGY_RESETS, EnergyReset
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


async def test_reset_before_a_reading(device: Device) -> None:
    """The start of the counter is unknown."""
    assert meter.counted(device, ENERGY) is None
    with pytest.raises(UnknownProperty, match="energy cannot be reset before it is known"):
        await meter.set_back(device, ENERGY, NOON)
    assert device.options == {}


async def test_reset_twice(device: Device) -> None:
    """The last beginning counts, and it is what is stored."""
    device.state["energy"] = 5.25
    await meter.set_back(device, ENERGY, NOON)
    device.state["energy"] = 6
    assert meter.counted(device, ENERGY) == 0.75
    later = NOON + timedelta(days=1)
    await meter.set_back(device, ENERGY, later)
    assert meter.counted(device, ENERGY) == 0
    assert device.options[ENERGY_RESETS] == {"energy": {"base": 6, "since": later.isoformat()}}
    assert EnergyReset.from_options(device.options, "energy") == EnergyReset(6, later)


async def test_meter_that_starts_at_zero_itself(device: Device) -> None:
    """Its further counts are added, also beyond the old start."""
    device.state["energy"] = 5
    await meter.set_back(device, ENERGY, NOON)
    for energy in (1, 5, 9):
        device.state["energy"] = energy
        meter.mend(device, ENERGY)
        assert meter.counted(device, ENERGY) == energy
