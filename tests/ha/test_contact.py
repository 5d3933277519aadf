"""The contact sensor blinks on command once it wakes up."""

from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant

from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Contact
from custom_components.aqara_zigbee.simulator.home import Home
from tests.ha.conftest import entity_id, join, state, until

IDENTIFY = 0x0003


async def test_it_blinks_once_it_is_awake(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    """For the seconds of the option."""
    contact = Contact()
    device = await join(home, gateway, contact)
    await device.set("identify_timeout", 12)
    target = {ATTR_ENTITY_ID: entity_id(hass, device, "identify")}
    await hass.services.async_call("button", "press", target, blocking=True)
    contact.open()
    await until(
        lambda: any(
            (each.cluster, each.frame.payload) == (IDENTIFY, b"\x0c\0")
            for each in contact.received_frames
        ),
        30,
    )
    await until(lambda: not device.pending, 30)
    assert state(hass, device, "contact").state == "on"
    assert "identify" not in device.state
