"""Energy counters are reset, while the meter counts on."""

from collections.abc import Iterator
from unittest.mock import PropertyMock, patch

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Plug
from custom_components.aqara_zigbee.simulator.home import Home
from tests.ha.conftest import entity_id, join, state, until


@pytest.fixture(autouse=True)
def all_enabled() -> Iterator[None]:
    """Show entities that only their owner would enable."""
    default = "homeassistant.helpers.entity.Entity.entity_registry_enabled_default"
    with patch(default, new=PropertyMock(return_value=True)):
        yield


async def test_counts_again(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Reset at 12.5 kWh; a restart and a meter that starts at zero itself change nothing."""
    plug = Plug()
    plug.energy = 12.5
    device = await join(home, gateway, plug)

    async def meter(kwh: float, counted: str) -> None:
        plug.energy = kwh
        plug.heartbeat()
        await until(lambda: state(hass, device, "energy_since_reset").state == counted)
        assert float(state(hass, device, "energy").state) == kwh

    button = entity_id(hass, device, "reset_energy")
    await meter(12.5, "12.5")
    assert state(hass, device, "energy_since_reset").attributes.get("last_reset") is None
    await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
    shown = state(hass, device, "energy_since_reset")
    assert shown.state == "0"
    began = shown.attributes["last_reset"]
    assert began
    assert shown.attributes["state_class"] == "total"
    await meter(13.75, "1.25")

    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    device = entry.runtime_data.gateway[plug.ieee]
    assert state(hass, device, "energy_since_reset").state == "1.25"
    assert state(hass, device, "energy_since_reset").attributes["last_reset"] == began

    plug.energy = 0.5  # held back until a second reading counts on from it
    plug.heartbeat()
    await meter(0.75, "0.75")
    await meter(2, "2")
