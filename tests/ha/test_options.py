"""Options of a model's own, as entities, on a model that does not exist."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.simulator.devices import Thermometer
from custom_components.aqara_zigbee.simulator.home import Home
from tests.core.invented import cover
from tests.ha.conftest import entity_id, join


@pytest.mark.parametrize(
    ("name", "before", "service", "data", "value", "after"),
    [
        ("invert_cover", "off", "switch.turn_on", {}, True, "on"),
        ("tilt_mode", "with_lift", "select.select_option", {"option": "alone"}, "alone", "alone"),
        ("debounce_time", "1", "number.set_value", {"value": 2.5}, 2.5, "2.5"),
    ],
)
async def test_each_kind_of_option_has_an_entity(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    before: str,
    service: str,
    data: dict[str, Any],
    value: object,
    after: str,
) -> None:
    """It can be changed while the device is unavailable, and is stored."""
    monkeypatch.setitem(DEFINITIONS.loaded, Thermometer.MODEL, cover())
    device = await join(home, gateway, Thermometer())
    device.set_available(available=False)
    await hass.async_block_till_done()
    entity = entity_id(hass, device, name)
    state = hass.states.get(entity)
    assert state is not None
    assert state.state == before
    domain, _, action = service.partition(".")
    await hass.services.async_call(domain, action, {"entity_id": entity} | data, blocking=True)
    state = hass.states.get(entity)
    assert state is not None
    assert state.state == after
    assert device.options == {name: value}


async def test_turning_an_option_off_again(
    hass: HomeAssistant, home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DEFINITIONS.loaded, Thermometer.MODEL, cover())
    device = await join(home, gateway, Thermometer())
    await hass.async_block_till_done()
    device.options["invert_cover"] = True
    entity = {"entity_id": entity_id(hass, device, "invert_cover")}
    await hass.services.async_call("switch", "turn_off", entity, blocking=True)
    assert device.options == {"invert_cover": False}
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            "number",
            "set_value",
            {"entity_id": entity_id(hass, device, "debounce_time"), "value": 61},
            blocking=True,
        )
