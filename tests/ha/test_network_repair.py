"""The repair for a coordinator with another network, where it cannot go the straight way.

What the coordinator does is written down here; `test_repairs` has the whole way with a simulated one.
"""

from collections.abc import Iterator
import re
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.errors import StorageError
from custom_components.aqara_zigbee.flows import network_repair
from custom_components.aqara_zigbee.flows.network_repair import NetworkRepair
from custom_components.aqara_zigbee.flows.network_text import describe
from custom_components.aqara_zigbee.radio.backup import Backup, BackupError, BackupProblem
from custom_components.aqara_zigbee.radio.network import RadioError, RadioProblem
from custom_components.aqara_zigbee.radio.restore import WriteError
from custom_components.aqara_zigbee.storage.backup_list import (
    OVERWRITTEN,
    BackupList,
    Reason,
    StoredBackup,
)
from custom_components.aqara_zigbee.storage.files import DurableStore
from custom_components.aqara_zigbee.storage.network import KnownNetwork
from custom_components.aqara_zigbee.texts import Texts, load_texts, plain
from tests.ha.conftest import DEVICE
from tests.radio.test_backup import theirs

NOW = dt_util.utcnow()


def network(**changes: Any) -> Backup:
    return Backup.of({**theirs(), **changes})


OURS = network()
OTHER = network(extended_pan_id="7766554433221100", coordinator_ieee="00124b0099999999")
OTHER_KEY = network(network_key={**theirs()["network_key"], "key": "0f" * 16})


def name(backup: Backup) -> str:
    return f"epid={backup.extended_pan_id}"


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """An entry that does not come up."""
    entry = MockConfigEntry(domain=DOMAIN, unique_id=name(OURS), data={"device": DEVICE})
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
def restore() -> Iterator[AsyncMock]:
    """Writes onto the coordinator."""
    with patch.object(network_repair, "restore") as restore:
        yield restore


@pytest.fixture
def reload(hass: HomeAssistant, entry: MockConfigEntry) -> Iterator[AsyncMock]:
    """Starts the entry, which comes up."""

    async def come_up(_entry_id: str) -> None:
        entry.mock_state(hass, ConfigEntryState.LOADED)

    with patch.object(hass.config_entries, "async_reload", side_effect=come_up) as reload:
        yield reload


async def begin(hass: HomeAssistant, entry: MockConfigEntry, held: Backup | None) -> NetworkRepair:
    """Read a coordinator; no progress is shown."""
    repair = NetworkRepair(entry.entry_id)
    repair.hass, repair.flow_id, repair.handler, repair.grace = hass, "flow", DOMAIN, 60
    with patch.object(network_repair, "read", return_value=held):
        repair.cur_step = await repair.async_step_init()
    return repair


async def keep(hass: HomeAssistant, owner: str, *backups: Backup) -> None:
    for backup in backups:
        await BackupList(hass, owner).add(StoredBackup.of(Reason.ASKED, backup, NOW))


async def texts(hass: HomeAssistant) -> Texts:
    return await load_texts(hass, "backup")


def shown(repair: NetworkRepair) -> dict[str, Any]:
    assert repair.cur_step is not None
    return dict(repair.cur_step)


async def test_useless_backups_are_not_offered(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Damaged ones, and those of a network that only has the same name."""
    await KnownNetwork(hass, entry).remember(OURS.identity)
    damaged = StoredBackup("1", Reason.ASKED, NOW, 11, OURS.extended_pan_id, 0, {})
    await BackupList(hass, entry.entry_id).add(damaged)
    await keep(hass, entry.entry_id, OTHER_KEY)
    menu = shown(await begin(hass, entry, OTHER))
    assert menu["menu_options"] == ["take_theirs"]
    assert menu["description_placeholders"]["ours"] == (await texts(hass))["none"]
    await keep(hass, OVERWRITTEN, OURS)
    menu = shown(await begin(hass, entry, OTHER))
    assert menu["menu_options"] == ["take_ours", "take_theirs"]
    placeholders = menu["description_placeholders"]
    assert placeholders["differences"] == "coordinator address, extended PAN ID"
    for shown_network, backup in (("ours", OURS), ("theirs", OTHER)):
        bold = re.findall(r"- \*\*(.*)\*\*", placeholders[shown_network])
        assert bold == [
            f"Extended PAN ID: {backup.extended_pan_id}",
            f"Coordinator address: {backup.coordinator}",
        ]


async def test_only_a_stored_network_has_an_origin(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """The program and the time of reading the coordinator are not facts of its network."""
    await keep(hass, entry.entry_id, OURS)
    placeholders = shown(await begin(hass, entry, OTHER))["description_placeholders"]
    ours, theirs = placeholders["ours"].splitlines(), placeholders["theirs"].splitlines()
    time = f"{dt_util.as_local(NOW):%Y-%m-%d %H:%M:%S}"
    assert ours[:2] == [f"- Backup: manual, {time}", "- Age in days: 0"]
    assert theirs[0] == f"- Channel: {OTHER.channel}"
    assert [line.partition(":")[0].strip("- *") for line in ours[2:]] == [
        line.partition(":")[0].strip("- *") for line in theirs
    ]


async def test_a_file_has_the_program_that_wrote_it(hass: HomeAssistant) -> None:
    first, *_ = describe(OURS, await texts(hass)).splitlines()
    assert first == f"- Created by: {plain(OURS.source)}"


async def test_entry_without_a_known_network_has_its_own_backups(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(entry, unique_id="test")
    await keep(hass, entry.entry_id, OTHER_KEY)
    await keep(hass, OVERWRITTEN, OURS)
    form = shown(await begin(hass, entry, None))
    assert (form["type"], form["step_id"]) == ("form", "take_ours")
    ours = form["description_placeholders"]["ours"]
    assert OTHER_KEY.extended_pan_id in ours
    assert OTHER_KEY.coordinator in ours


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (StorageError("disk full"), "storage_failed"),
        (BackupError(BackupProblem.TOO_MANY_DEVICES), "backup_too_many_devices"),
        (RadioError(RadioProblem.NOT_FOUND), "port_not_found"),
        (WriteError(), "write_failed"),
        (LookupError("of ours"), "unknown"),
    ],
)
async def test_errors_are_shown_and_can_be_retried(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    restore: AsyncMock,
    reload: AsyncMock,
    caplog: pytest.LogCaptureFixture,
    failure: Exception,
    error: str,
) -> None:
    await keep(hass, entry.entry_id, OURS)
    repair = await begin(hass, entry, OTHER)
    restore.side_effect = failure
    form = await repair.async_step_take_ours({})
    assert (form["step_id"], form["errors"]) == ("take_ours", {"base": error})
    reload.assert_not_called()
    caplog.clear()
    restore.side_effect = None
    assert (await repair.async_step_take_ours({}))["type"] == "create_entry"
    known = KnownNetwork(hass, entry)
    await known.load()
    assert known.identity == OURS.identity
    kept = await BackupList(hass, OVERWRITTEN).all()
    assert {each.extended_pan_id for each in kept} == {OTHER.extended_pan_id}


async def test_overwritten_network_must_be_backed_up_first(
    hass: HomeAssistant, entry: MockConfigEntry, restore: AsyncMock
) -> None:
    await keep(hass, entry.entry_id, OURS)
    repair = await begin(hass, entry, OTHER)
    with patch.object(DurableStore, "save", side_effect=StorageError("disk full")):
        form = await repair.async_step_take_ours({})
    assert form["errors"] == {"base": "storage_failed"}
    restore.assert_not_called()


async def test_coordinators_network_that_cannot_be_stored_is_not_used(
    hass: HomeAssistant, entry: MockConfigEntry, reload: AsyncMock
) -> None:
    """Else the next start would refuse it."""
    repair = await begin(hass, entry, OTHER)
    with patch.object(DurableStore, "save", side_effect=StorageError("disk full")):
        form = await repair.async_step_take_theirs({})
    assert (form["step_id"], form["errors"]) == ("take_theirs", {"base": "storage_failed"})
    assert entry.unique_id == name(OURS)
    reload.assert_not_called()
    assert (await repair.async_step_take_theirs({}))["type"] == "create_entry"
    assert entry.unique_id == name(OTHER)


@pytest.mark.parametrize(
    ("held", "stays"), [(OTHER, False), (OTHER_KEY, True)], ids=["another", "the same"]
)
async def test_replaced_coordinator_is_removed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    reload: AsyncMock,
    device_registry: dr.DeviceRegistry,
    held: Backup,
    stays: bool,
) -> None:
    """But not one that got another network."""
    await KnownNetwork(hass, entry).remember(OURS.identity)
    stick = device_registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, OURS.coordinator)}
    )
    repair = await begin(hass, entry, held)
    await repair.async_step_take_theirs({})
    assert (device_registry.async_get(stick.id) is not None) is stays


async def test_network_whose_name_does_not_come_from_it_keeps_its_name(
    hass: HomeAssistant, entry: MockConfigEntry, reload: AsyncMock
) -> None:
    hass.config_entries.async_update_entry(entry, unique_id="test")
    await KnownNetwork(hass, entry).remember(OURS.identity)
    repair = await begin(hass, entry, OTHER)
    await repair.async_step_take_theirs({})
    assert entry.unique_id == "test"


async def test_right_coordinator_that_is_back_needs_no_answer(
    hass: HomeAssistant, entry: MockConfigEntry, reload: AsyncMock
) -> None:
    await KnownNetwork(hass, entry).remember(OURS.identity)
    assert shown(await begin(hass, entry, OURS))["type"] == "create_entry"
    reload.assert_called_once_with(entry.entry_id)
    again = await begin(hass, entry, None)
    assert shown(again)["type"] == "create_entry", "it is up: nothing is read"
    reload.assert_called_once()


async def test_coordinator_that_cannot_be_read_is_read_again(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    repair = await begin(hass, entry, None)
    assert shown(repair)["reason"] == "no_backup"
    with patch.object(network_repair, "read", side_effect=RadioError(RadioProblem.BUSY)):
        form = await repair.async_step_look()
    assert (form["step_id"], form["errors"]) == ("unreachable", {"base": "port_busy"})
    assert (await repair.async_step_unreachable())["errors"] == {}, "it is said once"
    with patch.object(network_repair, "read", return_value=OTHER):
        menu = await repair.async_step_unreachable({})
    assert menu["menu_options"] == ["take_theirs"]


async def test_network_of_another_entry_is_not_used(
    hass: HomeAssistant, entry: MockConfigEntry, reload: AsyncMock
) -> None:
    second = MockConfigEntry(domain=DOMAIN, unique_id=name(OTHER))
    second.add_to_hass(hass)
    repair = await begin(hass, entry, OTHER)
    assert (await repair.async_step_take_theirs())["reason"] == "already_configured"
    reload.assert_not_called()


async def test_network_that_does_not_start_is_reported(
    hass: HomeAssistant, entry: MockConfigEntry, reload: AsyncMock
) -> None:
    reload.side_effect = None
    repair = await begin(hass, entry, OTHER)
    assert (await repair.async_step_take_theirs({}))["reason"] == "not_up"
