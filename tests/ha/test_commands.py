"""Commands to devices in a running Home Assistant: late, early and missing responses."""

import asyncio
from typing import override

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.aqara_zigbee.core.events import Update
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.property import TOGGLE
from custom_components.aqara_zigbee.simulator.devices import Plug, Relay
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.zcl import Frame
from tests.ha.conftest import entity_id, join, state, until

ON_OFF = 0x0006


class Taciturn(Relay):
    """A relay that obeys and reports, but never answers commands of its contacts."""

    @override
    def _respond(self, endpoint: int, cluster: int, frame: Frame) -> Frame | None:
        reply = super()._respond(endpoint, cluster, frame)
        return None if cluster == ON_OFF and frame.cluster_specific else reply


async def test_missing_response_with_an_effect(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    """The relay reports that it switched, so the action succeeds."""
    relay = Taciturn()
    device = await join(home, gateway, relay)
    await until(lambda: state(hass, device, "state_l2").state == STATE_OFF)
    for service, expected in (("turn_on", STATE_ON), ("turn_off", STATE_OFF)):
        await hass.services.async_call(
            "switch", service, {"entity_id": entity_id(hass, device, "state_l2")}, blocking=True
        )
        assert state(hass, device, "state_l2").state == expected
    await device.set("state_l1", TOGGLE)
    assert relay.on == [True, False]
    assert state(hass, device, "state_l1").state == STATE_ON


async def test_failure_message_has_only_known_facts(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    plug = Plug()
    device = await join(home, gateway, plug)
    home.faults.mute(plug)
    with pytest.raises(HomeAssistantError) as raised:
        await hass.services.async_call(
            "switch", "turn_on", {"entity_id": entity_id(hass, device, "state")}, blocking=True
        )
    said = str(raised.value)
    assert "may not have received" in said
    assert "Nothing" not in said
    assert "<" not in said


async def test_answer_and_report_in_one_piece(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    """A busy loop or a TCP coordinator hands over both at once: the report is not overridden."""
    relay = Relay()
    device = await join(home, gateway, relay)
    await until(lambda: state(hass, device, "state_l2").state == STATE_OFF)
    values: list[object] = []

    def observe(update: Update) -> None:
        if "state_l2" in update.state:
            values.append(update.state["state_l2"])

    device.subscribe(observe)
    line = home.port.line
    assert line is not None
    gathered = bytearray()

    def gather(data: bytes) -> None:
        gathered.extend(data)

    deliver, line.deliver = line.deliver, gather  # type: ignore[method-assign]
    setting = asyncio.create_task(device.set("state_l2", TOGGLE))
    while not setting.done():
        await asyncio.sleep(0.03)
        piece, gathered[:] = bytes(gathered), b""
        if piece:
            deliver(piece)
    line.deliver = deliver  # type: ignore[method-assign]
    await setting
    await hass.async_block_till_done()
    assert False not in values[values.index(True) :]
    assert state(hass, device, "state_l2").state == STATE_ON


async def test_burst_ends_with_the_last(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    """Three hundred actions at once, on two channels: few frames, and the last ones are obeyed."""
    relay, plug = Relay(), Plug()
    device, other = await join(home, gateway, relay), await join(home, gateway, plug)
    home.faults.mute(plug)
    stuck = asyncio.create_task(other.set("state", wish=True))
    relay.received_frames.clear()
    wishes = [{f"state_l{1 + number % 2}": number % 4 < 2} for number in range(300)]
    failed = await asyncio.gather(*(device.set_all(wish) for wish in wishes))
    assert not any(failed)
    assert relay.on == [False, False]
    assert not stuck.done(), "a silent device delays no other"
    assert len([received for received in relay.received_frames if received.cluster == ON_OFF]) <= 4
    stuck.cancel()
