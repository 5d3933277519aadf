"""Devices that leave ZHA's network and come back, and entries that move between ZHA and a coordinator."""

from typing import Any

from homeassistant.components.zha.helpers import get_zha_gateway
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import zigpy.types as t

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.identity import unique_id
from custom_components.aqara_zigbee.registry import registered_device
from custom_components.aqara_zigbee.runtime import is_guest
from custom_components.aqara_zigbee.simulator.devices import LockS2, Plug
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.node import Node
from tests.ha.conftest import DEVICE, entity_id, join, state, until
from tests.ha.dialogue import Dialogue
from tests.simulator.host import used_before
from tests.zha.test_doubles import disablers
from tests.zha.test_guest import app_of, join_both, join_zha

PEOPLE = {"users": {"2": "Anna", "7": "Li Wei"}, "availability": 600}
DECIMALS = {"power_precision": 1, "availability": 5}


async def remove_in_zha(hass: HomeAssistant, node: Node) -> None:
    """Remove a device in ZHA, and wait until it is out of the registry and of zigpy's devices."""
    (zha,) = hass.config_entries.async_entries("zha")
    address = t.EUI64.convert(node.ieee)
    await get_zha_gateway(hass).async_remove_device(address)
    registry, devices = dr.async_get(hass), app_of(hass).devices
    await until(
        lambda: (
            registry.async_get_device_by_identifier(("zha", node.ieee), zha.entry_id) is None
            and address not in devices
        ),
        30,
    )
    await hass.async_block_till_done()


async def pair_again(hass: HomeAssistant, home: Home, entry: MockConfigEntry, node: Node) -> Device:
    """Pair a device that was removed before."""
    gateway: Gateway = entry.runtime_data.gateway
    home.network.search(node)
    await app_of(hass).permit(60)
    await until(lambda: node.ieee in gateway and gateway[node.ieee].available, 60)
    await hass.async_block_till_done()
    return gateway[node.ieee]


@pytest.mark.parametrize(("kind", "options"), [(LockS2, PEOPLE), (Plug, DECIMALS)])
@pytest.mark.parametrize("is_running", [True, False])
async def test_options_are_restored_when_a_device_is_paired_again(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    guest_entry: MockConfigEntry,
    kind: type[Node],
    options: dict[str, Any],
    is_running: bool,
) -> None:
    """Whether our entry runs during the removal or not; its device is deleted in the meantime."""
    node = kind()
    device = await join_both(hass, home, gateway, node)
    await device.configure(options)
    entity = entity_id(hass, device, "linkquality")
    if is_running:
        await remove_in_zha(hass, node)
        await hass.config_entries.async_unload(guest_entry.entry_id)
    else:
        await hass.config_entries.async_unload(guest_entry.entry_id)
        await remove_in_zha(hass, node)
        assert registered_device(hass, guest_entry.entry_id, node.ieee) is not None
    await hass.config_entries.async_setup(guest_entry.entry_id)
    await hass.async_block_till_done()
    assert node.ieee not in guest_entry.runtime_data.gateway
    assert registered_device(hass, guest_entry.entry_id, node.ieee) is None
    again = await pair_again(hass, home, guest_entry, node)
    assert {name: again.options[name] for name in options} == options
    assert entity_id(hass, again, "linkquality") == entity


@pytest.mark.parametrize("is_removed", [True, False])
async def test_device_is_paired_with_a_coordinator_of_another_entry(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    guest_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    is_removed: bool,
) -> None:
    """Options and entity ids are kept; name, area and labels if ZHA still has the device."""
    lock = LockS2()
    device = await join_both(hass, home, gateway, lock)
    await device.configure(PEOPLE)
    devices, entities = dr.async_get(hass), er.async_get(hass)
    former = registered_device(hass, guest_entry.entry_id, lock.ieee)
    assert former is not None
    area = ar.async_get(hass).async_create("Hall")
    devices.async_update_device(former.id, name_by_user="Front door", area_id=area.id)
    entities.async_update_entity(entity_id(hass, device, "activity"), new_entity_id="event.mine")
    async with Home(seed=2, speed=20) as second:
        second.form()
        used_before(second)
        path = second.plug_in("second")
        own = MockConfigEntry(
            domain=DOMAIN, title="Own", data={"device": {"path": path}}, unique_id="second"
        )
        own.add_to_hass(hass)
        assert await hass.config_entries.async_setup(own.entry_id)
        if is_removed:
            await remove_in_zha(hass, lock)
        caplog.clear()
        home.remove(lock)
        moved = LockS2(ieee=lock.ieee)
        network: Gateway = own.runtime_data.gateway
        again = await join(second, network, moved)
        await until(lambda: again.options == PEOPLE)
        await hass.async_block_till_done()
        assert lock.ieee not in gateway
        assert registered_device(hass, guest_entry.entry_id, lock.ieee) is None
        found = registered_device(hass, own.entry_id, lock.ieee)
        assert found is not None
        kept = (None, None) if is_removed else ("Front door", area.id)
        assert (found.name_by_user, found.area_id) == kept
        assert "does not generate unique IDs" not in caplog.text
        moved.lock()
        await until(lambda: state(hass, again, "activity").attributes["event_type"] == "locked")
        assert entity_id(hass, again, "activity") == "event.mine"
        await hass.config_entries.async_reload(guest_entry.entry_id)
        await hass.async_block_till_done()
        assert lock.ieee not in guest_entry.runtime_data.gateway
        await hass.config_entries.async_unload(own.entry_id)
        await hass.async_block_till_done()


async def return_to_zha(hass: HomeAssistant, dialogue: Dialogue, entry: MockConfigEntry) -> None:
    """Let an entry with a coordinator of its own use ZHA's network instead."""
    await dialogue.start()
    shown = await dialogue.choose("zha_network")
    assert shown["step_id"] == "zha_return"
    shown = await dialogue.submit()
    assert (shown["type"], shown["reason"]) == ("abort", "returned_to_zha")
    await until(lambda: entry.state is ConfigEntryState.LOADED)
    await hass.async_block_till_done()
    assert is_guest(entry)


async def test_moving_to_a_coordinator_and_back(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    zha: MockConfigEntry,
    guest_entry: MockConfigEntry,
    dialogue: Dialogue,
) -> None:
    """The same entry goes on: entity ids, names, people and options stay."""
    plug, lock = Plug(), LockS2()
    await (await join_both(hass, home, gateway, plug)).configure(DECIMALS)
    await (await join_both(hass, home, gateway, lock)).configure(PEOPLE)
    registry = er.async_get(hass)
    registry.async_update_entity(
        entity_id(hass, gateway[plug.ieee], "state"), new_entity_id="switch.kettle"
    )
    registered = registered_device(hass, guest_entry.entry_id, plug.ieee)
    assert registered is not None
    dr.async_get(hass).async_update_device(registered.id, name_by_user="Kettle")
    hass.config_entries.async_update_entry(guest_entry, options={"disable_zha_entities": True})
    await until(lambda: disablers(hass, zha, plug)["1"] is er.RegistryEntryDisabler.INTEGRATION)

    def kept() -> dict[str, Any]:
        """Return the data that has to be the same everywhere."""
        network: Gateway = guest_entry.runtime_data.gateway
        device = registered_device(hass, guest_entry.entry_id, plug.ieee)
        assert device is not None
        return {
            "options": {ieee: network[ieee].options for ieee in (plug.ieee, lock.ieee)},
            "device": (device.id, device.name_by_user),
            "entities": {
                each.unique_id: (each.id, each.entity_id)
                for each in er.async_entries_for_config_entry(registry, guest_entry.entry_id)
                if each.unique_id.startswith((plug.ieee, lock.ieee)) and each.domain != "update"
            },
        }

    before = kept()
    assert ("switch.kettle", PEOPLE["users"]) == (
        before["entities"][f"{plug.ieee}-state"][1],
        before["options"][lock.ieee]["users"],
    )

    await dialogue.start()
    await dialogue.choose("zha")
    shown = await dialogue.submit()
    assert shown["step_id"] == "summary", dialogue.errors
    shown = await dialogue.submit()
    assert (shown["type"], shown["reason"]) == ("abort", "migrated_from_zha")
    await until(lambda: guest_entry.state is ConfigEntryState.LOADED and not is_guest(guest_entry))
    await until(lambda: guest_entry.runtime_data.own is not None)
    await hass.async_block_till_done()
    assert zha.disabled_by is ConfigEntryDisabler.USER
    assert guest_entry.options == {}
    assert disablers(hass, zha, plug)["1"] is er.RegistryEntryDisabler.CONFIG_ENTRY
    assert kept() == before
    target = {"entity_id": "switch.kettle"}
    await hass.services.async_call("switch", "turn_on", target, blocking=True)
    await until(lambda: hass.states.is_state("switch.kettle", "on"))

    await hass.config_entries.async_set_disabled_by(guest_entry.entry_id, ConfigEntryDisabler.USER)
    await hass.config_entries.async_set_disabled_by(zha.entry_id, None)
    await until(lambda: zha.state is ConfigEntryState.LOADED, 30)
    await return_to_zha(hass, dialogue, guest_entry)
    assert guest_entry.disabled_by is None
    assert kept() == before
    entities = er.async_entries_for_config_entry(registry, guest_entry.entry_id)
    assert not [each.entity_id for each in entities if each.domain == "update"]
    await hass.services.async_call("switch", "turn_off", target, blocking=True)
    await until(lambda: hass.states.is_state("switch.kettle", "off"))
    lock_device = guest_entry.runtime_data.gateway[lock.ieee]
    lock.lock()
    await until(lambda: state(hass, lock_device, "activity").attributes["event_type"] == "locked")


async def test_disabled_entry_moves_to_a_coordinator(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    guest_entry: MockConfigEntry,
    dialogue: Dialogue,
) -> None:
    """It is enabled then."""
    plug = Plug()
    await join_both(hass, home, gateway, plug)
    await hass.config_entries.async_set_disabled_by(guest_entry.entry_id, ConfigEntryDisabler.USER)
    await dialogue.start()
    await dialogue.choose("zha")
    await dialogue.submit()
    assert dialogue.shown["step_id"] == "summary", dialogue.errors
    shown = await dialogue.submit()
    assert (shown["type"], shown["reason"]) == ("abort", "migrated_from_zha")
    await until(lambda: guest_entry.state is ConfigEntryState.LOADED)
    await hass.async_block_till_done()
    assert not is_guest(guest_entry)
    assert plug.ieee in guest_entry.runtime_data.gateway


def waiting_entry(hass: HomeAssistant) -> MockConfigEntry:
    """The entry of the same network on its own coordinator, which ZHA uses now."""
    network = app_of(hass).state.network_info
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Ours",
        data={"device": DEVICE},
        unique_id=unique_id(str(network.extended_pan_id)),
    )
    entry.add_to_hass(hass)
    return entry


async def test_entry_that_waits_for_its_coordinator_returns_to_zha(
    hass: HomeAssistant, home: Home, zha: MockConfigEntry, dialogue: Dialogue
) -> None:
    await join_zha(hass, home, Plug())
    entry = waiting_entry(hass)
    await return_to_zha(hass, dialogue, entry)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_entry_that_is_removed_before_it_returns_to_zha(
    hass: HomeAssistant, home: Home, zha: MockConfigEntry, dialogue: Dialogue
) -> None:
    """The next dialog makes a new one."""
    await join_zha(hass, home, Plug())
    entry = waiting_entry(hass)
    await dialogue.start()
    shown = await dialogue.choose("zha_network")
    assert shown["step_id"] == "zha_return"
    await hass.config_entries.async_remove(entry.entry_id)
    shown = await dialogue.submit()
    assert (shown["type"], shown["reason"]) == ("abort", "already_configured")
    await dialogue.start()
    shown = await dialogue.choose("zha_network")
    assert shown["step_id"] == "zha_network"
    shown = await dialogue.submit()
    assert shown["type"] == "create_entry"
    await hass.async_block_till_done()
    (again,) = hass.config_entries.async_entries(DOMAIN)
    assert is_guest(again)
    await hass.config_entries.async_unload(again.entry_id)
