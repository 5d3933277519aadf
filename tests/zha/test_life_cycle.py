"""The integration, while ZHA, its coordinator, its devices and our own entry start and stop."""

import os
from pathlib import Path
from typing import Any, override

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import zigpy.types as t

from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Knob, LockS2, Plug
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.message import Message
from custom_components.aqara_zigbee.simulator.node import Node
from tests.ha.conftest import NAME, entity_id, state, until
from tests.ha.test_knob import press_until
from tests.ha.test_leaks import bus, traces
from tests.zha.conftest import end_work_of_devices, is_tapped
from tests.zha.test_guest import app_of, join_both, join_zha


def footprint(hass: HomeAssistant) -> dict[str, Any]:
    """Return the integration's traces in Home Assistant and in ZHA's application."""
    app = app_of(hass)
    signals = hass.data["dispatcher"]
    return {
        "tap": "packet_received" in vars(app),
        "listeners of zigpy": [type(each).__name__ for each, _ in app._listeners.values()],
        "listeners of events": bus(hass),
        "listeners of signals": {str(s): len(c) for s, c in signals.items() if c},
        "tasks and timers": traces(Path(hass.config.config_dir), ("aqara_zigbee",)),
    }


def switches_of_zha(hass: HomeAssistant, node: Node) -> set[str]:
    """The states of ZHA's switches of a device."""
    (zha,) = hass.config_entries.async_entries("zha")
    device = dr.async_get(hass).async_get_device_by_identifier(("zha", node.ieee), zha.entry_id)
    assert device is not None
    entities = er.async_entries_for_device(er.async_get(hass), device.id)
    states = [hass.states.get(each.entity_id) for each in entities if each.domain == "switch"]
    return {each.state for each in states if each}


@pytest.mark.parametrize("way", ["disabled", "removed"])
async def test_zha_is_unchanged_after_detaching(
    hass: HomeAssistant,
    home: Home,
    zha: MockConfigEntry,
    guest_entry: MockConfigEntry,
    sent: list[Message],
    way: str,
) -> None:
    """No tap, task, timer, listener or file; ZHA goes on as if we had never been there."""
    plug = Plug()
    await join_zha(hass, home, plug)
    # What is registered once for all entries stays.
    await hass.config_entries.async_setup(guest_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await hass.config_entries.async_unload(guest_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    before = footprint(hass)
    assert not before["tap"]
    await hass.config_entries.async_setup(guest_entry.entry_id)
    device = guest_entry.runtime_data.gateway[plug.ieee]
    plug.press()
    await until(lambda: state(hass, device, "state").state == STATE_ON, 30)
    assert footprint(hass)["tap"]
    if way == "disabled":
        await hass.config_entries.async_set_disabled_by(
            guest_entry.entry_id, ConfigEntryDisabler.USER
        )
    else:
        await hass.config_entries.async_remove(guest_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert footprint(hass) == before
    # Frames that zigpy drops are not answered: a cluster that was not declared.
    sent.clear()
    plug.network.uplink(plug, Message(0xFC77, 1, 1, bytes.fromhex("00f00a5500210100")))
    plug.press()
    await until(lambda: switches_of_zha(hass, plug) == {STATE_OFF}, 30)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [message for message in sent if message.cluster == 0xFC77] == []
    assert zha.state is ConfigEntryState.LOADED
    if way == "removed":
        folder = Path(hass.config.config_dir, ".storage")
        stored = await hass.async_add_executor_job(os.listdir, folder)
        assert [name for name in stored if guest_entry.entry_id in name] == []
        assert dr.async_entries_for_config_entry(dr.async_get(hass), guest_entry.entry_id) == []
        return
    await hass.config_entries.async_set_disabled_by(guest_entry.entry_id, None)
    device = guest_entry.runtime_data.gateway[plug.ieee]
    await until(lambda: state(hass, device, "state").state == STATE_OFF, 30)
    await hass.config_entries.async_unload(guest_entry.entry_id)


async def test_coordinator_is_unplugged_and_plugged_in(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    zha: MockConfigEntry,
    guest_entry: MockConfigEntry,
) -> None:
    """ZHA tries to start until it is back; our entry is not reloaded for it."""
    plug = Plug()
    device = await join_both(hass, home, gateway, plug)
    before = app_of(hass)
    tasks = traces(Path(hass.config.config_dir), ("aqara_zigbee",))
    home.unplug()
    await until(lambda: state(hass, device, "state").state == STATE_UNAVAILABLE, 30)
    await until(lambda: zha.state is ConfigEntryState.SETUP_RETRY, 30)
    assert not is_tapped(before)
    assert guest_entry.state is ConfigEntryState.LOADED
    home.plug_in(NAME)
    plug.press()
    await hass.config_entries.async_reload(zha.entry_id)
    await until(lambda: state(hass, device, "state").state == STATE_ON, 30)
    assert guest_entry.runtime_data.gateway is gateway
    assert is_tapped(app_of(hass))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert traces(Path(hass.config.config_dir), ("aqara_zigbee",)) <= tasks


async def test_new_network_address_and_leaving(
    hass: HomeAssistant, home: Home, gateway: Gateway, zha: MockConfigEntry
) -> None:
    """Commands go to the new address; one that left is unavailable until it joins again."""
    plug = Plug()
    device = await join_both(hass, home, gateway, plug)
    old = plug.nwk
    plug.rejoin(new_address=True)
    await until(lambda: gateway[plug.ieee].node.nwk == plug.nwk != old, 30)
    target = {"entity_id": entity_id(hass, device, "state")}
    await hass.services.async_call("switch", "turn_on", target, blocking=True)
    await until(lambda: state(hass, device, "state").state == STATE_ON, 30)
    assert plug.on == [True]
    plug.leave()
    await until(lambda: state(hass, device, "state").state == STATE_UNAVAILABLE, 30)
    assert is_tapped(app_of(hass))
    home.network.search(plug)
    await gateway.radio.permit(60)
    await until(lambda: state(hass, device, "state").state == STATE_ON, 30)
    await hass.services.async_call("switch", "turn_off", target, blocking=True)
    await until(lambda: plug.on == [False], 30)


async def test_home_assistant_stops(
    hass: HomeAssistant, home: Home, gateway: Gateway, guest_entry: MockConfigEntry
) -> None:
    """Nothing of us runs on while ZHA shuts down."""
    await join_both(hass, home, gateway, Plug())
    app = app_of(hass)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not is_tapped(app)
    found = traces(Path(hass.config.config_dir), ("aqara_zigbee",))
    assert not [each for each in found if each.startswith("task")]


async def test_removed_in_zha_while_not_attached(
    hass: HomeAssistant, home: Home, gateway: Gateway, guest_entry: MockConfigEntry
) -> None:
    """It is missing at our next start, and joins again like any other."""
    plug = Plug()
    await join_both(hass, home, gateway, plug)
    await hass.config_entries.async_unload(guest_entry.entry_id)
    await app_of(hass).remove(t.EUI64.convert(plug.ieee))
    await until(lambda: not plug.joined, 30)
    await until(lambda: t.EUI64.convert(plug.ieee) not in app_of(hass).devices, 30)
    await hass.config_entries.async_setup(guest_entry.entry_id)
    await hass.async_block_till_done()
    again: Gateway = guest_entry.runtime_data.gateway
    assert plug.ieee not in again
    home.network.search(plug)
    await again.radio.permit(60)
    await until(lambda: plug.ieee in again and again[plug.ieee].available, 30)
    await hass.async_block_till_done(wait_background_tasks=True)


class Dozing(LockS2):
    """A lock that falls asleep during its interview before it has reported its model."""

    @override
    def _answer_zcl(self, message: Message) -> Message | None:
        return None

    @override
    def on_joined(self) -> None:
        pass


async def test_lock_that_fell_asleep_during_its_interview(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    zha: MockConfigEntry,
    guest_entry: MockConfigEntry,
) -> None:
    """It works from its first frame, also after a restart of ZHA, which never stored it."""
    lock = Dozing()
    home.add(lock)
    home.network.search(lock)
    await gateway.radio.permit(60)
    ieee = t.EUI64.convert(lock.ieee)
    await until(lambda: ieee in app_of(hass).devices, 30)
    theirs = app_of(hass).devices[ieee]
    await until(lambda: theirs.is_initialized, 30)
    lock.introduce()
    await until(lambda: lock.ieee in gateway, 30)
    await hass.async_block_till_done()
    device = gateway[lock.ieee]
    lock.lock()
    await until(lambda: state(hass, device, "activity").attributes["event_type"] == "locked", 30)
    await end_work_of_devices(hass)
    await hass.config_entries.async_reload(zha.entry_id)
    await hass.async_block_till_done()
    assert ieee not in app_of(hass).devices
    assert gateway[lock.ieee] is device
    lock.wake(60)
    lock.heartbeat()  # zigpy requests its address
    await until(lambda: ieee in app_of(hass).devices, 30)
    lock.ring()
    await until(lambda: state(hass, device, "doorbell").attributes["event_type"] == "ring", 30)


async def test_sleepy_device_keeps_state_and_wishes_without_zha(
    hass: HomeAssistant, home: Home, gateway: Gateway, zha: MockConfigEntry
) -> None:
    """Values set while ZHA was not running are sent with the knob's next frame."""
    knob = Knob()
    device = await join_both(hass, home, gateway, knob)
    await hass.async_block_till_done(wait_background_tasks=True)
    knob.awake_until = 0
    before = knob.sensitivity
    await hass.config_entries.async_unload(zha.entry_id)
    await hass.async_block_till_done()
    assert state(hass, device, "sensitivity").state == STATE_UNAVAILABLE
    await hass.config_entries.async_setup(zha.entry_id)
    await hass.async_block_till_done()
    target = {"entity_id": entity_id(hass, device, "sensitivity")}
    await hass.services.async_call(
        "select", "select_option", {**target, "option": "high"}, blocking=True
    )
    assert knob.sensitivity == before
    await press_until(knob, lambda: knob.sensitivity != before)
