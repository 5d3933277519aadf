"""200 devices in one home: each is available, reports and obeys commands."""

import asyncio
from pathlib import Path

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.radio import Endpoint, Node as Known
from custom_components.aqara_zigbee.radio import requests
from custom_components.aqara_zigbee.radio.migration.database import create
from custom_components.aqara_zigbee.simulator.devices import Plug
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.node import Node
from custom_components.aqara_zigbee.storage.files import database_path
from tests.ha.conftest import entity_id, join, state, until

MANY = 200


def known(node: Node) -> Known:
    """Return an interviewed device as the network knows it."""
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

    await until(are_right, 120)  # each was read at the start
    for plug in plugs:
        plug.press()
    await until(are_right)
    await hass.services.async_call(
        "switch",
        "turn_on",
        {"entity_id": [entity_id(hass, gateway[plug.ieee], "state") for plug in plugs]},
        blocking=True,
    )
    assert all(plug.on[0] for plug in plugs)
    await until(are_right)  # a report of the press can still be on its way
    assert gateway.health.failures == {}
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def test_a_dead_plug_does_not_delay_the_others(
    hass: HomeAssistant, home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two do not answer; the third is switched while they are still waited for."""
    monkeypatch.setattr(requests, "_ATTEMPT_SECONDS", 0.5)
    plugs = [Plug(), Plug(), Plug()]
    devices = [await join(home, gateway, plug) for plug in plugs]
    *dead, living = plugs
    for plug in dead:
        home.faults.mute(plug)
    waiting = [
        hass.async_create_task(
            hass.services.async_call(
                "switch", "turn_on", {"entity_id": entity_id(hass, device, "state")}, blocking=True
            )
        )
        for device in devices
    ]
    await waiting[-1]
    assert living.on[0]
    assert not any(call.done() for call in waiting[:-1])
    failed = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in failed] == [HomeAssistantError, HomeAssistantError, type(None)]
