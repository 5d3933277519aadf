"""Coming up, going down, and what is left behind: nothing."""

import asyncio
from contextlib import closing
from pathlib import Path
import sqlite3
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN, VIRTUAL_PORT
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Knob, LockS2, Plug, Relay
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.port import Port
from custom_components.aqara_zigbee.simulator.stranger import EzspAdapter
from tests.ha.conftest import asleep, entity_id, join, plug_in_usb, state, until


def files(hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]) -> list[str]:
    """Return the files of an entry: databases on disk, stores of the test harness."""
    folder = Path(hass.config.path(".storage"))
    names = {path.name for path in folder.iterdir()} | set(hass_storage)
    return sorted(name for name in names if entry.entry_id in name)


async def test_port_is_released_and_can_be_used_again(
    hass: HomeAssistant, home: Home, entry: MockConfigEntry
) -> None:
    for _ in range(3):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        assert home.port.line is not None
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
        assert home.port.line is None


async def test_missing_coordinator_is_retried(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config_entries.async_setup(entry.entry_id)
    retry: object = entry.state
    assert retry is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "port_not_found"
    home = Home(seed=1, speed=20)
    home.form()
    home.plug_in("test")
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)
    await home.close()


async def test_start_without_the_coordinator(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Entities exist, are unavailable, and are available as soon as a coordinator is plugged in."""
    plug = Plug()
    device = await join(home, gateway, plug)
    await until(lambda: state(hass, device, "state").state == STATE_OFF)
    await hass.config_entries.async_unload(entry.entry_id)
    home.unplug()
    await hass.config_entries.async_setup(entry.entry_id)
    retry: object = entry.state
    assert retry is ConfigEntryState.SETUP_RETRY
    assert state(hass, device, "state").state == STATE_UNAVAILABLE
    plug.on[0] = True  # its button was pressed in the meantime
    home.plug_in("test")
    await plug_in_usb(hass)
    await until(lambda: entry.state is ConfigEntryState.LOADED)
    await until(lambda: state(hass, device, "state").state == STATE_ON)


async def test_blank_coordinator_is_retried(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    home = Home(seed=1, speed=20)
    home.plug_in("test")
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "not_formed"
    assert home.port.line is None
    await home.close()


async def test_other_coordinator_is_retried(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    port = Port(EzspAdapter())
    port.plug_in("test")
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "not_zstack"
    assert port.line is None
    await port.close()
    home = Home(seed=1, speed=20)
    home.form()
    home.plug_in("test")
    await plug_in_usb(hass)
    await until(lambda: entry.state is ConfigEntryState.LOADED)
    await hass.config_entries.async_unload(entry.entry_id)
    await home.close()


async def test_broken_database_is_reported(
    hass: HomeAssistant, home: Home, entry: MockConfigEntry
) -> None:
    path = Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}.db"))
    await hass.async_add_executor_job(path.write_text, "this is no database " * 100)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.error_reason_translation_key == "database_unusable"
    assert home.port.line is None


async def test_removal_deletes_our_files_and_leaves_the_network(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
) -> None:
    await join(home, gateway, Plug())
    await hass.config_entries.async_unload(entry.entry_id)
    assert f"{DOMAIN}.{entry.entry_id}.states.db" in files(hass, entry, hass_storage)
    assert f"{DOMAIN}.{entry.entry_id}.db" in files(hass, entry, hass_storage)
    before = home.records.network
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert files(hass, entry, hass_storage) == []
    assert home.records.network == before
    entry.add_to_hass(hass)  # for the fixture that takes it down


async def test_home_assistant_stops(
    hass: HomeAssistant, hass_storage: dict[str, Any], home: Home, entry: MockConfigEntry
) -> None:
    await hass.config_entries.async_setup(entry.entry_id)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    await until(lambda: home.port.line is None)
    assert f"{DOMAIN}.{entry.entry_id}.db" in files(hass, entry, hass_storage)


async def reload(hass: HomeAssistant, entry: MockConfigEntry, home: Home) -> Gateway:
    """Reload the entry with a radio that gets no responses."""
    await hass.config_entries.async_unload(entry.entry_id)
    for node in home.devices:
        home.faults.mute(node)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    gateway: Gateway = entry.runtime_data.gateway
    return gateway


async def test_states_are_restored_before_the_first_frame(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """States, availability, settings and waiting writes survive; what happened does not again."""
    plug, knob, lock = Plug(), Knob(), LockS2()
    devices = [await join(home, gateway, node) for node in (plug, knob, lock)]
    plug.set_load(800)
    plug.press()
    lock.finger(3)
    knob.press()
    await until(lambda: state(hass, devices[0], "power").state == "800")
    await until(lambda: state(hass, devices[1], "button").attributes.get("event_type"))
    await until(lambda: state(hass, devices[2], "state").state == STATE_ON)
    await hass.services.async_call(
        "switch",
        "turn_on",
        {"entity_id": entity_id(hass, devices[0], "power_outage_memory")},
        blocking=True,
    )
    await asleep(knob)
    home.faults.mute(knob)
    await hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": entity_id(hass, devices[1], "sensitivity"), "option": "high"},
        blocking=True,
    )
    pressed = state(hass, devices[1], "button").state
    opened = state(hass, devices[2], "activity").state
    gateway = await reload(hass, entry, home)
    revived = [gateway[device.ieee] for device in devices]
    assert all(device.available for device in revived)
    assert state(hass, revived[0], "state").state == STATE_ON
    assert state(hass, revived[0], "power").state == "800"
    assert state(hass, revived[0], "power_outage_memory").state == STATE_ON
    assert revived[1].pending == {"sensitivity": "high"}
    assert state(hass, revived[1], "sensitivity").attributes["pending"] == "high"
    assert state(hass, revived[2], "state").state == STATE_ON
    assert state(hass, revived[2], "last_opened_by").state == "#3"
    assert state(hass, revived[1], "button").state == pressed
    assert state(hass, revived[2], "activity").state == opened


async def test_device_without_an_answer(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    """A translated error within its time, and a state that stays what it was."""
    plug = Plug()
    device = await join(home, gateway, plug)
    await until(lambda: state(hass, device, "state").state == STATE_OFF)
    home.faults.mute(plug)
    async with asyncio.timeout(60):
        with pytest.raises(HomeAssistantError) as error:
            await hass.services.async_call(
                "switch", "turn_on", {"entity_id": entity_id(hass, device, "state")}, blocking=True
            )
    assert error.value.translation_key == "not_delivered"
    assert state(hass, device, "state").state == STATE_OFF


@pytest.mark.parametrize("status", [0xE1, 0x11, 0xE9])
async def test_radio_with_send_failures(
    hass: HomeAssistant, home: Home, gateway: Gateway, status: int
) -> None:
    plug = Plug()
    device = await join(home, gateway, plug)
    await until(lambda: state(hass, device, "state").state == STATE_OFF)
    home.faults.confirm(status)
    with pytest.raises(HomeAssistantError) as error:
        await hass.services.async_call(
            "switch", "turn_on", {"entity_id": entity_id(hass, device, "state")}, blocking=True
        )
    assert error.value.translation_key in ("not_delivered", "refused")
    assert state(hass, device, "state").state == STATE_OFF


async def test_device_that_rejects_a_write(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    """A write with an error status is an error, not a state."""
    relay = Relay()
    device = await join(home, gateway, relay)
    relay.attributes.clear()
    with pytest.raises(HomeAssistantError) as error:
        await hass.services.async_call(
            "switch", "turn_on", {"entity_id": entity_id(hass, device, "interlock")}, blocking=True
        )
    assert error.value.translation_key == "refused"


async def test_update_entity_reads(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    await async_setup_component(hass, "homeassistant", {})
    relay = Relay()
    device = await join(home, gateway, relay)
    relay.received_frames.clear()
    await hass.services.async_call(
        "homeassistant",
        "update_entity",
        {"entity_id": [entity_id(hass, device, "state_l2"), entity_id(hass, device, "energy")]},
        blocking=True,
    )
    assert {(received.endpoint, received.cluster) for received in relay.received_frames} == {(2, 6)}
    home.faults.mute(relay)
    device.state.clear()


async def test_relayed_frame_belongs_to_its_origin(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    """A router that carries a lock's heartbeat must not show it as its own (protocol 0.6)."""
    plug, lock = Plug(), LockS2()
    plugged = await join(home, gateway, plug)
    locked = await join(home, gateway, lock)
    lock.echoed_by = plug
    before = dict(plugged.state)
    lock.heartbeat()
    await until(lambda: "battery" in locked.state)
    await asyncio.sleep(0.2)
    assert {**plugged.state, "linkquality": 0} == {**before, "linkquality": 0}


async def test_reports_of_undeclared_endpoints(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    """The knob turns on endpoints and clusters that it never declared."""
    knob = Knob()
    device = await join(home, gateway, knob)
    assert set(device.node.endpoints) == {1}
    knob.turn(60)
    await until(lambda: state(hass, device, "rotation").attributes.get("event_type"))


async def test_silent_devices_become_unavailable_and_available_again(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    plug = Plug()
    device = await join(home, gateway, plug)
    home.faults.mute(plug)
    assert device.last_seen is not None
    assert device.silence is not None
    await gateway.check_availability(device.last_seen + 2 * device.silence)
    await hass.async_block_till_done()
    assert state(hass, device, "state").state == STATE_UNAVAILABLE
    home.faults.mute(plug, mute=False)
    plug.press()
    await until(lambda: state(hass, device, "state").state == STATE_ON)


async def test_virtual_entry_survives_a_restart(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """The simulated home of the flow's second choice joins by itself and survives a restart."""
    data: dict[str, Any] = {
        "device": {"path": VIRTUAL_PORT, "baudrate": 115200, "flow_control": None}
    }
    entry = MockConfigEntry(domain=DOMAIN, data=data, unique_id=VIRTUAL_PORT)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: sum(d.definition is not None for d in _devices(entry)) == 5)
    await hass.config_entries.async_reload(entry.entry_id)
    assert sum(device.definition is not None for device in _devices(entry)) == 5
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert files(hass, entry, hass_storage) == []


def _devices(entry: MockConfigEntry) -> list[Any]:
    return list(entry.runtime_data.gateway.values())


async def test_database_holds_no_values(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """The file of zigpy has the devices; states are stored here, without writes to that file."""
    plug = Plug()
    device = await join(home, gateway, plug)
    for _ in range(20):
        plug.press()
    await until(lambda: len(device.frames) >= 20)
    await hass.config_entries.async_unload(entry.entry_id)
    path = hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}.db")

    def values() -> int:
        with closing(sqlite3.connect(path)) as database, database:
            (table,) = database.execute(
                "SELECT name FROM sqlite_master WHERE name LIKE 'attributes_cache_v%'"
                " ORDER BY name DESC LIMIT 1"
            ).fetchone()
            query = f"SELECT count(*) FROM {table} WHERE cluster_id = 6"
            return int(database.execute(query).fetchone()[0])

    assert await hass.async_add_executor_job(values) == 0


async def test_database_of_a_newer_zigpy_is_reported(
    hass: HomeAssistant, home: Home, entry: MockConfigEntry
) -> None:
    path = Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}.db"))

    def write() -> None:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("PRAGMA user_version = 99")

    await hass.async_add_executor_job(write)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "database_newer"
    assert home.port.line is None
