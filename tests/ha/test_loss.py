"""Losing the coordinator in every way there is, and getting it back by itself."""

import asyncio
from collections.abc import Callable
import logging

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.radio import reconnect
from custom_components.aqara_zigbee.sensor import LastSeenSensor
from custom_components.aqara_zigbee.simulator.devices import Knob, Plug
from custom_components.aqara_zigbee.simulator.home import Home
from tests.ha.conftest import entity_id, join, plug_in_usb, state, until


async def unplug(home: Home) -> None:
    """Unplug the coordinator and plug it in again."""
    home.unplug()
    await asyncio.sleep(0.05)
    home.plug_in("test")


async def reset(home: Home) -> None:
    """Let the firmware restart by itself."""
    home.reset_radio()


async def drop(home: Home) -> None:
    """Cut the line with an error, as a TCP reset does."""
    home.drop_link(ConnectionResetError("reset by peer"))


async def end(home: Home) -> None:
    """End the line without one."""
    home.drop_link()


@pytest.mark.parametrize("way", [unplug, reset, drop, end])
async def test_reconnects_automatically(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    way: Callable[[Home], asyncio.Future[None]],
) -> None:
    """Unavailable at once, one line in the log, back with the state of now, without a reload."""
    plug = Plug()
    device = await join(home, gateway, plug)
    await until(lambda: state(hass, device, "state").state == STATE_OFF)
    caplog.clear()
    caplog.set_level(logging.INFO, "custom_components.aqara_zigbee")
    await way(home)
    await until(lambda: state(hass, device, "state").state == STATE_UNAVAILABLE)
    with pytest.raises(DeliveryError, match="not connected"):
        async with asyncio.timeout(60):
            await device.set("state", wish=True)
    plug.on[0] = True  # its button was pressed in the meantime
    await until(lambda: state(hass, device, "state").state == STATE_ON)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.gateway is gateway
    ours = [r.message for r in caplog.records if r.name.startswith("custom_components")]
    assert len(ours) == 2, "one line for the coordinator, none for each device"
    assert ours[0].startswith("Lost the coordinator at virtual://test")
    assert ours[1].startswith("Reached the coordinator again")


async def test_what_is_stored_here_stays_available(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    device = await join(home, gateway, Knob())
    await until(lambda: state(hass, device, "operation_mode").state != STATE_UNAVAILABLE)
    home.unplug()
    await until(lambda: state(hass, device, "operation_mode").state == STATE_UNAVAILABLE)
    assert state(hass, device, "pending_changes").state == "none"
    assert LastSeenSensor(device).available


async def test_twenty_losses_with_traffic(
    hass: HomeAssistant, home: Home, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """The connection drops repeatedly during reports and commands; nothing is lost permanently."""
    plug = Plug()
    device = await join(home, gateway, plug)
    nwk = plug.nwk
    for number in range(20):
        plug.press()
        switching = hass.async_create_task(
            hass.services.async_call(
                "switch",
                "turn_on" if number % 2 else "turn_off",
                {"entity_id": entity_id(hass, device, "state")},
                blocking=True,
            )
        )
        await (unplug, reset, drop, end)[number % 4](home)
        (result,) = await asyncio.gather(switching, return_exceptions=True)
        assert result is None or isinstance(result, HomeAssistantError)
        await until(lambda: device.available)
    for _ in range(3):
        plug.press()
        await until(
            lambda: state(hass, device, "state").state == (STATE_ON if plug.on[0] else STATE_OFF)
        )
    assert plug.nwk == nwk
    assert plug.joined
    errors = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert [r.getMessage() for r in errors] == []


async def test_reconnects_as_soon_as_it_is_plugged_in(
    hass: HomeAssistant, home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wait between attempts ends when a USB device appears."""
    monkeypatch.setattr(reconnect, "_FIRST_PAUSE", 60.0)
    home.unplug()
    await until(lambda: not gateway.online)
    home.plug_in("test")
    await plug_in_usb(hass)
    await until(lambda: gateway.online)


@pytest.mark.parametrize("fault", ["half_open", "silent"])
async def test_dead_connection_is_detected(
    hass: HomeAssistant, home: Home, gateway: Gateway, fault: str
) -> None:
    """A vanished TCP peer and a hanging firmware are detected within half a minute."""
    plug = Plug()
    device = await join(home, gateway, plug)
    await until(lambda: state(hass, device, "state").state == STATE_OFF)
    setattr(home.faults, fault, True)
    await until(lambda: state(hass, device, "state").state == STATE_UNAVAILABLE)
    home.faults.clear()
    await until(lambda: state(hass, device, "state").state == STATE_OFF)


async def test_unloading_while_it_is_disconnected(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    device = await join(home, gateway, Plug())
    home.unplug()
    await until(lambda: not device.available)
    assert await hass.config_entries.async_unload(entry.entry_id)
    home.plug_in("test")
    await asyncio.sleep(1.5)
    assert home.port.line is None
