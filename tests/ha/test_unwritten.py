"""Names and options that were acknowledged just before the power failed."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import StorageError
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.registry import name_of, registered_device
from custom_components.aqara_zigbee.simulator.devices import Plug
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.storage import unwritten
from tests.ha.conftest import join
from tests.ha.test_storage import NO_SPACE, WRITE, after_power_cut


def registered(hass: HomeAssistant, entry: MockConfigEntry, device: Device) -> dr.DeviceEntry:
    """The device in Home Assistant's registry."""
    found = registered_device(hass, entry.entry_id, device.ieee)
    assert found is not None
    return found


async def pass_minutes(hass: HomeAssistant, minutes: int) -> None:
    """Let the timers of some minutes run."""
    for minute in range(minutes):
        moment = dt_util.utcnow() + timedelta(minutes=minute + 1, seconds=1)
        async_fire_time_changed(hass, moment)
        await hass.async_block_till_done()


async def restart_with(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    device: Device,
    name: str | None,
    options: dict[str, Any],
) -> None:
    """Restart with what Home Assistant itself had written."""
    await hass.config_entries.async_unload(entry.entry_id)
    registry = dr.async_get(hass)
    registry.async_update_device(registered(hass, entry, device).id, name_by_user=name)
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def test_lost_name_and_options_are_set_again(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    device = await join(home, gateway, Plug())
    await unwritten.rename(hass, gateway, registered(hass, entry, device), "Kettle")
    await unwritten.keep_options(gateway, {"mqtt": {"enabled": False, "log_level": "debug"}})
    stored = await after_power_cut(hass, entry.entry_id)
    assert stored["network"]["notes"]["names"] == {device.ieee: "Kettle"}
    await restart_with(hass, entry, device, None, {})
    assert name_of(hass, entry.entry_id, device.ieee) == "Kettle"
    assert entry.options == {"mqtt": {"enabled": False, "log_level": "debug"}}


async def test_written_changes_are_removed(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """A name given later, while the entry was not loaded, is not overridden."""
    device = await join(home, gateway, Plug())
    await unwritten.rename(hass, gateway, registered(hass, entry, device), "Kettle")
    await pass_minutes(hass, 3)
    assert "notes" not in (await after_power_cut(hass, entry.entry_id))["network"]
    await restart_with(hass, entry, device, "Toaster", {})
    assert name_of(hass, entry.entry_id, device.ieee) == "Toaster"


@pytest.mark.parametrize("newer", ["Toaster", None])
async def test_newer_name_and_options_are_kept(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry, newer: str | None
) -> None:
    device = await join(home, gateway, Plug())
    found = registered(hass, entry, device)
    await unwritten.rename(hass, gateway, found, "Kettle")
    await unwritten.keep_options(gateway, {"a": 1})
    hass.config_entries.async_update_entry(entry, options={"a": 2})
    dr.async_get(hass).async_update_device(found.id, name_by_user=newer)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert gateway.notes.get("names") == ({device.ieee: newer} if newer else {})
    assert gateway.notes["options"] == {"a": 2}


async def test_unstorable_name_is_not_set(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    device = await join(home, gateway, Plug())
    found = registered(hass, entry, device)
    with patch(WRITE, side_effect=NO_SPACE), pytest.raises(StorageError):
        await unwritten.rename(hass, gateway, found, "Kettle")
    assert registered(hass, entry, device).name_by_user is None
    assert gateway.notes == {}
