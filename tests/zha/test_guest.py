"""Our devices on the network of the real ZHA: their frames, and ZHA's whole life."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from homeassistant.components.zha.helpers import get_zha_gateway
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import zigpy.types as t

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.diagnostics import async_get_config_entry_diagnostics
from custom_components.aqara_zigbee.registry import name_of, registered_device
from custom_components.aqara_zigbee.simulator.devices import Knob, LockS2, Plug
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.node import Node
from tests.ha.conftest import entity_id, join, state, until
from tests.ha.dialogue import Dialogue
from tests.zha.conftest import is_tapped

EVENT_MODE = 1


def app_of(hass: HomeAssistant) -> Any:
    """ZHA's zigpy application."""
    return get_zha_gateway(hass).application_controller


async def join_zha(hass: HomeAssistant, home: Home, node: Node) -> None:
    """Let a simulated device join while we are not there."""
    home.add(node)
    home.network.search(node)
    await app_of(hass).permit(60)
    (zha,) = hass.config_entries.async_entries("zha")
    registry = dr.async_get(hass)
    await awake_until(
        node, lambda: registry.async_get_device_by_identifier(("zha", node.ieee), zha.entry_id)
    )
    await hass.async_block_till_done()


async def awake_until(
    node: Node, condition: Callable[[], object], wake: Callable[[], object] | None = None
) -> None:
    """Wake a device repeatedly until a condition holds: on a busy machine once may not suffice.

    Args:
        node: the device.
        condition: what to wait for.
        wake: what wakes it; by default it polls its parent, without a frame of its own.
    """

    def is_so() -> object:
        if not node.awake:
            (wake or node.wake)()
        return condition()

    await until(is_so)


async def join_both(hass: HomeAssistant, home: Home, gateway: Gateway, node: Node) -> Device:
    """Let a simulated device join, and wait until ZHA has made its entities too."""
    device = await join(home, gateway, node)
    (zha,) = hass.config_entries.async_entries("zha")
    registry = dr.async_get(hass)
    await awake_until(
        node, lambda: registry.async_get_device_by_identifier(("zha", node.ieee), zha.entry_id)
    )
    await hass.async_block_till_done()
    return device


async def test_plug_works_here_and_in_zha(
    hass: HomeAssistant, home: Home, gateway: Gateway, zha: MockConfigEntry
) -> None:
    plug = Plug()
    device = await join_both(hass, home, gateway, plug)
    for service, expected in (("turn_on", STATE_ON), ("turn_off", STATE_OFF)):
        target = {"entity_id": entity_id(hass, device, "state")}
        await hass.services.async_call("switch", service, target, blocking=True)
        await until(lambda: state(hass, device, "state").state == expected)  # noqa: B023
        await hass.async_block_till_done()
    registry = dr.async_get(hass)
    theirs = registry.async_get_device_by_identifier(("zha", plug.ieee), zha.entry_id)
    assert theirs is not None
    switches = [
        hass.states.get(entity.entity_id)
        for entity in er.async_entries_for_device(er.async_get(hass), theirs.id)
        if entity.domain == "switch"
    ]
    await until(lambda: all(hass.states.is_state(s.entity_id, STATE_OFF) for s in switches if s))
    plug.press()
    await until(lambda: state(hass, device, "state").state == STATE_ON)
    await until(lambda: all(hass.states.is_state(s.entity_id, STATE_ON) for s in switches if s))


async def test_lock_that_sleeps_through_zhas_interview(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    lock = LockS2()
    lock.listens_after_join = lock.listens_for = 0.0
    home.add(lock)
    home.network.search(lock)
    await gateway.radio.permit(60)
    await until(lambda: lock.joined)
    lock.introduce()
    await until(lambda: lock.ieee in gateway)
    assert not app_of(hass).devices[t.EUI64.convert(lock.ieee)].is_initialized
    await hass.async_block_till_done()
    device = gateway[lock.ieee]
    lock.lock()
    await until(lambda: state(hass, device, "activity").attributes["event_type"] == "locked")
    # zigpy complains of an interview that is under way when ZHA is taken down.
    theirs = app_of(hass).devices[t.EUI64.convert(lock.ieee)]
    home.remove(lock)
    theirs.cancel_initialization()
    await until(lambda: not theirs.initializing)


async def test_frame_that_a_router_repeats_for_its_child(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    plug, lock = Plug(), LockS2()
    carrier = await join_both(hass, home, gateway, plug)
    device = await join(home, gateway, lock)
    await until(lambda: device.available)
    seen: list[object] = []
    device.subscribe(seen.append)
    others: list[object] = []
    carrier.subscribe(lambda update: others.append(update.state) if update.state else None)
    packet = t.ZigbeePacket(
        src=t.AddrModeAddress(addr_mode=t.AddrMode.NWK, address=t.NWK(carrier.node.nwk)),
        src_ep=t.uint8_t(1),
        dst=t.AddrModeAddress(addr_mode=t.AddrMode.Group, address=t.Group(device.node.nwk)),
        dst_ep=t.uint8_t(1),
        profile_id=t.uint16_t(260),
        cluster_id=t.uint16_t(0),
        data=t.SerializableBytes(bytes.fromhex("1c5f11770a01ff421a0121bd0b")),
        lqi=t.uint8_t(99),
    )
    app_of(hass).packet_received(packet)
    await hass.async_block_till_done()
    assert seen
    assert not any("voltage" in each for each in others if isinstance(each, dict))


async def test_zha_reload(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    zha: MockConfigEntry,
    guest_entry: MockConfigEntry,
) -> None:
    """Our entry stays loaded, its devices are unavailable meanwhile, and no tap is left behind."""
    plug = Plug()
    device = await join_both(hass, home, gateway, plug)
    before = app_of(hass)
    assert is_tapped(before)
    await hass.config_entries.async_unload(zha.entry_id)
    await hass.async_block_till_done()
    assert state(hass, device, "state").state == STATE_UNAVAILABLE
    assert not is_tapped(before)
    assert guest_entry.state is ConfigEntryState.LOADED
    plug.press()
    await hass.config_entries.async_setup(zha.entry_id)
    await until(lambda: state(hass, device, "state").state == STATE_ON)
    assert guest_entry.runtime_data.gateway is gateway
    plug.press()
    await until(lambda: state(hass, device, "state").state == STATE_OFF)


async def test_zha_disabled_and_enabled(
    hass: HomeAssistant, home: Home, gateway: Gateway, zha: MockConfigEntry
) -> None:
    device = await join_both(hass, home, gateway, Plug())
    await hass.config_entries.async_set_disabled_by(zha.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done()
    assert state(hass, device, "state").state == STATE_UNAVAILABLE
    await hass.config_entries.async_set_disabled_by(zha.entry_id, None)
    await until(lambda: state(hass, device, "state").state == STATE_OFF)


async def test_lost_coordinator(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    guest_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """ZHA reloads itself then; we come back with it. Both are logged once, and not for each device."""
    device = await join_both(hass, home, gateway, Plug())
    before = app_of(hass)
    caplog.clear()
    before.connection_lost(ConnectionError("unplugged"))
    assert state(hass, device, "state").state == STATE_UNAVAILABLE
    await until(lambda: state(hass, device, "state").state == STATE_OFF)
    logged = [each.message for each in caplog.records if each.name.endswith("repairs_monitor")]
    assert [text.partition(":")[0] for text in logged] == [
        "ZHA's network is unavailable",
        "ZHA's network is available again",
    ]
    assert app_of(hass) is not before
    assert not is_tapped(before)
    assert guest_entry.state is ConfigEntryState.LOADED


async def test_guest_starts_before_zha(hass: HomeAssistant, zha_entry: MockConfigEntry) -> None:
    entry = MockConfigEntry(domain=DOMAIN, data={"host": "zha"}, unique_id="epid=unknown")
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "zha_not_running"
    config = hass.data.pop("zha_test_config")
    assert await async_setup_component(hass, "zha", config)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_RETRY  # it is another network
    hass.config_entries.async_update_entry(entry, unique_id=zha_entry.unique_id)
    await hass.config_entries.async_reload(zha_entry.entry_id)
    await until(lambda: entry.state is ConfigEntryState.LOADED)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_guest_starts_with_paired_devices(
    hass: HomeAssistant, home: Home, zha: MockConfigEntry, guest_entry: MockConfigEntry
) -> None:
    """Mains devices are known at once, sleepy ones are configured with their next frame."""
    plug, knob = Plug(), Knob()
    await join_zha(hass, home, plug)
    await join_zha(hass, home, knob)
    registry = dr.async_get(hass)
    theirs = registry.async_get_device_by_identifier(("zha", knob.ieee), zha.entry_id)
    assert theirs is not None
    registry.async_update_device(theirs.id, name_by_user="Hall knob")
    assert await hass.config_entries.async_setup(guest_entry.entry_id)
    await hass.async_block_till_done()
    gateway: Gateway = guest_entry.runtime_data.gateway
    await until(lambda: state(hass, gateway[plug.ieee], "state").state == STATE_OFF)
    # A single press of a knob in command mode is no frame.
    await awake_until(knob, lambda: knob.mode == EVENT_MODE, knob.double)
    ours = registered_device(hass, guest_entry.entry_id, knob.ieee)
    assert ours is not None
    assert ours.name_by_user == "Hall knob"
    registry.async_update_device(theirs.id, name_by_user="Door knob")
    await hass.async_block_till_done()
    assert name_of(hass, guest_entry.entry_id, knob.ieee) == "Door knob"
    registry.async_update_device(ours.id, name_by_user="Mine")
    registry.async_update_device(theirs.id, name_by_user="Theirs")
    await hass.async_block_till_done()
    assert name_of(hass, guest_entry.entry_id, knob.ieee) == "Mine"
    await hass.config_entries.async_unload(guest_entry.entry_id)


async def test_removed_in_zha(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    plug = Plug()
    await join_both(hass, home, gateway, plug)
    await get_zha_gateway(hass).async_remove_device(t.EUI64.convert(plug.ieee))
    await until(lambda: plug.ieee not in gateway)
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert registered_device(hass, entry.entry_id, plug.ieee) is None


@pytest.mark.parametrize("make", [Plug, LockS2])
async def test_removed_device_that_does_not_answer(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    guest_entry: MockConfigEntry,
    make: type[Plug | LockS2],
) -> None:
    """Zigpy keeps it for seconds; neither a reload nor its frames bring it back."""
    node = make()
    await join_both(hass, home, gateway, node)
    address = t.EUI64.convert(node.ieee)
    home.faults.mute(node)
    await get_zha_gateway(hass).async_remove_device(address)
    await until(lambda: node.ieee not in gateway)
    node.heartbeat()
    await hass.config_entries.async_reload(guest_entry.entry_id)
    await hass.async_block_till_done()
    assert address in app_of(hass).devices
    assert node.ieee not in guest_entry.runtime_data.gateway


async def test_reinterview_and_functions_of_zha_only(
    hass: HomeAssistant, home: Home, gateway: Gateway, guest_entry: MockConfigEntry
) -> None:
    plug = Plug()
    device = await join_both(hass, home, gateway, plug)
    before = app_of(hass).devices[t.EUI64.convert(plug.ieee)]
    await gateway.radio.interview(plug.ieee)
    assert app_of(hass).devices[t.EUI64.convert(plug.ieee)] is not before
    plug.press()
    await until(lambda: state(hass, device, "state").state == STATE_ON)
    ours = registered_device(hass, guest_entry.entry_id, plug.ieee)
    assert ours is not None
    for action, data in (
        ("remove_device", {"device_id": ours.id}),
        ("change_channel", {"config_entry_id": guest_entry.entry_id, "channel": 20}),
        ("create_backup", {"config_entry_id": guest_entry.entry_id}),
    ):
        with pytest.raises(ServiceValidationError, match="managed by ZHA"):
            await hass.services.async_call(DOMAIN, action, data, blocking=True)
    assert plug.ieee in gateway


async def test_leaving_restores_zha(
    hass: HomeAssistant, home: Home, gateway: Gateway, guest_entry: MockConfigEntry
) -> None:
    await join_both(hass, home, gateway, Plug())
    app = app_of(hass)
    listeners = len(app._listeners)
    assert is_tapped(app)
    await hass.config_entries.async_unload(guest_entry.entry_id)
    assert "packet_received" not in vars(app)
    assert len(app._listeners) == listeners - 1


async def test_diagnostics(
    hass: HomeAssistant, gateway: Gateway, guest_entry: MockConfigEntry
) -> None:
    content = await async_get_config_entry_diagnostics(hass, guest_entry)
    assert content["versions"]["zha"] == version("zha")
    assert content["versions"]["bellows"] == version("bellows")
    assert content["devices"] == []


async def test_closed_tap(
    hass: HomeAssistant, home: Home, gateway: Gateway, guest_entry: MockConfigEntry
) -> None:
    """Packets that bypass the tap are read otherwise, and there is an issue."""
    plug = Plug()
    device = await join_both(hass, home, gateway, plug)
    issue = f"zha_changed_{guest_entry.entry_id}"
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue) is None
    del app_of(hass).packet_received
    plug.press()
    await until(lambda: state(hass, device, "state").state == STATE_ON)
    target = {"entity_id": entity_id(hass, device, "state")}
    await hass.services.async_call("switch", "turn_off", target, blocking=True)
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue) is not None


async def test_flow(
    hass: HomeAssistant, home: Home, zha: MockConfigEntry, dialogue: Dialogue
) -> None:
    await join_zha(hass, home, Plug())
    shown = await dialogue.start()
    assert "zha_network" in shown["menu_options"]
    shown = await dialogue.choose("zha_network")
    assert shown["description_placeholders"]["devices"].startswith("1 × ")
    shown = await dialogue.submit()
    assert shown["type"] == "create_entry"
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert (entry.state, entry.unique_id) == (ConfigEntryState.LOADED, zha.unique_id)
    await dialogue.start()
    shown = await dialogue.choose("zha_network")
    assert (shown["type"], shown["reason"]) == ("abort", "already_configured")
    await hass.config_entries.async_unload(entry.entry_id)


async def test_flow_refuses_devices_of_an_own_network(
    hass: HomeAssistant, home: Home, zha: MockConfigEntry, dialogue: Dialogue
) -> None:
    plug = Plug()
    await join_zha(hass, home, plug)
    own = MockConfigEntry(
        domain=DOMAIN, data={"device": {"path": "/dev/x"}}, disabled_by=ConfigEntryDisabler.USER
    )
    own.add_to_hass(hass)
    dr.async_get(hass).async_get_or_create(
        config_entry_id=own.entry_id, identifiers={(DOMAIN, plug.ieee)}, name="Old plug"
    )
    await dialogue.start()
    shown = await dialogue.choose("zha_network")
    assert (shown["type"], shown["reason"]) == ("abort", "devices_on_own_network")
    assert "Old plug" in shown["description_placeholders"]["devices"]
