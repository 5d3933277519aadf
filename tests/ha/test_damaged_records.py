"""Files of ours that are damaged or of a newer version: one record costs that record, and never a start."""

from contextlib import closing
from datetime import timedelta
import json
from pathlib import Path
import sqlite3
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers.storage import Store, get_internal_store_manager
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN, VIRTUAL_PORT
from custom_components.aqara_zigbee.core.errors import StorageError
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.registry import name_of, registered_device
from custom_components.aqara_zigbee.simulator.devices import Knob, Plug
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.storage import unwritten
from custom_components.aqara_zigbee.storage.backup_list import BackupList, Reason, StoredBackup
from custom_components.aqara_zigbee.storage.files import DurableStore, memory_path
from custom_components.aqara_zigbee.storage.network import KnownNetwork
from custom_components.aqara_zigbee.storage.staged_files import StagedFiles, settle
from custom_components.aqara_zigbee.storage.store import Memory
from tests.ha.conftest import join, until
from tests.ha.test_staged_files import IEEE, expect

REAL_LOAD = Store._async_load
"""As Home Assistant has it; the harness replaces it while a test runs."""

DAMAGED: list[Any] = [
    {"version": 1, "data": {"half": 1}},
    {"version": 1, "data": ["a", "list"]},
    {"version": 1, "data": "text"},
    {"version": 7, "data": {"something": "else"}},
    {"version": 1},
]
"""Files of any kind."""


async def restart(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set the entry up; it must come up."""
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("kind", ["network", "scan", "backups"])
@pytest.mark.parametrize("content", DAMAGED)
async def test_entry_starts_whatever_a_file_holds(
    hass: HomeAssistant,
    home: Home,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
    kind: str,
    content: dict[str, Any],
) -> None:
    """And what is written next can be read again."""
    hass_storage[f"{DOMAIN}.{entry.entry_id}.{kind}"] = dict(content)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    kept = await entry.runtime_data.own.backups.make(Reason.ASKED)
    await restart(hass, entry)
    assert [each.id for each in await BackupList(hass, entry.entry_id).all()] == [kept.id]
    known = KnownNetwork(hass, entry)
    await known.load()
    assert known.identity is not None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_network_of_a_newer_version_is_known_again(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    key = f"{DOMAIN}.{entry.entry_id}.network"
    before = KnownNetwork(hass, entry)
    await before.load()
    hass_storage[key]["version"] = 2
    hass_storage[key]["data"]["security_level"] = 5
    again = KnownNetwork(hass, entry)
    await again.load()
    assert again.identity == before.identity is not None
    assert "cannot be used" not in caplog.text
    del hass_storage[key]["data"]["pan_id"]
    again = KnownNetwork(hass, entry)
    await again.load()
    assert again.identity is None
    assert "its pan_id is missing or damaged" in caplog.text


def backup(number: int, **changes: Any) -> dict[str, Any]:
    """A backup as it is stored."""
    taken = dt_util.utcnow() + timedelta(minutes=number)
    made = StoredBackup(
        f"id {number}", Reason.ASKED, taken, 15, "00:12:4b:00:aa:bb:cc:dd", 3, {"network_info": {}}
    )
    return {**made.as_dict(), **changes}


async def test_one_backup_costs_no_other(
    hass: HomeAssistant, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Those that this version cannot read stay in the file for one that can."""
    strange = [
        backup(4, reason="before_the_move"),
        backup(5, taken="yesterday"),
        backup(6, taken="2026-11-26T12:00:00"),
        backup(7, content=None),
        "nothing",
    ]
    newer = backup(3, comment="of a newer version")
    stored = [strange[0], backup(1), *strange[1:3], newer, *strange[3:]]
    key = f"{DOMAIN}.one.backups"
    hass_storage[key] = {"version": 1, "data": {"backups": stored}}
    archive = BackupList(hass, "one")
    assert [each.id for each in await archive.all()] == ["id 3", "id 1"]
    assert caplog.text.count("A backup in") == len(strange)
    await archive.add(StoredBackup.from_dict(backup(8)))
    assert [each.id for each in await archive.all()] == ["id 8", "id 3", "id 1"]
    assert hass_storage[key]["data"]["backups"][-len(strange) :] == strange


async def test_backups_that_cannot_be_read_are_not_overwritten(
    hass: HomeAssistant, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """As on a disk that fails for a moment."""
    key = f"{DOMAIN}.one.backups"
    hass_storage[key] = {"version": 1, "data": {"backups": [backup(1)]}}
    archive = BackupList(hass, "one")
    with patch.object(Store, "async_load", side_effect=OSError(5, "Input/output error")):
        assert await archive.all() == []
        with pytest.raises(StorageError, match="Input/output"):
            await archive.add(StoredBackup.from_dict(backup(2)))
    assert "Input/output error" in caplog.text
    assert [each.id for each in await archive.all()] == ["id 1"]


@pytest.mark.parametrize(
    "content", [b"[]", b'{"data": {"a": 1}}', b'{"version": 1, "data": 5}', b'{"version": "a"}']
)
async def test_damaged_file_is_laid_aside(
    hass: HomeAssistant, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store = DurableStore(hass, 1, f"{DOMAIN}.some")
    path = Path(store.path)
    await hass.async_add_executor_job(path.write_bytes, content)
    get_internal_store_manager(hass).async_invalidate(store.key)
    with patch.object(Store, "_async_load", REAL_LOAD):
        assert await store.load() == {}
    assert "is damaged" in caplog.text
    aside = path.with_name(f"{path.name}.damaged")
    assert await hass.async_add_executor_job(aside.read_bytes) == content
    assert not await hass.async_add_executor_job(path.exists)


async def test_scan_of_a_newer_version_is_shown_again(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    await join(home, gateway, Plug())
    await gateway.scanner.scan(dt_util.utcnow)
    await hass.async_block_till_done(wait_background_tasks=True)
    before = gateway.scanner.last
    assert before is not None
    data = hass_storage[f"{DOMAIN}.{entry.entry_id}.scan"]["data"]
    data["seconds"] = 12
    for rows in (data["members"], *data["tables"].values()):
        for row in rows:
            row.append("new")
    await restart(hass, entry)
    assert entry.runtime_data.gateway.scanner.last == before


# What moves in


async def test_place_that_is_damaged_costs_that_place(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    area = ar.async_get(hass).async_create("Kitchen")
    other = IEEE.replace("c4", "c5")
    files = StagedFiles.of_flow(hass, "flow")
    await files.lay_out({}, {})
    whole = {"name": "Kettle", "area": area.id, "labels": [], "floor": "first"}
    hass_storage[f"{DOMAIN}.arrival-flow.places"]["data"] = {
        other: {**whole, "labels": [5]},
        IEEE: whole,
    }
    expect(hass, entry)
    await settle(hass, entry)
    device = registered_device(hass, entry.entry_id, IEEE)
    assert device is not None
    assert (device.name_by_user, device.area_id) == ("Kettle", "kitchen")
    assert registered_device(hass, entry.entry_id, other) is None
    assert f"The name and area of {other} cannot be used" in caplog.text


# States


async def test_states_of_a_newer_version_are_read(hass: HomeAssistant) -> None:
    """As far as they are understood; a column or a table more is none of our business."""
    memory = Memory(hass, "one")
    await memory.write({"devices": {IEEE: {"state": {"power": 5}}}, "dismissed": []})
    connection = memory._database._open()
    connection.execute("ALTER TABLE row ADD COLUMN changed INTEGER DEFAULT 0")
    connection.execute("CREATE TABLE history (name TEXT)")
    connection.execute("PRAGMA user_version = 2")
    await memory.close()
    again = Memory(hass, "one")
    assert (await again.load())["devices"] == {IEEE: {"state": {"power": 5}}}
    assert not again.was_damaged
    await again.close()


async def test_states_of_another_layout_are_laid_aside(hass: HomeAssistant) -> None:
    path = memory_path(hass, "one")
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE device (ieee TEXT, state BLOB)")
        database.execute("PRAGMA user_version = 2")
    memory = Memory(hass, "one")
    assert await memory.load() == {}
    assert memory.was_damaged
    assert path.with_name(f"{path.name}.damaged").exists()
    await memory.close()


@pytest.mark.parametrize("network", [[], "text", 5, None])
async def test_network_row_that_is_damaged_costs_that_row(
    hass: HomeAssistant, network: object
) -> None:
    memory = Memory(hass, "one")
    await memory.write({"devices": {IEEE: {"state": {"power": 5}}}, "dismissed": []})
    memory._database.write({"network": json.dumps(network)})
    assert await memory.load() == {"devices": {IEEE: {"state": {"power": 5}}}}
    await memory.close()


@pytest.mark.parametrize("names", [["Kettle"], "Kettle", {"x": 5}])
async def test_names_that_are_damaged_keep_no_other_from_being_given(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry, names: object
) -> None:
    device = await join(home, gateway, Plug())
    await gateway.note("names", names)
    registered = registered_device(hass, entry.entry_id, device.ieee)
    assert registered is not None
    await unwritten.rename(hass, gateway, registered, "Kettle")
    await hass.async_block_till_done()
    assert gateway.notes["names"] == {device.ieee: "Kettle"}
    assert name_of(hass, entry.entry_id, device.ieee) == "Kettle"


# The virtual coordinator


def virtual_entry(hass: HomeAssistant) -> MockConfigEntry:
    """An entry for it."""
    data = {"device": {"path": VIRTUAL_PORT, "baudrate": 115200, "flow_control": None}}
    entry = MockConfigEntry(domain=DOMAIN, data=data, unique_id=VIRTUAL_PORT)
    entry.add_to_hass(hass)
    return entry


def saved_home() -> dict[str, Any]:
    """A home with a plug and a knob behind it."""
    home = Home(seed=3)
    home.form()
    plug = home.add(Plug(), joined=True)
    home.add(Knob(), joined=True, parent=plug)
    saved: dict[str, Any] = json.loads(json.dumps(home.snapshot()))
    return saved


@pytest.mark.parametrize(
    "damage",
    [
        {"model": "lumi.of.tomorrow"},
        {"state": None},
        {"network": ["no", "number"]},
        {"ieee": "5"},
        {"ieee": 5},
    ],
)
async def test_virtual_device_that_is_damaged_is_left_out(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    damage: dict[str, Any],
) -> None:
    entry = virtual_entry(hass)
    saved = saved_home()
    plug, knob = saved["devices"]
    plug |= damage
    key = f"{DOMAIN}.{entry.entry_id}.virtual"
    hass_storage[key] = {"version": 1, "data": saved}
    assert await hass.config_entries.async_setup(entry.entry_id)
    simulation = entry.runtime_data.own.simulation
    assert [node.ieee for node in simulation.home.devices] == [knob["ieee"]]
    assert simulation.home.device(knob["ieee"]).parent is None
    assert "A virtual device cannot be restored" in caplog.text
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    "damage", [{"version": 2}, {"nvram": []}, {"time": "noon"}, {"seed": None}]
)
async def test_virtual_home_that_is_damaged_is_a_new_one(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    damage: dict[str, Any],
) -> None:
    entry = virtual_entry(hass)
    data = {**saved_home(), **damage}
    if data["seed"] is None:
        del data["seed"]
    hass_storage[f"{DOMAIN}.{entry.entry_id}.virtual"] = {"version": 1, "data": data}
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert "The virtual home cannot be restored" in caplog.text
    await until(lambda: len(entry.runtime_data.gateway) == 5)
    await hass.config_entries.async_unload(entry.entry_id)
