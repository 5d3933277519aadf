"""Two hundred devices in one home: all are there, all are heard, and each obeys for itself."""

from pathlib import Path

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.radio import Endpoint, Node as Known
from custom_components.aqara_zigbee.radio.database import create
from custom_components.aqara_zigbee.radio.virtual.devices import Plug
from custom_components.aqara_zigbee.radio.virtual.home import Home
from custom_components.aqara_zigbee.radio.virtual.node import Node
from custom_components.aqara_zigbee.store import database_path
from tests.ha.conftest import entity_id, state, until

MANY = 200


def known(node: Node) -> Known:
    """What the network knows of a device once it was interviewed."""
    return Known(
        ieee=node.ieee,
        nwk=node.nwk,
        model=node.MODEL,
        manufacturer="LUMI",
        is_complete=True,
        manufacturer_code=node.descriptor.manufacturer,
        logical_type=int(node.descriptor.role),
        mac_capabilities=node.descriptor.mac_flags,
        endpoints={
            number: Endpoint(e.profile, e.device_type, tuple(e.inputs), tuple(e.outputs))
            for number, e in node.endpoints.items()
        },
    )


async def test_two_hundred_plugs(hass: HomeAssistant, home: Home, entry: MockConfigEntry) -> None:
    plugs = [home.add(Plug(), joined=True) for _ in range(MANY)]
    for plug in plugs[::3]:
        plug.on[0] = True
    path: Path = database_path(hass, entry.entry_id)
    await create(path, [(known(plug), None) for plug in plugs])
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    gateway: Gateway = entry.runtime_data.gateway
    assert set(gateway) == {plug.ieee for plug in plugs}

    def are_right() -> bool:
        return all(
            state(hass, gateway[plug.ieee], "state").state
            == (STATE_ON if plug.on[0] else STATE_OFF)
            for plug in plugs
        )

    await until(are_right, 120)  # each was asked for its state at the start
    for plug in plugs:
        plug.press()
    await until(are_right, 60)
    await hass.services.async_call(
        "switch",
        "turn_on",
        {"entity_id": [entity_id(hass, gateway[plug.ieee], "state") for plug in plugs]},
        blocking=True,
    )
    assert all(plug.on[0] for plug in plugs)
    assert are_right()
    assert gateway.health.failures == {}
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
