"""System information of our networks."""

from importlib.metadata import version
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Plug, Relay
from custom_components.aqara_zigbee.simulator.home import Home
from tests.ha.conftest import DEVICE, join, until
from tests.test_quality_scale import MANIFEST


async def information(hass: HomeAssistant) -> dict[str, Any]:
    """Return the information."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    found: dict[str, Any] = await get_system_health_info(hass, DOMAIN)
    return found


async def test_one_network(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    relay = Relay()
    await join(home, gateway, Plug())
    device = await join(home, gateway, relay)
    home.faults.mute(relay)
    assert device.last_seen is not None
    assert device.silence is not None
    await gateway.check_availability(device.last_seen + device.silence * 2)
    await until(lambda: not device.available)
    found = await information(hass)
    assert found.pop("version") == MANIFEST["version"]
    assert found.pop("zigpy") == version("zigpy")
    assert found.pop("zigpy_tested") == "2.3, 2.4"
    assert found.pop("failed_messages") >= 0
    assert found == {
        "coordinator_reachable": True,
        "firmware": "Z-Stack 20230507",
        "channel": 15,
        "devices": 2,
        "unavailable_devices": 1,
        "connection_losses": 0,
    }


async def test_lost_coordinator(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    await join(home, gateway, Plug())
    home.unplug()
    await until(lambda: not gateway.online)
    found = await information(hass)
    assert found["coordinator_reachable"] is False
    assert found["connection_losses"] == 1
    assert found["unavailable_devices"] == 1


async def test_two_networks(hass: HomeAssistant, gateway: Gateway) -> None:
    """One is not running, and shows this; the facts of the other are unchanged."""
    second = MockConfigEntry(
        domain=DOMAIN, title="Garage", data={"device": {**DEVICE, "path": "virtual://nowhere"}}
    )
    second.add_to_hass(hass)
    await hass.config_entries.async_setup(second.entry_id)
    found = await information(hass)
    assert found["coordinator_reachable"] == "Test: true, Garage: false"
    assert found["channel"] == 15


async def test_no_network_at_all(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    found = await information(hass)
    assert found.keys() == {"version", "zigpy", "zigpy_tested"}
