"""The picture of the network, as Home Assistant serves it."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.registry import registered_device
from custom_components.aqara_zigbee.simulator.devices import Knob, Plug
from custom_components.aqara_zigbee.simulator.home import Home
from tests.ha.conftest import join, until


def of_coordinator(hass: HomeAssistant, gateway: Gateway, platform: str, key: str) -> str:
    """An entity of the coordinator."""
    unique_id = f"{gateway.radio.coordinator.ieee}-{key}"
    found = er.async_get(hass).async_get_entity_id(platform, DOMAIN, unique_id)
    assert found is not None
    return found


async def drawn(hass: HomeAssistant, client: ClientSessionGenerator, gateway: Gateway) -> str:
    """The picture."""
    state = hass.states.get(of_coordinator(hass, gateway, "image", "network_map"))
    assert state is not None
    response = await (await client()).get(state.attributes["entity_picture"])
    assert response.status == 200
    assert response.content_type == "image/svg+xml"
    return await response.text()


async def scan(hass: HomeAssistant, gateway: Gateway) -> None:
    """Press the button."""
    button = of_coordinator(hass, gateway, "button", "scan_network")
    await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)


async def test_map_on_demand(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
) -> None:
    """Nothing before, then all by name; a new name shows at once, and it survives a restart."""
    plug = Plug()
    await join(home, gateway, plug)
    await join(home, gateway, Knob())
    image = of_coordinator(hass, gateway, "image", "network_map")
    shown = hass.states.get(image)
    assert shown is not None
    assert shown.state == "unknown"
    assert "Press Scan network" in await drawn(hass, hass_client, gateway)
    await scan(hass, gateway)
    shown = hass.states.get(image)
    assert shown is not None
    time = shown.state
    assert time != "unknown"
    assert "End device" in await drawn(hass, hass_client, gateway)
    registered = registered_device(hass, entry.entry_id, plug.ieee)
    assert registered is not None
    dr.async_get(hass).async_update_device(registered.id, name_by_user="Dryer <1>")
    assert "Dryer &lt;1&gt;" in await drawn(hass, hass_client, gateway)
    await hass.async_block_till_done(wait_background_tasks=True)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    shown = hass.states.get(image)
    assert shown is not None
    assert shown.state == time
    assert "Dryer" in await drawn(hass, hass_client, entry.runtime_data.gateway)


async def test_action_answers_with_the_table_of_diagnostics(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
) -> None:
    plug = Plug()
    await join(home, gateway, plug)
    before: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert before["network_scan"] is None
    found: Any = await hass.services.async_call(
        DOMAIN,
        "scan_network",
        {"config_entry_id": entry.entry_id},
        blocking=True,
        return_response=True,
    )
    hub, device = found["devices"]
    assert (hub["kind"], hub["answered"]) == ("coordinator", True)
    assert (device["ieee"], device["kind"], device["parent"]) == (plug.ieee, "router", hub["ieee"])
    assert 0 < device["link_quality"] <= 255
    after: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert after["network_scan"] == found


async def test_map_stays_without_the_coordinator(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
) -> None:
    await scan(hass, gateway)
    before = await drawn(hass, hass_client, gateway)
    home.unplug()
    await until(lambda: not gateway.online)
    with pytest.raises(HomeAssistantError) as raised:
        await hass.services.async_call(
            DOMAIN, "scan_network", {"config_entry_id": entry.entry_id}, blocking=True
        )
    assert raised.value.translation_key == "scan_failed"
    assert await drawn(hass, hass_client, gateway) == before
