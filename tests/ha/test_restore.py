"""Restores in the dialog: from the list or a file, on the same or a new coordinator."""

from collections.abc import AsyncGenerator
from dataclasses import replace
import json
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.radio.backup import Backup
from custom_components.aqara_zigbee.radio.network import Port
from custom_components.aqara_zigbee.radio.restore import read
from custom_components.aqara_zigbee.simulator import Home, Plug
from custom_components.aqara_zigbee.storage.backup_list import (
    OVERWRITTEN,
    BackupList,
    Reason,
    StoredBackup,
)
from tests.ha.conftest import NAME
from tests.ha.dialogue import Dialogue
from tests.takeover_fixtures import FOLDER

OLD = f"virtual://{NAME}"
NEW = "virtual://new"
FILE = FOLDER / "zigbee2mqtt" / "version-2" / "coordinator_backup.json"


@pytest.fixture
async def stick() -> AsyncGenerator[Home]:
    """A blank coordinator."""
    async with Home(seed=77, speed=20) as home:
        home.plug_in("new")
        yield home


async def held(port: str) -> Backup:
    """The network of a home."""
    found = await read(Port(port))
    assert found is not None
    return found


async def offer(dialogue: Dialogue, path: str, content: bytes) -> dict[str, Any]:
    """Begin with a port, then give a file."""
    await dialogue.start()
    await dialogue.choose("port")
    await dialogue.submit(path=path)
    await dialogue.choose("upload_backup")
    file = await dialogue.upload("backup.json", content)
    return await dialogue.submit(file=file)


async def down(hass: HomeAssistant) -> ConfigEntry[Any]:
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    return entry


@pytest.mark.parametrize("is_open", [True, False])
async def test_file_on_a_new_coordinator(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, stick: Home, is_open: bool
) -> None:
    """The file first, then the coordinator; the network is restored, with a counter far above."""
    home.add(Plug(), joined=True)
    network = await held(OLD)
    content = network.as_open_format() if is_open else network.as_dict()
    await dialogue.start()
    shown = await dialogue.choose("from_backup")
    assert shown["step_id"] == "upload_backup", "there is no other one to choose"
    file = await dialogue.upload("backup.json", json.dumps(content).encode())
    await dialogue.submit(file=file)
    assert dialogue.shown["step_id"] == "port"
    await dialogue.submit(path=NEW)
    assert dialogue.shown["step_id"] == "confirm_restore"
    for fact in (network.extended_pan_id, f"0x{network.pan_id:04x}", "has no network", NEW):
        assert fact in dialogue.text
    assert stick.records.network is None, "nothing is written before it is confirmed"
    shown = await dialogue.submit()
    assert shown["type"] == "create_entry"
    entry = await down(hass)
    assert entry.unique_id == f"epid={network.extended_pan_id}"
    written = await held(NEW)
    assert written.differences(network) == ()
    assert written.frame_counter > network.frame_counter
    assert written.devices == network.devices


async def test_file_of_zigbee2mqtt_over_another_network(
    hass: HomeAssistant, dialogue: Dialogue, home: Home
) -> None:
    """Only after confirmation, and the former network is backed up."""
    before = home.records.network
    lost = await held(OLD)
    await offer(dialogue, OLD, FILE.read_bytes())
    assert dialogue.shown["step_id"] == "confirm_restore"
    assert "will be overwritten" in dialogue.text
    await dialogue.submit(overwrite=False)
    assert dialogue.errors == {"base": "not_confirmed"}
    assert home.records.network == before
    shown = await dialogue.submit(overwrite=True)
    assert shown["type"] == "create_entry"
    await down(hass)
    assert (await held(OLD)).extended_pan_id == "01:02:03:04:05:06:07:08"
    (kept,) = await BackupList(hass, OVERWRITTEN).all()
    assert kept.reason is Reason.RESTORE
    assert Backup.of(kept.content).differences(lost) == ()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"no json", "file_unreadable"),
        (b"[]", "not_a_backup"),
        (b'{"adapterType": "zStack", "data": {}}', "backup_legacy"),
        (b'{"metadata": {"version": 2}, "network_key": {}}', "backup_newer"),
        (b'{"metadata": {"version": 1}, "network_key": {}}', "backup_incomplete"),
        pytest.param(bytes(5_000_000), "file_too_large", id="large"),
    ],
)
async def test_wrong_file_changes_nothing(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, content: bytes, error: str
) -> None:
    before = home.nvram.snapshot(home.records.factory())
    await offer(dialogue, OLD, content)
    assert (dialogue.shown["step_id"], dialogue.errors) == ("upload_backup", {"base": error})
    assert home.nvram.snapshot(home.records.factory()) == before
    assert home.port.line is None
    file = await dialogue.upload("backup.json", FILE.read_bytes())
    await dialogue.submit(file=file)
    assert dialogue.shown["step_id"] == "confirm_restore"
    shown = await dialogue.submit(overwrite=True)
    assert shown["type"] == "create_entry"
    await down(hass)


async def test_coordinator_disconnected_during_a_restore(
    hass: HomeAssistant, dialogue: Dialogue, stick: Home
) -> None:
    """A write fails during the restore; or writes succeed without effect."""
    await dialogue.start()
    await dialogue.choose("from_backup")
    await dialogue.submit(file=await dialogue.upload("backup.json", FILE.read_bytes()))
    await dialogue.submit(path=NEW)
    for fault, error in (
        ("nv_writes_fail", "memory_corrupt"),  # zigpy-znp knows what that means
        ("nv_writes_vanish", "write_failed"),
    ):
        setattr(stick.faults, fault, True)
        await dialogue.submit()
        assert (dialogue.shown["step_id"], dialogue.errors) == (
            "confirm_restore",
            {"base": error},
        )
        assert stick.port.line is None
        stick.faults.clear()
    assert hass.config_entries.async_entries(DOMAIN) == []
    shown = await dialogue.submit()
    assert shown["type"] == "create_entry"
    await down(hass)
    assert (await held(NEW)).extended_pan_id == "01:02:03:04:05:06:07:08"


async def test_closing_while_it_is_written(
    hass: HomeAssistant, dialogue: Dialogue, stick: Home
) -> None:
    """The restore is completed."""
    await dialogue.start()
    await dialogue.choose("from_backup")
    await dialogue.submit(file=await dialogue.upload("backup.json", FILE.read_bytes()))
    await dialogue.submit(path=NEW)
    shown = await dialogue.begin()
    assert shown["type"] == "progress"
    await dialogue.close()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert stick.port.line is None
    assert (await held(NEW)).extended_pan_id == "01:02:03:04:05:06:07:08"
    assert hass.config_entries.async_entries(DOMAIN) == []


async def test_stored_backups_for_a_blank_coordinator(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, stick: Home
) -> None:
    """From the list, newest first. A deleted one is reported."""
    archive = BackupList(hass, OVERWRITTEN)
    network = await held(OLD)
    await archive.add(StoredBackup.of(Reason.RESTORE, network, dt_util.utcnow()))
    await dialogue.start()
    await dialogue.choose("port")
    shown = await dialogue.submit(path=NEW)
    assert (shown["step_id"], shown["menu_options"]) == (
        "blank",
        ["form", "choose_backup", "upload_backup"],
    )
    shown = await dialogue.choose("choose_backup")
    option, upload = shown["data_schema"][0]["selector"]["select"]["options"]
    assert "before a restore" in option["label"]
    assert f"channel {network.channel}" in option["label"]
    assert upload == {"value": "upload", "label": "Upload a file"}
    assert shown["data_schema"][0]["default"] == option["value"], "the newest is selected"
    await dialogue.submit(backup=option["value"])
    assert dialogue.shown["type"] == "create_entry", "nothing is lost, so nothing more is asked"
    await down(hass)
    assert (await held(NEW)).differences(network) == ()


async def test_backup_deleted_before_its_use(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, stick: Home
) -> None:
    for _ in range(2):
        await BackupList(hass, OVERWRITTEN).add(
            StoredBackup.of(Reason.RESTORE, await held(OLD), dt_util.utcnow())
        )
    first, second = await BackupList(hass, OVERWRITTEN).all()
    await dialogue.start()
    await dialogue.choose("from_backup")
    await BackupList(hass, OVERWRITTEN).remove()
    await BackupList(hass, OVERWRITTEN).add(second)
    await dialogue.submit(backup=first.id, path=NEW)
    assert (dialogue.shown["step_id"], dialogue.errors) == (
        "choose_backup",
        {"base": "backup_gone"},
    )
    await BackupList(hass, OVERWRITTEN).remove()
    await dialogue.submit(backup=second.id, path=NEW)
    assert dialogue.shown["step_id"] == "upload_backup"
    await dialogue.submit(file=await dialogue.upload("backup.json", FILE.read_bytes()))
    assert dialogue.shown["step_id"] == "confirm_restore", "the port is known"
    shown = await dialogue.submit()
    assert shown["type"] == "create_entry"
    await down(hass)


async def test_backup_that_is_damaged(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, stick: Home
) -> None:
    """Another one from the list is taken instead."""
    network = await held(OLD)
    archive = BackupList(hass, OVERWRITTEN)
    whole = StoredBackup.of(Reason.RESTORE, network, dt_util.utcnow())
    await archive.add(whole)
    damaged = replace(whole, id="damaged", content={"version": 99, "network_info": {}})
    await archive.add(damaged)
    await dialogue.start()
    await dialogue.choose("from_backup")
    await dialogue.submit(backup=damaged.id, path=NEW)
    assert (dialogue.shown["step_id"], dialogue.errors) == (
        "choose_backup",
        {"base": "backup_newer"},
    )
    await dialogue.submit(backup=whole.id, path=NEW)
    assert dialogue.shown["type"] == "create_entry"
    await down(hass)
    assert (await held(NEW)).differences(network) == ()


async def test_upload_that_does_not_exist_any_more(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, stick: Home
) -> None:
    """As after an hour; the same file is uploaded again."""
    network = await held(OLD)
    await dialogue.start()
    await dialogue.choose("from_backup")
    await dialogue.submit(file="0" * 32)
    assert (dialogue.shown["step_id"], dialogue.errors) == (
        "upload_backup",
        {"base": "upload_gone"},
    )
    content = json.dumps(network.as_dict()).encode()
    await dialogue.submit(file=await dialogue.upload("backup.json", content))
    await dialogue.submit(path=NEW)
    assert dialogue.shown["step_id"] == "confirm_restore"
    await dialogue.submit()
    assert dialogue.shown["type"] == "create_entry"
    await down(hass)
    assert (await held(NEW)).differences(network) == ()


async def test_backup_of_a_network_with_an_entry(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, stick: Home
) -> None:
    content = json.dumps((await held(OLD)).as_dict()).encode()
    await dialogue.start()
    await dialogue.choose("port")
    await dialogue.submit(path=OLD)
    await dialogue.choose("keep")
    await dialogue.start()
    await dialogue.choose("from_backup")
    await dialogue.submit(file=await dialogue.upload("backup.json", content))
    assert (dialogue.shown["type"], dialogue.shown["reason"]) == ("abort", "already_configured")
    assert stick.records.network is None
    await down(hass)
