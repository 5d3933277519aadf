"""Repeated reloads of an entry with pending commands leave nothing behind."""

import asyncio
from contextlib import suppress
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.core.errors import AqaraError
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Knob, Plug
from custom_components.aqara_zigbee.simulator.home import Home
from tests.ha.conftest import join


def counts() -> tuple[int, int]:
    """Open file descriptors and tasks."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir()), len(asyncio.all_tasks())


async def command(entry: MockConfigEntry, ieee: str, number: int) -> None:
    """A command that may or may not get through."""
    with suppress(AqaraError, HomeAssistantError):
        await entry.runtime_data.gateway[ieee].set("state", bool(number % 2))


async def test_twelve_reloads_with_commands_in_flight(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    plug, knob = Plug(), Knob()
    await join(home, gateway, plug)
    await join(home, gateway, knob)

    async def reload() -> None:
        commands = [asyncio.create_task(command(entry, plug.ieee, number)) for number in range(8)]
        await asyncio.sleep(0)
        assert await hass.config_entries.async_reload(entry.entry_id)
        await asyncio.gather(*commands)
        await hass.async_block_till_done()

    await reload()
    before = counts()
    for _ in range(11):
        await reload()
    await asyncio.sleep(1.2)  # zigpy-znp lets a route discovery end by itself
    await hass.async_block_till_done()
    descriptors, tasks = counts()
    assert descriptors <= before[0]
    assert tasks <= before[1]
