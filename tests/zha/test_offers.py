"""Home Assistant offers ZHA's network where devices of ours are on it."""

from unittest.mock import AsyncMock

from homeassistant.components.usb import SerialPortConsumer
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_USB,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.usb import UsbServiceInfo
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.simulator.devices import Knob, Plug, Thermometer
from custom_components.aqara_zigbee.simulator.home import Home
from tests.ha.conftest import DEVICE, until
from tests.ha.dialogue import Dialogue
from tests.zha.test_guest import join_zha
from tests.zha.test_moving import remove_in_zha

CONBEE = UsbServiceInfo(
    device="/dev/ttyACM0",
    vid="1CF1",
    pid="0030",
    serial_number="DE2474110",
    manufacturer="dresden elektronik ingenieurtechnik GmbH",
    description="ConBee II",
)
SONOFF = UsbServiceInfo(
    device=str(DEVICE["path"]),
    vid="10C4",
    pid="EA60",
    serial_number="62f9",
    manufacturer="ITead",
    description="Sonoff Zigbee 3.0 USB Dongle Plus",
)
"""ZHA's own."""


def offers(hass: HomeAssistant) -> list[ConfigFlowResult]:
    """Return the current offers."""
    return hass.config_entries.flow.async_progress_by_handler(DOMAIN)


async def discover(hass: HomeAssistant, stick: UsbServiceInfo) -> ConfigFlowResult:
    """Let Home Assistant discover a USB device."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USB}, data=stick
    )


@pytest.mark.parametrize("stick", [CONBEE, SONOFF], ids=["other", "zha"])
async def test_coordinator_that_zha_may_use(
    hass: HomeAssistant,
    home: Home,
    zha: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    stick: UsbServiceInfo,
) -> None:
    """It works without an entry of ours; the offer ends with the last device of ours."""
    user = SerialPortConsumer(kind="config_entry", title="ZHA", active=True, domain="zha")
    monkeypatch.setattr(
        "homeassistant.components.usb.async_get_serial_port_consumers",
        AsyncMock(return_value={SONOFF.device: [user]}),
    )
    await join_zha(hass, home, Thermometer())
    shown = await discover(hass, stick)
    assert shown["type"] == "abort"
    assert shown["reason"] == ("port_in_use" if stick is SONOFF else "not_a_coordinator")
    plug = Plug()
    await join_zha(hass, home, plug)
    shown = await discover(hass, stick)
    assert (shown["type"], shown["step_id"]) == ("form", "zha_network")
    again = await discover(hass, CONBEE)
    assert (again["type"], again["reason"]) == ("abort", "already_in_progress")
    await hass.config_entries.async_reload(zha.entry_id)
    await hass.async_block_till_done()
    assert [each["flow_id"] for each in offers(hass)] == [shown["flow_id"]]
    await remove_in_zha(hass, plug)
    await until(lambda: offers(hass) == [])


async def test_offer_ends_with_zha(hass: HomeAssistant, home: Home, zha: MockConfigEntry) -> None:
    await join_zha(hass, home, Knob())
    await discover(hass, CONBEE)
    assert len(offers(hass)) == 1
    await hass.config_entries.async_remove(zha.entry_id)
    await until(lambda: offers(hass) == [])


async def test_offer_besides_another_entry(
    hass: HomeAssistant, home: Home, zha: MockConfigEntry, dialogue: Dialogue
) -> None:
    """Once; it can be ignored, and ZHA's network can be chosen all the same."""
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    assert offers(hass) == []
    await join_zha(hass, home, Plug())
    await until(lambda: offers(hass))
    (offer,) = offers(hass)
    assert offer["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY
    assert offer["context"]["unique_id"] == zha.unique_id
    await join_zha(hass, home, Knob())
    assert len(offers(hass)) == 1
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": zha.unique_id, "title": "ZHA"},
    )
    assert offers(hass) == []
    await hass.config_entries.async_reload(zha.entry_id)
    await hass.async_block_till_done()
    assert offers(hass) == []
    await hass.async_block_till_done(wait_background_tasks=True)
    await dialogue.start()
    await dialogue.choose("zha_network")
    shown = await dialogue.submit()
    assert shown["type"] == "create_entry"
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_user_can_choose_the_offer(
    hass: HomeAssistant, home: Home, zha: MockConfigEntry, dialogue: Dialogue
) -> None:
    await join_zha(hass, home, Plug())
    await discover(hass, CONBEE)
    await dialogue.start()
    await dialogue.choose("zha_network")
    shown = await dialogue.submit()
    assert shown["type"] == "create_entry"
    await hass.async_block_till_done()
    assert offers(hass) == []
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await hass.config_entries.async_unload(entry.entry_id)
