"""The roller shade, from the action of a cover to the motor and back."""

from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Shade
from custom_components.aqara_zigbee.simulator.home import Home
from tests.ha.conftest import entity_id, join, state, until


@pytest.fixture
def shade() -> Shade:
    return Shade()


@pytest.fixture
async def device(home: Home, gateway: Gateway, shade: Shade) -> Device:
    return await join(home, gateway, shade)


async def act(hass: HomeAssistant, device: Device, service: str, **data: object) -> None:
    """Do something with the cover."""
    target = {ATTR_ENTITY_ID: entity_id(hass, device, "cover")}
    await hass.services.async_call("cover", service, target | data, blocking=True)


async def test_it_moves_and_reports_where_it_is(
    hass: HomeAssistant, home: Home, device: Device, shade: Shade
) -> None:
    await act(hass, device, "set_cover_position", position=40)
    await until(lambda: state(hass, device, "cover").state == "closing", 30)
    assert shade.target == 40
    home.clock.advance(30)
    await until(lambda: state(hass, device, "cover").state == "open", 30)
    assert state(hass, device, "cover").attributes["current_position"] == 40
    await act(hass, device, "close_cover")
    home.clock.advance(30)
    await until(lambda: state(hass, device, "cover").state == "closed", 30)
    assert shade.position == 0


async def test_it_stops_where_it_is(hass: HomeAssistant, device: Device, shade: Shade) -> None:
    """Its position is read once it stands."""
    await act(hass, device, "close_cover")
    await until(lambda: state(hass, device, "cover").state == "closing", 30)
    await act(hass, device, "stop_cover")
    await until(lambda: state(hass, device, "cover").state == "open", 30)
    await until(
        lambda: state(hass, device, "cover").attributes["current_position"] == shade.position, 30
    )
    assert 0 < shade.position < 100


async def test_inverted_it_opens_the_other_way(
    hass: HomeAssistant, device: Device, shade: Shade
) -> None:
    invert = {ATTR_ENTITY_ID: entity_id(hass, device, "invert_cover")}
    await hass.services.async_call("switch", "turn_on", invert, blocking=True)
    await act(hass, device, "open_cover")
    assert shade.target == 0
    await until(lambda: state(hass, device, "cover").state == "opening", 30)


async def test_its_position_is_read_on_demand(
    hass: HomeAssistant, device: Device, shade: Shade
) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    shade.position = 17.0
    target = {ATTR_ENTITY_ID: [entity_id(hass, device, "cover")]}
    await hass.services.async_call("homeassistant", "update_entity", target, blocking=True)
    await until(
        lambda: state(hass, device, "cover").attributes["current_position"] == shade.position, 30
    )
