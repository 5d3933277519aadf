"""Joining: awake and asleep, ours and others', coming back, leaving, being thrown out."""

import asyncio
from functools import partial
from typing import Any, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.gateway import Event, Gateway
from custom_components.aqara_zigbee.radio import interview
from custom_components.aqara_zigbee.radio.virtual.devices import Knob, LockS2, Plug, Thermometer
from custom_components.aqara_zigbee.radio.virtual.home import Home
from custom_components.aqara_zigbee.radio.virtual.message import Message
from custom_components.aqara_zigbee.registry import registered_device
from tests.ha.conftest import entity_id, join, state, until


async def test_device_that_sleeps_during_its_interview(
    hass: HomeAssistant, home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is accepted on its word and works; the rest is asked when it is awake again."""
    monkeypatch.setattr(interview, "PATIENCE", 0.5)
    monkeypatch.setattr(interview, "PAUSE", 0.0)
    lock = LockS2()
    lock.listens_after_join = lock.listens_for = 0.0
    home.add(lock)
    home.network.look_for(lock)
    await gateway.radio.permit(60)
    await until(lambda: lock.joined)
    lock.introduce()
    await until(lambda: lock.ieee in gateway and gateway[lock.ieee].definition is not None)
    device = gateway[lock.ieee]
    lock.lock()
    await until(lambda: state(hass, device, "activity").attributes["event_type"] == "locked")
    assert device.node.manufacturer_code == 0x1037
    lock.listens_for = 60.0
    lock.heartbeat()
    await until(lambda: device.node.endpoints[1].device_type is not None, 20)
    lock.finger(3)
    await until(
        lambda: state(hass, device, "activity").attributes["event_type"] == "lock_opened_outside",
        20,
    )


def _has_spoken(device: Device, words: int) -> bool:
    return len(device.frames) >= words


class Dozing(LockS2):
    """Answers some questions of its interview and sleeps through the others."""

    slept_through: frozenset[int] = frozenset()

    @override
    def receive(self, message: Message, *, broadcast: bool = False) -> None:
        if message.destination != 0 or message.cluster not in self.slept_through:
            super().receive(message, broadcast=broadcast)


NODE_DESCRIPTOR, SIMPLE_DESCRIPTOR, ACTIVE_ENDPOINTS = 0x0002, 0x0004, 0x0005


@pytest.mark.parametrize(
    "slept_through",
    [{SIMPLE_DESCRIPTOR}, {NODE_DESCRIPTOR, SIMPLE_DESCRIPTOR, ACTIVE_ENDPOINTS}],
)
async def test_device_that_sleeps_through_some_questions(
    home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, slept_through: set[int]
) -> None:
    """Whatever it has said counts; it is not asked for the rest at every word."""
    monkeypatch.setattr(interview, "PATIENCE", 0.5)
    lock = Dozing()
    lock.slept_through = frozenset(slept_through)
    home.add(lock)
    home.network.look_for(lock)
    await gateway.radio.permit(60)
    await until(lambda: lock.joined)
    lock.introduce()
    await until(lambda: lock.ieee in gateway and gateway[lock.ieee].definition is not None)
    device = gateway[lock.ieee]
    for words in (1, 2):
        lock.heartbeat()
        await until(partial(_has_spoken, device, words))
    assert device.node.endpoints[1].device_type is None
    monkeypatch.setattr(interview, "PAUSE", 0.0)
    lock.slept_through = frozenset()

    async def ask_on() -> bool:
        lock.heartbeat()
        await asyncio.sleep(0.5)
        return device.node.endpoints[1].device_type is not None

    async with asyncio.timeout(60):
        while not await ask_on():
            pass


def witnessed(gateway: Gateway) -> list[tuple[Event, str]]:
    """What happens from now on."""
    heard: list[tuple[Event, str]] = []
    gateway.subscribe(lambda event, device: heard.append((event, device.ieee)))
    return heard


async def test_unsupported_device_is_welcome(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """It is shown as what it says it is, and disturbs nobody."""
    plug, stranger = Plug(), Thermometer()
    device = await join(home, gateway, plug)
    heard = witnessed(gateway)
    home.add(stranger)
    home.network.look_for(stranger)
    await gateway.radio.permit(60)
    await until(lambda: (Event.INTERVIEWED, stranger.ieee) in heard)
    registered = registered_device(hass, entry.entry_id, stranger.ieee)
    assert registered is not None
    assert registered.model_id == stranger.MODEL
    stranger.measure(2150)
    plug.press()
    await until(lambda: state(hass, device, "state").state == STATE_ON)


async def test_comes_back_under_another_address(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    """A rejoin changes the network address and nothing else."""
    plug = Plug()
    device = await join(home, gateway, plug)
    entity = entity_id(hass, device, "state")
    heard, nwk = witnessed(gateway), plug.nwk
    plug.rejoin(new_address=True)
    await until(lambda: device.node.nwk != nwk)
    assert gateway[plug.ieee] is device
    plug.press()
    await until(lambda: hass.states.is_state(entity, STATE_ON))
    await hass.services.async_call("switch", "turn_off", {"entity_id": entity}, blocking=True)
    assert not plug.on[0]
    assert (Event.JOINED, plug.ieee) not in heard


async def test_duplicate_announcements(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    """Routers repeat what a device announces; it joins once."""
    plug = Plug()
    device = await join(home, gateway, plug)
    heard = witnessed(gateway)
    for _ in range(5):
        plug.announce()
    await until(lambda: (Event.ANNOUNCED, plug.ieee) in heard)
    plug.press()
    await until(lambda: state(hass, device, "state").state == STATE_ON)
    assert {event for event, _ in heard} <= {Event.ANNOUNCED}


async def test_leaves_and_comes_back(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    """A device that left is unavailable, still known, and itself again when it rejoins."""
    plug = Plug()
    device = await join(home, gateway, plug)
    plug.leave()
    await until(lambda: state(hass, device, "state").state == STATE_UNAVAILABLE)
    home.network.look_for(plug)
    await gateway.radio.permit(60)
    await until(lambda: state(hass, device, "state").state == STATE_OFF)
    assert gateway[plug.ieee] is device


async def remove(
    hass: HomeAssistant, client: WebSocketGenerator, registered: dr.DeviceEntry
) -> dict[str, Any]:
    """Delete a device as the user interface does."""
    assert await async_setup_component(hass, "config", {})
    socket = await client(hass)
    await socket.send_json_auto_id(
        {"type": "config/device_registry/remove", "device_id": registered.id}
    )
    answer: dict[str, Any] = await socket.receive_json()
    return answer


async def test_removed_for_good(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Deleted in the user interface: it is told to leave, forgotten, and welcome when asked in."""
    plug = Plug()
    await join(home, gateway, plug)
    registered = registered_device(hass, entry.entry_id, plug.ieee)
    assert registered is not None
    answer = await remove(hass, hass_ws_client, registered)
    assert answer["success"], answer
    assert plug.ieee not in gateway
    assert registered_device(hass, entry.entry_id, plug.ieee) is None
    await until(lambda: not plug.joined)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    again = entry.runtime_data.gateway
    assert plug.ieee not in again


async def test_removed_while_asleep_and_back_at_night(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """It did not hear that it was removed. When it speaks, it is sent away, until it is asked in."""
    knob = Knob()
    await join(home, gateway, knob)
    home.faults.mute(knob)
    registered = registered_device(hass, entry.entry_id, knob.ieee)
    assert registered is not None
    answer = await remove(hass, hass_ws_client, registered)
    assert answer["success"], answer
    assert knob.joined
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    gateway = entry.runtime_data.gateway
    home.faults.mute(knob, mute=False)
    knob.listens_for = 60.0
    knob.announce()
    await until(lambda: not knob.joined)
    assert registered_device(hass, entry.entry_id, knob.ieee) is None


async def test_coordinator_is_not_removed(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    coordinator = gateway.radio.coordinator
    registered = registered_device(hass, entry.entry_id, coordinator.ieee)
    assert registered is not None
    answer = await remove(hass, hass_ws_client, registered)
    assert not answer["success"]
    assert "coordinator itself" in answer["error"]["message"]
    assert registered_device(hass, entry.entry_id, coordinator.ieee) is not None


async def test_restart_in_the_middle_of_a_join(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Home Assistant stops while a device is asked what it is; afterwards it is asked again."""
    plug = Plug()
    home.add(plug)
    home.network.look_for(plug)
    heard = witnessed(gateway)
    home.faults.slow(plug, 3.0)
    await gateway.radio.permit(60)
    await until(lambda: (Event.INTERVIEW_STARTED, plug.ieee) in heard)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    home.faults.clear()
    gateway = entry.runtime_data.gateway
    plug.press()
    await until(lambda: plug.ieee in gateway and gateway[plug.ieee].definition is not None, 30)
    await asyncio.sleep(0.2)
    plug.press()
    device = gateway[plug.ieee]
    await until(
        lambda: state(hass, device, "state").state == (STATE_ON if plug.on[0] else STATE_OFF)
    )
