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
from custom_components.aqara_zigbee.radio import link
from custom_components.aqara_zigbee.radio.virtual.devices import Plug
from custom_components.aqara_zigbee.radio.virtual.home import Home
from tests.ha.conftest import entity_id, join, plug_in_usb, state, until


async def unplug(home: Home) -> None:
    """Pull the stick out and plug it in again."""
    home.unplug()
    await asyncio.sleep(0.05)
    home.plug_in("test")


async def reset(home: Home) -> None:
    """Let the firmware start anew by itself."""
    home.reset_radio()


async def drop(home: Home) -> None:
    """Cut the line with an error, as a TCP reset does."""
    home.drop_link(ConnectionResetError("reset by peer"))


async def end(home: Home) -> None:
    """End the line without one."""
    home.drop_link()


@pytest.mark.parametrize("way", [unplug, reset, drop, end])
async def test_comes_back_by_itself(
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
    caplog.set_level(logging.WARNING, "custom_components.aqara_zigbee")
    await way(home)
    await until(lambda: state(hass, device, "state").state == STATE_UNAVAILABLE)
    with pytest.raises(DeliveryError, match="not connected"):
        async with asyncio.timeout(0.1):
            await device.set("state", wish=True)
    plug.on[0] = True  # somebody pressed its button meanwhile
    await until(lambda: state(hass, device, "state").state == STATE_ON, 20)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.gateway is gateway
    ours = [r.message for r in caplog.records if r.name.startswith("custom_components")]
    assert len(ours) == 2
    assert ours[0].startswith("Lost the coordinator at virtual://test")
    assert ours[1].startswith("Reached the coordinator again")


async def test_twenty_losses_with_traffic(
    hass: HomeAssistant, home: Home, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """The link drops again and again while devices talk and people switch; nothing is lost for good."""
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
        await until(lambda: device.available, 30)
    for _ in range(3):
        plug.press()
        await until(
            lambda: state(hass, device, "state").state == (STATE_ON if plug.on[0] else STATE_OFF)
        )
    assert plug.nwk == nwk
    assert plug.joined
    errors = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert [r.getMessage() for r in errors] == []


async def test_found_as_soon_as_it_is_plugged_in(
    hass: HomeAssistant, home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits a minute between attempts does not wait when a stick appears."""
    monkeypatch.setattr(link, "_FIRST_PAUSE", 60.0)
    home.unplug()
    await until(lambda: not gateway.online)
    home.plug_in("test")
    await plug_in_usb(hass)
    await until(lambda: gateway.online)


@pytest.mark.parametrize("fault", ["half_open", "silent"])
async def test_dead_link_is_noticed(
    hass: HomeAssistant, home: Home, gateway: Gateway, fault: str
) -> None:
    """A TCP peer that went away without a word, and a firmware that hangs: within half a minute."""
    plug = Plug()
    device = await join(home, gateway, plug)
    await until(lambda: state(hass, device, "state").state == STATE_OFF)
    setattr(home.faults, fault, True)
    await until(lambda: state(hass, device, "state").state == STATE_UNAVAILABLE, 30)
    home.faults.clear()
    await until(lambda: state(hass, device, "state").state == STATE_OFF, 60)


async def test_unloading_while_it_is_gone(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    device = await join(home, gateway, Plug())
    home.unplug()
    await until(lambda: not device.available)
    assert await hass.config_entries.async_unload(entry.entry_id)
    home.plug_in("test")
    await asyncio.sleep(1.5)
    assert home.port.line is None
