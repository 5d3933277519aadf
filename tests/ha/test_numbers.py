"""Numbers of a device that can be set, on a model that does not exist."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.aqara_zigbee.core.definition import Definition, Feed
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.property import Access, Numeric
from custom_components.aqara_zigbee.core.quantity import POWER
from custom_components.aqara_zigbee.core.source import attribute
from custom_components.aqara_zigbee.simulator.devices import Thermometer
from custom_components.aqara_zigbee.simulator.home import Home
from tests.ha.conftest import entity_id, join

LIMIT = Numeric(
    "overload_protection",
    (attribute(0xFCC0, 0x020B, type=0x39, manufacturer=0x115F),),
    POWER,
    access=Access.ALL,
    minimum=100,
    maximum=2300,
    category="config",
)


async def test_a_settable_number(
    hass: HomeAssistant, home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its limits, shows what the device reports, and is written."""
    invented = Definition(
        zigbee_model=Thermometer.MODEL,
        vendor="V",
        model="INVENTED",
        description="D",
        feed=Feed.SLEEPY,
        properties=(LIMIT,),
    )
    monkeypatch.setitem(DEFINITIONS.loaded, Thermometer.MODEL, invented)
    device = await join(home, gateway, Thermometer())
    await hass.async_block_till_done()
    number = entity_id(hass, device, LIMIT.name)
    shown = hass.states.get(number)
    assert shown is not None
    assert number.startswith("number.")
    assert {
        key: shown.attributes[key]
        for key in ("min", "max", "step", "unit_of_measurement", "device_class")
    } == {
        "min": 100,
        "max": 2300,
        "step": 0.01,
        "unit_of_measurement": "W",
        "device_class": "power",
    }

    wanted = {"entity_id": number, "value": 1200.504}
    await hass.services.async_call("number", "set_value", wanted, blocking=True)
    assert device.pending == {LIMIT.name: 1200.5}
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call("number", "set_value", wanted | {"value": 99}, blocking=True)
