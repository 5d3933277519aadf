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
from custom_components.aqara_zigbee.core.events import NetworkEvent
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.radio import interview
from custom_components.aqara_zigbee.registry import registered_device
from custom_components.aqara_zigbee.simulator.devices import Knob, LockS2, Plug, Thermometer
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.message import Message
from tests.ha.conftest import entity_id, join, state, until


async def test_device_that_sleeps_during_its_interview(
    hass: HomeAssistant, home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is accepted by its reported model and works; the interview continues when it is awake."""
    monkeypatch.setattr(interview, "PATIENCE", 0.5)
    monkeypatch.setattr(interview, "PAUSE", 0.0)
    lock = LockS2()
    lock.listens_after_join = lock.listens_for = 0.0
    home.add(lock)
    home.network.search(lock)
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
    await until(lambda: device.node.endpoints[1].device_type is not None)
    lock.finger(3)
    await until(
        lambda: state(hass, device, "activity").attributes["event_type"] == "lock_opened_outside",
        20,
    )


def _is_publishing(device: Device, reports: int) -> bool:
    return len(device.frames) >= reports


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
async def test_device_that_misses_some_requests(
    home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, slept_through: set[int]
) -> None:
    """Each answer counts; unanswered requests are not repeated with every frame."""
    monkeypatch.setattr(interview, "PATIENCE", 0.5)
    lock = Dozing()
    lock.slept_through = frozenset(slept_through)
    home.add(lock)
    home.network.search(lock)
    await gateway.radio.permit(60)
    await until(lambda: lock.joined)
    lock.introduce()
    await until(lambda: lock.ieee in gateway and gateway[lock.ieee].definition is not None)
    device = gateway[lock.ieee]
    for reports in (1, 2):
        lock.heartbeat()
        await until(partial(_is_publishing, device, reports))
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


def witnessed(gateway: Gateway) -> list[tuple[NetworkEvent, str]]:
    """Return all further events."""
    received: list[tuple[NetworkEvent, str]] = []
    gateway.subscribe(lambda event, device: received.append((event, device.ieee)))
    return received


async def test_unsupported_device_may_join(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """It is shown with its reported model, and does not affect others."""
    plug, stranger = Plug(), Thermometer()
    device = await join(home, gateway, plug)
    received = witnessed(gateway)
    home.add(stranger)
    home.network.search(stranger)
    await gateway.radio.permit(60)
    await until(lambda: (NetworkEvent.INTERVIEWED, stranger.ieee) in received)
    registered = registered_device(hass, entry.entry_id, stranger.ieee)
    assert registered is not None
    assert registered.model_id == stranger.MODEL
    stranger.measure(2150)
    plug.press()
    await until(lambda: state(hass, device, "state").state == STATE_ON)


async def test_rejoins_with_another_address(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    """A rejoin changes the network address and nothing else."""
    plug = Plug()
    device = await join(home, gateway, plug)
    entity = entity_id(hass, device, "state")
    received, nwk = witnessed(gateway), plug.nwk
    plug.rejoin(new_address=True)
    await until(lambda: device.node.nwk != nwk)
    assert gateway[plug.ieee] is device
    plug.press()
    await until(lambda: hass.states.is_state(entity, STATE_ON))
    await hass.services.async_call("switch", "turn_off", {"entity_id": entity}, blocking=True)
    assert not plug.on[0]
    assert not {NetworkEvent.JOINED, NetworkEvent.INTERVIEWED} & {event for event, _ in received}


async def test_duplicate_announcements(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    """Routers repeat what a device announces; it joins once."""
    plug = Plug()
    device = await join(home, gateway, plug)
    received = witnessed(gateway)
    for _ in range(5):
        plug.announce()
    await until(lambda: (NetworkEvent.ANNOUNCED, plug.ieee) in received)
    plug.press()
    await until(lambda: state(hass, device, "state").state == STATE_ON)
    assert {event for event, _ in received} <= {NetworkEvent.ANNOUNCED}


async def test_leaves_and_rejoins(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    """A device that left is unavailable, still known, and itself again when it rejoins."""
    plug = Plug()
    device = await join(home, gateway, plug)
    plug.leave()
    await until(lambda: state(hass, device, "state").state == STATE_UNAVAILABLE)
    home.network.search(plug)
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


@pytest.mark.parametrize("whose", ["device", "coordinator"])
async def test_not_removed_while_the_network_is_not_running(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    whose: str,
) -> None:
    """The error has the reason, and the device is still there when the coordinator is back."""
    plug = Plug()
    await join(home, gateway, plug)
    ieee = plug.ieee if whose == "device" else gateway.radio.coordinator.ieee
    registered = registered_device(hass, entry.entry_id, ieee)
    assert registered is not None
    home.unplug()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    answer = await remove(hass, hass_ws_client, registered)
    assert not answer["success"]
    assert "Test is not running" in answer["error"]["message"]
    assert registered_device(hass, entry.entry_id, ieee) is not None
    home.plug_in("test")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert plug.ieee in entry.runtime_data.gateway


async def test_removed_permanently(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Deleted in the user interface: it leaves, is removed, and may join again when permitted."""
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


async def test_removed_while_asleep_and_rejoining_later(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """It missed its removal. With its next frame it is removed again, until joins are permitted."""
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
    assert "cannot be removed on its own" in answer["error"]["message"]
    assert registered_device(hass, entry.entry_id, coordinator.ieee) is not None


async def test_restart_during_a_join(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Home Assistant stops during an interview; afterwards it is repeated."""
    plug = Plug()
    home.add(plug)
    home.network.search(plug)
    received = witnessed(gateway)
    home.faults.slow(plug, 3.0)
    await gateway.radio.permit(60)
    await until(lambda: (NetworkEvent.INTERVIEW_STARTED, plug.ieee) in received)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    home.faults.clear()
    gateway = entry.runtime_data.gateway
    plug.press()
    await until(lambda: plug.ieee in gateway and gateway[plug.ieee].definition is not None)
    await asyncio.sleep(0.2)
    plug.press()
    device = gateway[plug.ieee]
    await until(
        lambda: state(hass, device, "state").state == (STATE_ON if plug.on[0] else STATE_OFF)
    )
