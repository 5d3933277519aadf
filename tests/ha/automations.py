"""Automations as a user makes them, and ways in which their devices can be away."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.registry import registered_device
from custom_components.aqara_zigbee.simulator.home import Home
from tests.ha.conftest import until


async def save(hass: HomeAssistant, hass_client: ClientSessionGenerator, **automation: Any) -> None:
    """Store an automation as the editor does, and let it be read again."""
    configuration = Path(hass.config.path("configuration.yaml"))
    await hass.async_add_executor_job(
        configuration.write_text, "automation: !include automations.yaml\n"
    )
    await hass.async_add_executor_job(Path(hass.config.path("automations.yaml")).write_text, "[]\n")
    assert await async_setup_component(hass, "automation", {"automation": []})
    assert await async_setup_component(hass, "config", {})
    client = await hass_client()
    answer = await client.post(
        "/api/config/automation/config/test",
        json={"alias": "Test", **automation},
    )
    assert answer.status == 200, await answer.text()
    await hass.async_block_till_done()
    (state,) = hass.states.async_all("automation")
    assert state.state == "on"


def device_id(hass: HomeAssistant, entry: MockConfigEntry, device: Device) -> str:
    """The id of a device in Home Assistant's registry."""
    found = registered_device(hass, entry.entry_id, device.ieee)
    assert found is not None
    return found.id


async def listen(
    hass: HomeAssistant, *triggers: dict[str, Any], **details: str
) -> list[ServiceCall]:
    """Make an automation of these triggers; each of its runs is a call with these details."""
    ran = async_mock_service(hass, "test", "ran")
    automation = {
        "triggers": list(triggers),
        "actions": {"action": "test.ran", "data": {"by": "{{ trigger.id }}", **details}},
        "mode": "parallel",
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    await hass.async_block_till_done()
    (state,) = hass.states.async_all("automation")
    assert state.state == "on"
    return ran


async def settled(hass: HomeAssistant) -> None:
    """Let automations run that are about to."""
    await asyncio.sleep(0.1)
    await hass.async_block_till_done()


# Ways in which a device is away; each returns the device as it is known afterwards.

type Absence = Callable[[HomeAssistant, MockConfigEntry, Home, Device], Awaitable[Device]]


async def silence(
    hass: HomeAssistant, entry: MockConfigEntry, home: Home, device: Device
) -> Device:
    """No frame is received for 30 hours."""
    gateway: Gateway = entry.runtime_data.gateway
    await gateway.check_availability(datetime.now(UTC) + timedelta(hours=30))
    assert not device.available
    return device


async def loss(hass: HomeAssistant, entry: MockConfigEntry, home: Home, device: Device) -> Device:
    """The coordinator is unplugged and plugged in again."""
    gateway: Gateway = entry.runtime_data.gateway
    home.unplug()
    await until(lambda: not device.available)
    home.plug_in("test")
    await until(lambda: gateway.online)
    assert device.available
    return device


async def long_loss(
    hass: HomeAssistant, entry: MockConfigEntry, home: Home, device: Device
) -> Device:
    """The coordinator is back after more than a day, before the device sends something."""
    gateway: Gateway = entry.runtime_data.gateway
    await _unplug(home, device)
    device.last_seen = datetime.now(UTC) - timedelta(hours=30)
    home.plug_in("test")
    await until(lambda: gateway.online)
    assert not device.available
    return device


async def _unplug(home: Home, device: Device) -> None:
    """Unplug the coordinator, and lose the state that a device sends a moment after it joined.

    It would end a long absence.
    """
    home.unplug()
    await until(lambda: not device.available)
    home.clock.advance(10)


async def restart(
    hass: HomeAssistant, entry: MockConfigEntry, home: Home, device: Device
) -> Device:
    """The integration is started again."""
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    gateway: Gateway = entry.runtime_data.gateway
    assert gateway[device.ieee].available
    return gateway[device.ieee]


async def long_restart(
    hass: HomeAssistant, entry: MockConfigEntry, home: Home, device: Device
) -> Device:
    """The integration is started again after more than a day. The device was available before."""
    await _unplug(home, device)
    home.plug_in("test")
    await until(lambda: device.available)
    device.last_seen = datetime.now(UTC) - timedelta(hours=30)
    return await _start_again(hass, entry, device)


async def lost_restart(
    hass: HomeAssistant, entry: MockConfigEntry, home: Home, device: Device
) -> Device:
    """The integration is started again after more than a day, and the device was unavailable before."""
    return await _start_again(hass, entry, await long_loss(hass, entry, home, device))


async def _start_again(hass: HomeAssistant, entry: MockConfigEntry, device: Device) -> Device:
    device.remember({})  # sends an update, so that it is stored
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    gateway: Gateway = entry.runtime_data.gateway
    assert not gateway[device.ieee].available
    return gateway[device.ieee]


async def leaving(
    hass: HomeAssistant, entry: MockConfigEntry, home: Home, device: Device
) -> Device:
    """It left, and still sends a frame."""
    gateway: Gateway = entry.runtime_data.gateway
    gateway.left(device.ieee)
    assert not device.available
    return device


ABSENCES = [silence, loss, long_loss, restart, long_restart, leaving]
