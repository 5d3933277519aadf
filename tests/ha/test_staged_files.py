"""Staged files of a migration, used at the entry's first start, however often."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, label_registry as lr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.core.errors import StorageError
from custom_components.aqara_zigbee.registry import registered_device
from custom_components.aqara_zigbee.storage.files import CONF_ARRIVAL, Database, database_path
from custom_components.aqara_zigbee.storage.staged_files import (
    RegistryDetails,
    StagedFiles,
    settle,
)
from custom_components.aqara_zigbee.storage.store import Memory

IEEE = "00:15:8d:00:01:a1:b2:c4"
STATES = {IEEE: {"state": {"power": 800}}}
NO_SPACE = OSError(28, "No space left on device")


async def laid_out(hass: HomeAssistant, entry: MockConfigEntry) -> StagedFiles:
    """A network of one device."""
    area = ar.async_get(hass).async_create("Kitchen")
    label = lr.async_get(hass).async_create("Heat")
    files = StagedFiles.of_flow(hass, "flow")
    details = RegistryDetails("Kettle", area.id, (label.label_id,))
    await files.lay_out(STATES, {IEEE: details})
    await hass.async_add_executor_job(files.database.write_text, "zigpy's")
    expect(hass, entry)
    assert files.is_expected
    return files


def expect(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    data = {**entry.data, CONF_ARRIVAL: "arrival-flow"}
    hass.config_entries.async_update_entry(entry, data=data)


async def stored(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    memory = Memory(hass, entry.entry_id)
    try:
        return await memory.load()
    finally:
        await memory.close()


def left(hass: HomeAssistant) -> list[str]:
    folder = Path(hass.config.path(".storage"))
    return [file.name for file in folder.iterdir() if "arrival" in file.name]


async def assert_taken_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert (await stored(hass, entry))["devices"] == STATES
    database = database_path(hass, entry.entry_id)
    assert await hass.async_add_executor_job(database.read_text) == "zigpy's"
    device = registered_device(hass, entry.entry_id, IEEE)
    assert device is not None
    assert (device.name_by_user, device.area_id, device.labels) == ("Kettle", "kitchen", {"heat"})
    assert CONF_ARRIVAL not in entry.data
    assert await hass.async_add_executor_job(left, hass) == []


async def test_everything_is_migrated(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await laid_out(hass, entry)
    await settle(hass, entry)
    await assert_taken_up(hass, entry)
    await settle(hass, entry)
    await assert_taken_up(hass, entry)


async def test_disk_that_is_full_at_the_first_start(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Nothing is lost, and no file is left open; the next start takes it up."""
    await laid_out(hass, entry)
    made: list[Database] = []
    make = Database.__init__

    def note(database: Database, path: Path) -> None:
        made.append(database)
        make(database, path)

    with (
        patch.object(Database, "__init__", note),
        patch.object(Database, "write", side_effect=NO_SPACE),
        pytest.raises(StorageError, match="No space left"),
    ):
        await settle(hass, entry)
    assert [database._connection for database in made] == [None, None]
    assert CONF_ARRIVAL in entry.data
    await settle(hass, entry)
    await assert_taken_up(hass, entry)


async def test_killed_after_the_migration(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Home Assistant had not written yet that nothing waits any more. What came since is kept."""
    await laid_out(hass, entry)
    await settle(hass, entry)
    since = {"devices": {IEEE: {"state": {"power": 0}}}, "dismissed": []}
    memory = Memory(hass, entry.entry_id)
    await memory.write(since)
    await memory.close()
    expect(hass, entry)
    await settle(hass, entry)
    assert await stored(hass, entry) == since
    assert CONF_ARRIVAL not in entry.data
    database = database_path(hass, entry.entry_id)
    assert await hass.async_add_executor_job(database.read_text) == "zigpy's"


async def test_files_that_cannot_be_staged(hass: HomeAssistant) -> None:
    """The dialog shows the error, and its files can be deleted."""
    files = StagedFiles.of_flow(hass, "flow")
    with (
        patch.object(Database, "write", side_effect=NO_SPACE),
        pytest.raises(OSError, match="No space left"),
    ):
        await files.lay_out(STATES, {})
    assert files._memory._database._connection is None
    await files.discard()
    assert await hass.async_add_executor_job(left, hass) == []
