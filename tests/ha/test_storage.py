"""Acknowledged changes are on the disk, whatever happens to power, disk and files."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import closing
from datetime import timedelta
import errno
import json
from pathlib import Path
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import StorageError
from custom_components.aqara_zigbee.core.events import Update
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Knob, LockS2, Plug, Relay
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.storage.backup_list import BackupList, Reason
from custom_components.aqara_zigbee.storage.files import DurableStore, memory_path
from custom_components.aqara_zigbee.storage.store import Memory
from tests.ha.conftest import entity_id, join, until

OTHER = "00:15:8d:00:01:a1:b2:c5"
IEEE = "00:15:8d:00:01:a1:b2:c4"
WRITE = "custom_components.aqara_zigbee.storage.files.Database.write"
NO_SPACE = OSError(errno.ENOSPC, "No space left on device")

STORE_WRITE = Store._async_write_data
"""As Home Assistant has it; the harness replaces it while a test runs."""


@pytest.fixture
async def memory(hass: HomeAssistant) -> AsyncGenerator[Memory]:
    """The states of no entry in particular."""
    memory = Memory(hass, "one")
    yield memory
    await memory.close()


async def after_power_cut(hass: HomeAssistant, entry_id: str) -> dict[str, Any]:
    """Return the data that would be read after a power cut now."""
    return await hass.async_add_executor_job(_copy, memory_path(hass, entry_id))


def _copy(path: Path) -> dict[str, Any]:
    folder = path.parent / "cut"
    folder.mkdir(exist_ok=True)
    for file in path.parent.glob(f"{path.name}*"):
        if not file.name.endswith("-shm"):  # which is memory, and gone
            shutil.copy(file, folder)
    with closing(sqlite3.connect(folder / path.name)) as database:
        rows = dict(database.execute("SELECT name, content FROM row"))
    shutil.rmtree(folder)
    return {name: json.loads(content) for name, content in rows.items()}


def issue(hass: HomeAssistant, entry: MockConfigEntry, kind: str) -> ir.IssueEntry | None:
    """A repair issue of the entry."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{kind}_{entry.entry_id}")


async def select(hass: HomeAssistant, device: Device, option: str) -> None:
    """Set the knob's sensitivity as a user does."""
    entity = entity_id(hass, device, "sensitivity")
    data = {"entity_id": entity, "option": option}
    await hass.services.async_call("select", "select_option", data, blocking=True)


# Power cuts


async def test_wish_of_a_sleepy_device_is_on_the_disk(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    knob = Knob()
    device = await join(home, gateway, knob)
    home.faults.mute(knob)
    await select(hass, device, "high")
    stored = await after_power_cut(hass, entry.entry_id)
    assert stored[device.ieee]["pending"] == {"sensitivity": "high"}


async def test_option_is_on_the_disk(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    device = await join(home, gateway, Plug())
    await device.configure({"description": "behind the sofa"})
    stored = await after_power_cut(hass, entry.entry_id)
    assert stored[device.ieee]["options"]["description"] == "behind the sofa"


async def test_removed_device_is_on_the_disk(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    device = await join(home, gateway, Plug())
    await gateway.dismiss(device.ieee, force=True)
    stored = await after_power_cut(hass, entry.entry_id)
    assert stored["network"]["dismissed"] == [device.ieee]
    await until(lambda: device.ieee not in gateway)
    await hass.async_block_till_done()
    assert device.ieee not in await after_power_cut(hass, entry.entry_id)


async def test_reports_of_a_lock_are_on_the_disk(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Without the half minute that reports of mains devices wait for."""
    lock = LockS2()
    device = await join(home, gateway, lock)
    for event in (0x0C, 0x05, 0x0C):
        updates: list[Update] = []
        unsubscribe = device.subscribe(updates.append)
        lock.happen(event, 0x00)
        await until(lambda updates=updates: updates)  # type: ignore[misc]
        unsubscribe()
        async with asyncio.timeout(90):  # more frames may come meanwhile
            while reported(await after_power_cut(hass, entry.entry_id), device) != known(device):
                await asyncio.sleep(0.01)


def reported(stored: dict[str, Any], device: Device) -> dict[str, Any]:
    """Return a device's reported values in stored data."""
    state = stored[device.ieee]["state"]
    return {name: value for name, value in state.items() if name != "linkquality"}


def known(device: Device) -> dict[str, Any]:
    """Return a device's reported values."""
    return reported({device.ieee: device.as_dict()}, device)


async def test_readable_values_are_written_later(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """A plug that reports every second does not wear out the disk."""
    device = await join(home, gateway, Plug())
    await hass.async_block_till_done()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=31))
    await hass.async_block_till_done()
    written: list[set[str]] = []

    def write(database: Any, rows: dict[str, str | None]) -> None:
        written.append(set(rows))

    with patch(WRITE, autospec=True, side_effect=write):
        for watts in range(20):
            device.state["power"] = watts
            device._notify(Update({"power": watts}))
        await hass.async_block_till_done()
        assert written == []
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=62))
        await hass.async_block_till_done()
        assert written == [{device.ieee}]


_WRITER = """
import json, sys
from pathlib import Path
from custom_components.aqara_zigbee.storage.files import Database

database = Database(Path(sys.argv[1]))
for number in range(100_000):
    database.write({f"device {number % 7}": json.dumps({"number": number})})
    print(number, flush=True)
"""


async def test_killed_during_a_write(hass: HomeAssistant, tmp_path: Path) -> None:
    """Changes acknowledged before the process was killed are stored."""

    def run(round_: int) -> tuple[int, dict[str, Any]]:
        path = tmp_path / f"{round_}.db"
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            for _ in range(20 + 7 * round_):
                writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
            rest = writer.stdout.read().split("\n")
            acknowledged = [int(line) for line in rest[:-1]]
        return (acknowledged or [19 + 7 * round_])[-1], _copy(path)

    for round_ in range(3):
        last, stored = await hass.async_add_executor_job(run, round_)
        assert max(row["number"] for row in stored.values()) >= last
        assert len(stored) == 7


# A disk that is full


@pytest.mark.parametrize("error", [NO_SPACE, sqlite3.OperationalError("disk I/O error")])
async def test_unstorable_changes_are_refused(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry, error: Exception
) -> None:
    """A wish, an option and a dismissal: nothing is as if it had been accepted; then all is well."""
    knob = Knob()
    device = await join(home, gateway, knob)
    await device.configure({"description": "before"})
    home.faults.mute(knob)
    with patch(WRITE, side_effect=error):
        with pytest.raises(HomeAssistantError) as caught:
            await select(hass, device, "high")
        assert caught.value.translation_key == "not_stored"
        assert str(error) in str(caught.value.translation_placeholders)
        assert device.pending == {}
        with pytest.raises(StorageError):
            await device.configure({"description": "after"})
        assert device.options["description"] == "before"
        with pytest.raises(StorageError):
            await gateway.dismiss(device.ieee, force=True)
        assert device.ieee in gateway
        found = issue(hass, entry, "storage_failed")
        assert found is not None
        assert found.translation_placeholders == {"title": "Test", "reason": str(error)}
    await select(hass, device, "high")
    assert device.pending == {"sensitivity": "high"}
    assert issue(hass, entry, "storage_failed") is None
    stored = await after_power_cut(hass, entry.entry_id)
    assert stored[device.ieee]["pending"] == {"sensitivity": "high"}
    assert stored[device.ieee]["options"]["description"] == "before"
    assert stored["network"]["dismissed"] == []


@pytest.mark.parametrize("kind", [Plug, Relay])
async def test_device_with_an_unstorable_change(
    hass: HomeAssistant, home: Home, gateway: Gateway, kind: type[Plug | Relay]
) -> None:
    """The error states that the device was set, which it never reports; the switch shows it."""
    node = kind()
    device = await join(home, gateway, node)
    entity = entity_id(hass, device, "power_outage_memory")
    service = "turn_off" if node.memory else "turn_on"
    wanted = not node.memory
    with patch(WRITE, side_effect=NO_SPACE):
        with pytest.raises(HomeAssistantError) as caught:
            await hass.services.async_call("switch", service, {"entity_id": entity}, blocking=True)
        assert caught.value.translation_key == "obeyed_not_stored"
        assert node.received_frames
        assert device.state["power_outage_memory"] is wanted
        (error,) = (await device.set_all({"power_outage_memory": not wanted})).values()
        assert str(error).startswith("The device obeyed, but")
        (error,) = (await device.set_all({"power_calibration": 5})).values()
        assert str(error).startswith("Could not be saved")


async def test_options_flow_shows_storage_errors(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    device = await join(home, gateway, LockS2())
    flows = hass.config_entries.options
    result = await flows.async_init(entry.entry_id)
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "choose_device"})
    result = await flows.async_configure(result["flow_id"], {"device": device.ieee})

    def users(names: list[dict[str, Any]]) -> dict[str, Any]:
        return {"availability": 1500, "legacy": True, "users": names}

    answers = users([{"id": 3, "name": "Ann"}])
    with patch(WRITE, side_effect=NO_SPACE):
        result = await flows.async_configure(result["flow_id"], answers)
    assert result["errors"] == {"base": "not_stored"}
    assert device.options.get("users") is None
    result = await flows.async_configure(result["flow_id"], users([{"id": 3, "name": "x" * 1001}]))
    assert result["errors"] == {"base": "not_a_value"}
    result = await flows.async_configure(result["flow_id"], answers)
    assert result["type"] == "create_entry"
    assert device.options["users"] == {"3": "Ann"}


async def test_reports_are_written_when_there_is_room_again(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    lock = LockS2()
    device = await join(home, gateway, lock)
    await until(lambda: "battery" in device.state)  # its own first report is no part of this
    with patch(WRITE, side_effect=NO_SPACE):
        lock.happen(0x0C, 0x00)
        await until(lambda: issue(hass, entry, "storage_failed"))
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=31))
    await hass.async_block_till_done()
    assert issue(hass, entry, "storage_failed") is None
    stored = await after_power_cut(hass, entry.entry_id)
    assert reported(stored, device) == known(device)


async def test_database_that_really_is_full(hass: HomeAssistant, memory: Memory) -> None:
    """SQLite's own answer; what was there before still is."""
    rows: dict[str | None, dict[str, Any]] = {IEEE: {"state": {"text": "small"}}}
    memory.follow(rows.get)
    await memory.save(IEEE)
    connection = memory._database._open()
    connection.execute("PRAGMA max_page_count = 1")
    rows[OTHER] = {"state": {"text": "x" * 50_000}}
    with pytest.raises(StorageError, match="full"):
        await memory.save(OTHER)
    again = Memory(hass, "one")
    assert (await again.load())["devices"] == {IEEE: rows[IEEE]}
    await again.close()
    await memory.save(OTHER)  # on a connection without that limit
    assert set(await after_power_cut(hass, "one")) == {IEEE, OTHER}


async def test_backup_that_cannot_be_written(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry
) -> None:
    backups = entry.runtime_data.own.backups
    error = WriteError(NO_SPACE)
    with patch.object(Store, "_async_write_data", side_effect=error):
        with pytest.raises(StorageError, match="No space left"):
            await backups.make(Reason.ASKED)
        with pytest.raises(HomeAssistantError):
            await hass.services.async_call(
                DOMAIN,
                "create_backup",
                {"config_entry_id": entry.entry_id},
                blocking=True,
                return_response=True,
            )
    kept = await backups.make(Reason.ASKED)
    assert kept.id in [each.id for each in await BackupList(hass, entry.entry_id).all()]


# Rows


async def test_error_of_one_row_does_not_affect_others(hass: HomeAssistant, memory: Memory) -> None:
    rows: dict[str | None, dict[str, Any]] = {
        IEEE: {"state": object()},
        OTHER: {"state": {"power": 5}},
        None: {"dismissed": []},
    }
    memory.follow(rows.get)
    memory.save_soon(IEEE)
    await memory.save(OTHER)
    with pytest.raises(StorageError):
        await memory.save(IEEE)
    assert await after_power_cut(hass, "one") == {OTHER: rows[OTHER]}
    rows[IEEE] = {"state": {}}
    await memory.save()
    assert (await after_power_cut(hass, "one"))[IEEE] == {"state": {}}


async def test_only_what_changed_is_written(hass: HomeAssistant, memory: Memory) -> None:
    rows: dict[str | None, dict[str, Any]] = {IEEE: {"n": 1}, OTHER: {"n": 2}}
    memory.follow(rows.get)
    await memory.save(IEEE)
    await memory.save(OTHER)
    rows[IEEE] = {"n": 3}
    memory.save_soon(OTHER)
    with patch(WRITE) as write:
        await memory.save(IEEE)
    write.assert_called_once_with({IEEE: '{"n":3}'})
    del rows[OTHER]
    await memory.save(OTHER)
    assert OTHER not in await after_power_cut(hass, "one")


async def test_acknowledgements_share_a_write(hass: HomeAssistant, memory: Memory) -> None:
    """Those that come while one is written are written together, and each is on the disk."""
    numbers = [f"device {number}" for number in range(50)]
    memory.follow(lambda ieee: {"name": ieee})
    count = 0
    original = memory._database.write

    def write(rows: dict[str, str | None]) -> None:
        nonlocal count
        count += 1
        original(rows)

    with patch.object(memory._database, "write", write):
        await asyncio.gather(*(memory.save(number) for number in numbers))
    assert count <= 3
    assert set(await after_power_cut(hass, "one")) == set(numbers)


# Files of older versions, and damaged ones

OLD: dict[str, Any] = {
    "devices": {
        IEEE: {"state": {"state": True}, "options": {"description": "in the hall"}},
        OTHER: {"pending": {"sensitivity": "high"}},
    },
    "dismissed": ["00:15:8d:00:01:a1:b2:c6"],
}


@pytest.fixture
def old_file(hass: HomeAssistant, hass_storage: dict[str, Any]) -> dict[str, Any]:
    """The JSON file of version 1."""
    hass_storage[f"{DOMAIN}.one"] = {"version": 1, "key": f"{DOMAIN}.one", "data": OLD}
    return hass_storage


async def test_old_file_is_migrated_once(
    hass: HomeAssistant, old_file: dict[str, Any], memory: Memory
) -> None:
    assert await memory.load() == OLD
    assert f"{DOMAIN}.one" not in old_file
    memory.follow(lambda ieee: {"n": 1})
    await memory.save(IEEE)
    again = Memory(hass, "one")
    assert (await again.load())["devices"] == {IEEE: {"n": 1}, OTHER: OLD["devices"][OTHER]}
    await again.close()


async def test_interrupted_migration(
    hass: HomeAssistant, old_file: dict[str, Any], memory: Memory
) -> None:
    """Before the copy is whole the old file counts, afterwards the copy, and nothing twice."""
    with patch(WRITE, side_effect=NO_SPACE), pytest.raises(StorageError):
        await memory.load()
    assert f"{DOMAIN}.one" in old_file
    with (
        patch.object(Store, "async_remove", side_effect=asyncio.CancelledError),
        pytest.raises(asyncio.CancelledError),
    ):
        await memory.load()
    assert f"{DOMAIN}.one" in old_file
    memory.follow(lambda ieee: {"newer": True})
    await memory.save(IEEE)
    again = Memory(hass, "one")
    assert (await again.load())["devices"][IEEE] == {"newer": True}
    assert f"{DOMAIN}.one" not in old_file
    await again.close()


async def test_migration_interrupted_within_its_transaction(
    hass: HomeAssistant, old_file: dict[str, Any], memory: Memory
) -> None:
    """An existing database without its tables counts as missing."""
    path = memory_path(hass, "one")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
    assert await memory.load() == OLD


async def test_entry_starts_with_the_readable_part_of_damaged_states(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """The entry starts with the readable data, and there is an issue."""
    device = await join(home, gateway, Plug())
    await device.configure({"description": "kept"})
    await hass.config_entries.async_unload(entry.entry_id)
    path = memory_path(hass, entry.entry_id)
    content = await hass.async_add_executor_job(path.read_bytes)
    await hass.async_add_executor_job(path.write_bytes, content[: len(content) // 2])
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert issue(hass, entry, "storage_damaged") is not None
    assert path.with_name(f"{path.name}.damaged").exists()
    again = entry.runtime_data.gateway[device.ieee]
    await again.configure({"description": "new"})
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.runtime_data.gateway[device.ieee].options["description"] == "new"


@pytest.mark.parametrize("length", [40, 400])
@pytest.mark.parametrize("part", [0.25, 0.5, 0.75])
async def test_rows_beside_a_damaged_page_are_salvaged(
    hass: HomeAssistant, memory: Memory, length: int, part: float
) -> None:
    """Wherever it is: short rows share a page, long ones have several."""
    names = [f"device {number:03}" for number in range(100)]
    content = {name: {"text": f"{name} " * length} for name in names}
    await memory.write({"devices": content})
    await memory.close()
    path = memory_path(hass, "one")
    data = bytearray(await hass.async_add_executor_job(path.read_bytes))
    page = int(len(data) // 4096 * part) * 4096
    data[page : page + 4096] = b"\xff" * 4096
    await hass.async_add_executor_job(path.write_bytes, data)
    again = Memory(hass, "one")
    found = (await again.load())["devices"]
    assert again.was_damaged
    assert 80 < len(found) < 100
    assert found == {name: content[name] for name in found}
    await again.close()


async def test_row_with_invalid_json(hass: HomeAssistant, memory: Memory) -> None:
    await memory.write({"devices": {IEEE: {"n": 1}, OTHER: {"n": 2}}})
    memory._database._open().execute("UPDATE row SET content = '{' WHERE name = ?", (IEEE,))
    assert (await memory.load())["devices"] == {IEEE: None, OTHER: {"n": 2}}


async def test_disk_without_permission(
    hass: HomeAssistant, home: Home, entry: MockConfigEntry
) -> None:
    """Not final: it is tried again."""
    with patch("custom_components.aqara_zigbee.storage.files.make_private", side_effect=NO_SPACE):
        memory_path(hass, entry.entry_id).touch()
        await hass.config_entries.async_setup(entry.entry_id)
    state: object = entry.state
    assert state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "storage_unusable"
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)


# Who may read


def modes(folder: Path) -> dict[str, int]:
    """The permissions of our files."""
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.glob(f"{DOMAIN}*")}


async def test_files_are_private(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Also those beside the databases, and those that were readable before."""
    await join(home, gateway, LockS2())
    await hass.async_block_till_done()
    folder = Path(hass.config.path(".storage"))
    found = modes(folder)
    assert f"{DOMAIN}.{entry.entry_id}.db-wal" in found
    assert f"{DOMAIN}.{entry.entry_id}.states.db" in found
    assert set(found.values()) == {0o600}, found
    await hass.config_entries.async_unload(entry.entry_id)
    for name in modes(folder):
        (folder / name).chmod(0o644)
    await hass.config_entries.async_setup(entry.entry_id)
    found = modes(folder)
    assert set(found.values()) == {0o600}, found


async def test_json_files_are_private(hass: HomeAssistant, tmp_path: Path) -> None:
    store = DurableStore(hass, 1, f"{DOMAIN}.some")
    await STORE_WRITE(store, {"data": {}})
    assert modes(Path(store.path).parent) == {f"{DOMAIN}.some": 0o600}
