"""Moving in from ZHA and from Zigbee2MQTT, from the first click to devices that report, unpaired."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import closing
from dataclasses import fields
from enum import StrEnum
import io
import json
from pathlib import Path
import shutil
import sqlite3
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
import zipfile

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryDisabler,
    ConfigEntryState,
    ConfigFlow,
)
from homeassistant.const import MAJOR_VERSION, MINOR_VERSION
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import area_registry as ar, device_registry as dr, label_registry as lr
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    mock_config_flow,
    mock_integration,
    mock_platform,
)

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.flows import z2m_upload
from custom_components.aqara_zigbee.radio.backup import BackupProblem
from custom_components.aqara_zigbee.radio.migration.source import (
    MigrationFailure,
    MigrationWarning,
    NotMigrated,
)
from custom_components.aqara_zigbee.radio.migration.survey import CoordinatorAction
from custom_components.aqara_zigbee.radio.migration.z2m_files import Files
from custom_components.aqara_zigbee.radio.network import Port, RadioProblem
from custom_components.aqara_zigbee.radio.restore import read
from custom_components.aqara_zigbee.registry import registered_device
from custom_components.aqara_zigbee.simulator import Home
from custom_components.aqara_zigbee.simulator.devices import Knob, Lock, LockS2, Plug, Relay
from custom_components.aqara_zigbee.storage.backup_list import Reason
from tests.ha.conftest import entity_id, state, until
from tests.ha.dialogue import Dialogue
from tests.ha.test_entities import TRANSLATIONS
from tests.ha.test_storage import NO_SPACE, WRITE
from tests.radio.test_zigbee2mqtt import files
from tests.takeover_fixtures import FOLDER, NAMES

STICK = "virtual://stick"

SUCCESS = None if (MAJOR_VERSION, MINOR_VERSION) >= (2026, 11) else True
"""The result of an integration of Home Assistant for a successful set-up or unload."""
FIELDS = {
    "backup": "coordinator_backup.json",
    "database": "database.db",
    "configuration": "configuration.yaml",
    "devices": "devices.yaml",
    "states": "state.json",
}


def saved(path: str) -> Home:
    """A home as a fixture describes it."""
    return Home.restored(json.loads((FOLDER / path).read_text()), speed=20)


@pytest.fixture
async def z2m_home() -> AsyncGenerator[Home]:
    """Zigbee2MQTT's home; its coordinator still has the network."""
    async with saved("zigbee2mqtt/home.json") as home:
        home.plug_in("stick")
        yield home


@pytest.fixture
async def z2m_devices() -> AsyncGenerator[Home]:
    """Zigbee2MQTT's home; its coordinator is broken."""
    async with saved("zigbee2mqtt/home.json") as home:
        yield home


@pytest.fixture
async def zha_home() -> AsyncGenerator[Home]:
    """ZHA's home; its coordinator still has the network."""
    async with saved("zha/home-v15.json") as home:
        home.plug_in("stick")
        yield home


@pytest.fixture
async def stranger() -> AsyncGenerator[Home]:
    """A blank coordinator that is unknown to the devices."""
    async with Home(seed=77, speed=20) as home:
        home.plug_in("stick")
        yield home


@pytest.fixture
def our_files(hass: HomeAssistant, hass_storage: dict[str, Any]) -> Callable[[], set[str]]:
    """Return a function that lists our stored files."""
    folder = Path(hass.config.path(".storage"))

    def check() -> set[str]:
        names = {*(file.name for file in folder.iterdir()), *hass_storage}
        return {name for name in names if name.startswith(DOMAIN)}

    return check


def the_entry(hass: HomeAssistant) -> ConfigEntry[Any]:
    """The one that was made."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return entry


async def take_down(hass: HomeAssistant) -> None:
    for entry in hass.config_entries.async_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def upload(dialogue: Dialogue, **changes: bytes | None) -> dict[str, str]:
    """Upload Zigbee2MQTT's files one by one; what they are known by."""
    answer = {}
    for field, name in FIELDS.items():
        content = changes.get(field, getattr(files(2), field))
        if content:
            answer[field] = await dialogue.upload(name, content)
    return answer


async def hand_over(dialogue: Dialogue, **changes: bytes | None) -> dict[str, Any]:
    """Upload Zigbee2MQTT's files, and give them to a new dialog."""
    answer = await upload(dialogue, **changes)
    await dialogue.start()
    await dialogue.choose("zigbee2mqtt")
    return await dialogue.submit(files=answer)


async def migrated(hass: HomeAssistant, dialogue: Dialogue) -> None:
    """Confirm the summary: there is an entry, and it runs."""
    assert (dialogue.shown["step_id"], dialogue.errors) == ("summary", {})
    shown = await dialogue.submit()
    assert shown["type"] == "create_entry"
    await hass.async_block_till_done()
    assert the_entry(hass).state is ConfigEntryState.LOADED
    await take_down(hass)


async def all_report(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    """Let every device report, and check its entity."""
    plug, relay, s2, lock, knob = (home.device(name) for name in list(NAMES)[:5])
    assert isinstance(plug, Plug)
    assert isinstance(relay, Relay)
    assert isinstance(s2, LockS2)
    assert isinstance(lock, Lock)
    assert isinstance(knob, Knob)
    plug.set_load(77)
    plug.switch(0, not plug.on[0], 0)
    relay.switch(1, not relay.on[1], 0)
    s2.finger(5)
    lock.finger(6)
    knob.heartbeat()
    for node, key, wanted in (
        (plug, "state", "on" if plug.on[0] else "off"),
        (relay, "state_l2", "on" if relay.on[1] else "off"),
    ):
        await until(lambda: state(hass, gateway[node.ieee], key).state == wanted)  # noqa: B023
    for door in (s2, lock):
        await until(lambda: state(hass, gateway[door.ieee], "activity").state != "unknown")  # noqa: B023
    await until(lambda: gateway[knob.ieee].state.get("voltage") == knob.battery)
    charge = gateway[knob.ieee].state["battery"]
    await until(lambda: state(hass, gateway[knob.ieee], "battery").state == str(charge))
    assert not home.network.hub.is_open, "nobody had to join"


async def test_from_zigbee2mqtt(
    our_files: Callable[[], set[str]], hass: HomeAssistant, dialogue: Dialogue, z2m_home: Home
) -> None:
    """Its coordinator, its files one by one: names, options and states are there at once."""
    for node in z2m_home.devices:  # they are read at the start of the network, and would report 0 W
        z2m_home.faults.mute(node)
    network = z2m_home.records.network
    counter = z2m_home.nvram.snapshot(z2m_home.records.factory())
    shown = await hand_over(dialogue)
    assert (shown["step_id"], dialogue.errors) == ("port", {})
    suggested = shown["data_schema"][0]["description"]["suggested_value"]
    assert suggested == "socket://192.168.1.20:6638"
    shown = await dialogue.submit(path=STICK)
    assert shown["step_id"] == "summary"
    assert "is not changed" in dialogue.text
    for text in (
        *NAMES.values(),
        "Smart door lock S2",
        "virtual.thermometer",
        "00:15:8d:00:09:99:99:99",
    ):
        assert text.replace("[", "\\[") in dialogue.text.replace("\\", ""), text
    assert "Zigbee groups: 1" in dialogue.text
    assert our_files() == set(), "nothing was done yet"
    assert z2m_home.nvram.snapshot(z2m_home.records.factory()) == counter
    shown = await dialogue.submit()
    assert shown["type"] == "create_entry"
    await hass.async_block_till_done()
    entry = the_entry(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.unique_id == "epid=01:02:03:04:05:06:07:08"
    assert dict(entry.data) == {"device": {"path": STICK, "baudrate": 115200, "flow_control": None}}
    assert z2m_home.records.network == network
    gateway: Gateway = entry.runtime_data.gateway

    plug = gateway[z2m_home.device("plug").ieee]
    assert entity_id(hass, plug, "state") == "switch.kettle"
    assert state(hass, plug, "power").state == "12.5"
    assert state(hass, plug, "energy").state == "3.21"
    assert plug.options["device_temperature_calibration"] == 1.5
    assert plug.node.nwk == z2m_home.device("plug").nwk
    lock = gateway[z2m_home.device("locks2").ieee]
    assert state(hass, lock, "battery").state == "58"
    other = gateway[z2m_home.device("thermometer").ieee]
    assert other.definition is None
    registered = registered_device(hass, entry.entry_id, other.ieee)
    assert registered is not None
    assert registered.name_by_user == "Cellar thermometer"
    assert "00:15:8d:00:09:99:99:99" in gateway

    z2m_home.faults.clear()
    await all_report(hass, z2m_home, gateway)
    await hass.services.async_call(
        "switch", "turn_off", {"entity_id": "switch.kettle"}, blocking=True
    )
    plug_node = z2m_home.device("plug")
    assert isinstance(plug_node, Plug)
    assert not plug_node.on[0]
    assert not any("arrival" in name for name in our_files())
    await take_down(hass)


def packed(missing: str = "") -> bytes:
    """Return an archive of Zigbee2MQTT, without one of its files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for field, name in FIELDS.items():
            if field != missing:
                archive.writestr(f"data/{name}", getattr(files(1), field))
    return buffer.getvalue()


async def test_from_zigbee2mqtt_to_a_new_coordinator(
    hass: HomeAssistant, dialogue: Dialogue, stranger: Home, z2m_devices: Home
) -> None:
    """The old coordinator is broken; its devices work with the new one, and MQTT is as before."""
    MockConfigEntry(domain="mqtt").add_to_hass(hass)
    await dialogue.start()
    await dialogue.choose("zigbee2mqtt")
    await dialogue.submit(archive=await dialogue.upload("z2m-backup.zip", packed()))
    assert dialogue.shown["step_id"] == "port", dialogue.errors
    shown = await dialogue.submit(path=STICK)
    assert shown["step_id"] == "summary"
    assert "has no network" in dialogue.text
    assert stranger.records.network is None
    shown = await dialogue.submit(mirror=True)
    assert shown["type"] == "create_entry", dialogue.shown
    await hass.async_block_till_done()
    entry = the_entry(hass)
    assert entry.options["mqtt"]["enabled"]
    assert entry.options["mqtt"]["base_topic"] == "home/zigbee"
    assert entry.options["mqtt"]["last_seen"] == "ISO_8601_local"
    relay = entry.runtime_data.gateway[z2m_devices.device("relay").ieee]
    assert entity_id(hass, relay, "state_l1").startswith("switch.hall_lights")
    assert relay.options["friendly_name"] == {"of": "Hall/Lights", "is": "Hall/Lights"}
    await take_down(hass)
    backup = await read(Port(STICK))
    assert backup is not None
    assert backup.extended_pan_id == "01:02:03:04:05:06:07:08"
    assert backup.coordinator == z2m_devices.ieee
    assert backup.frame_counter > 66781


async def test_devices_work_with_the_new_coordinator(
    hass: HomeAssistant, dialogue: Dialogue, stranger: Home, z2m_devices: Home
) -> None:
    """The written data is sufficient for the devices, which know only their network."""
    await hand_over(dialogue)
    await dialogue.submit(path=STICK)
    await dialogue.submit()
    await hass.async_block_till_done()
    devices = [node.snapshot() for node in z2m_devices.devices]
    await take_down(hass)
    stranger.restore({**stranger.snapshot(), "devices": devices})
    await hass.config_entries.async_setup(the_entry(hass).entry_id)
    await hass.async_block_till_done()
    await all_report(hass, stranger, the_entry(hass).runtime_data.gateway)
    await take_down(hass)


async def test_another_network_is_overwritten_only_after_confirmation(
    our_files: Callable[[], set[str]], hass: HomeAssistant, dialogue: Dialogue, stranger: Home
) -> None:
    stranger.form(channel=25)
    before = stranger.records.network
    await hand_over(dialogue)
    await dialogue.submit(path=STICK)
    assert "will be overwritten" in dialogue.text
    await dialogue.submit(overwrite=False)
    assert (dialogue.shown["step_id"], dialogue.errors) == ("summary", {"base": "not_confirmed"})
    assert stranger.records.network == before
    assert our_files() == set()
    shown = await dialogue.submit(overwrite=True)
    assert shown["type"] == "create_entry"
    await hass.async_block_till_done()
    assert stranger.records.network is not None
    assert stranger.records.network.channel == 11
    assert f"{DOMAIN}.overwritten.backups" in our_files(), our_files()
    await take_down(hass)


async def test_coordinator_disconnected_during_a_migration(
    hass: HomeAssistant, dialogue: Dialogue, stranger: Home
) -> None:
    """No entry, no files; and the second try succeeds."""
    await hand_over(dialogue)
    await dialogue.submit(path=STICK)
    stranger.faults.nv_writes_fail = True
    await dialogue.submit()
    assert (dialogue.shown["step_id"], dialogue.errors) == ("summary", {"base": "memory_corrupt"})
    assert stranger.port.line is None
    assert hass.config_entries.async_entries(DOMAIN) == []
    stranger.faults.clear()
    shown = await dialogue.submit()
    assert shown["type"] == "create_entry"
    await hass.async_block_till_done()
    assert len(the_entry(hass).runtime_data.gateway) == 7
    await take_down(hass)


async def test_disk_that_is_full_when_it_is_laid_out(
    our_files: Callable[[], set[str]], hass: HomeAssistant, dialogue: Dialogue, stranger: Home
) -> None:
    """Nothing is written to the coordinator; and the second try succeeds."""
    before = stranger.nvram.snapshot(stranger.records.factory())
    await hand_over(dialogue)
    await dialogue.submit(path=STICK)
    with patch(WRITE, side_effect=NO_SPACE):
        await dialogue.submit()
    assert (dialogue.shown["step_id"], dialogue.errors) == ("summary", {"base": "storage_failed"})
    assert stranger.nvram.snapshot(stranger.records.factory()) == before
    assert hass.config_entries.async_entries(DOMAIN) == []
    shown = await dialogue.submit()
    assert shown["type"] == "create_entry"
    await hass.async_block_till_done()
    assert len(the_entry(hass).runtime_data.gateway) == 7
    await take_down(hass)


async def test_archive_that_is_too_large(
    hass: HomeAssistant, dialogue: Dialogue, z2m_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files one by one are taken instead."""
    monkeypatch.setattr(z2m_upload, "_MOST_ARCHIVE", 1_000_000)
    archive = await dialogue.upload("everything.zip", bytes(1_000_001))
    await dialogue.start()
    await dialogue.choose("zigbee2mqtt")
    await dialogue.submit(archive=archive)
    assert dialogue.errors == {"base": "file_too_large"}
    assert "everything.zip" in dialogue.text
    await dialogue.submit(files=await upload(dialogue))
    assert (dialogue.shown["step_id"], dialogue.errors) == ("port", {})
    await dialogue.submit(path=STICK)
    await migrated(hass, dialogue)


@pytest.mark.parametrize(
    ("changes", "error", "file"),
    [
        ({"backup": None}, "file_not_uploaded", "coordinator_backup.json"),
        ({"database": None}, "file_not_uploaded", "database.db"),
        ({"backup": b"no json"}, "file_unreadable", "coordinator_backup.json"),
        ({"backup": files(2).database}, "file_unreadable", "coordinator_backup.json"),
        ({"backup": b'{"adapterType": "zStack", "data": {}}'}, "backup_legacy", "coord"),
        ({"database": files(2).backup}, "file_unreadable", "database.db"),
        ({"database": b"SQLite format 3\0..."}, "wrong_file", "database.db"),
        ({"database": b'{"type":"Group"}\n'}, "no_devices_in_file", "database.db"),
    ],
)
async def test_wrong_files_change_nothing(
    our_files: Callable[[], set[str]],
    hass: HomeAssistant,
    dialogue: Dialogue,
    z2m_home: Home,
    changes: dict[str, bytes | None],
    error: str,
    file: str,
) -> None:
    await hand_over(dialogue, **changes)
    assert (dialogue.shown["step_id"], dialogue.errors) == ("zigbee2mqtt", {"base": error})
    assert file in dialogue.text
    assert dialogue.shown["data_schema"][1]["expanded"], "the files can be given again"
    assert our_files() == set()
    assert z2m_home.port.line is None
    key = files(2).backup.decode().split('"key": "')[1][:32]
    assert key not in json.dumps(dialogue.shown)
    await dialogue.submit(files=await upload(dialogue))
    await dialogue.submit(path=STICK)
    await migrated(hass, dialogue)


@pytest.mark.parametrize("missing", ["backup", "database"])
async def test_archive_without_a_file(
    hass: HomeAssistant, dialogue: Dialogue, z2m_home: Home, missing: str
) -> None:
    """The section of separate files, which were not used, stays closed."""
    await dialogue.start()
    await dialogue.choose("zigbee2mqtt")
    await dialogue.submit(archive=await dialogue.upload("z2m-backup.zip", packed(missing)))
    assert dialogue.errors == {"base": "file_missing"}
    assert dialogue.text == FIELDS[missing]
    assert not dialogue.shown["data_schema"][1]["expanded"]


async def test_wrong_archive_and_stale_upload(
    hass: HomeAssistant, dialogue: Dialogue, z2m_home: Home
) -> None:
    """Each time another upload can be given, until it is the right one."""
    archive = await dialogue.upload("photos.zip", b"PK\x03\x04 and nothing")
    await dialogue.start()
    await dialogue.choose("zigbee2mqtt")
    await dialogue.submit(archive=archive)
    assert dialogue.errors == {"base": "file_unreadable"}
    assert "photos.zip" in dialogue.text
    await dialogue.submit(archive=archive)
    assert dialogue.errors == {"base": "upload_gone"}
    await dialogue.submit()
    assert dialogue.errors == {"base": "no_file"}
    await dialogue.submit(files={})
    assert dialogue.errors == {"base": "no_file"}
    await dialogue.submit(files=await upload(dialogue))
    await dialogue.submit(path=STICK)
    await migrated(hass, dialogue)


async def test_files_for_a_network_that_was_found_on_the_coordinator(
    hass: HomeAssistant, dialogue: Dialogue, z2m_home: Home
) -> None:
    """The port that was read stays chosen, not the one in Zigbee2MQTT's settings."""
    await dialogue.start()
    await dialogue.choose("port")
    await dialogue.submit(path=STICK)
    await dialogue.choose("zigbee2mqtt")
    shown = await dialogue.submit(files=await upload(dialogue))
    assert shown["step_id"] == "port"
    assert shown["data_schema"][0]["description"]["suggested_value"] == STICK
    await dialogue.submit(path=STICK)
    await migrated(hass, dialogue)


async def test_network_with_an_entry(
    our_files: Callable[[], set[str]], hass: HomeAssistant, dialogue: Dialogue, z2m_home: Home
) -> None:
    MockConfigEntry(domain=DOMAIN, unique_id="epid=01:02:03:04:05:06:07:08").add_to_hass(hass)
    await hand_over(dialogue)
    await dialogue.submit(path=STICK)
    assert (dialogue.shown["type"], dialogue.shown["reason"]) == ("abort", "already_configured")
    assert our_files() == set()


async def test_missing_coordinator(hass: HomeAssistant, dialogue: Dialogue, z2m_home: Home) -> None:
    """The files need not be uploaded again."""
    await hand_over(dialogue)
    await dialogue.submit(path="virtual://nowhere")
    assert (dialogue.shown["step_id"], dialogue.errors) == ("port", {"base": "port_not_found"})
    await dialogue.submit(path=STICK)
    await migrated(hass, dialogue)


# ZHA


@pytest.fixture
def zha(hass: HomeAssistant) -> Iterator[MockConfigEntry]:
    """ZHA with its database, its devices named, in an area, labelled; up and running."""

    async def succeed(_hass: HomeAssistant, _entry: ConfigEntry[Any]) -> Any:
        return SUCCESS

    mock_integration(hass, MockModule("zha", async_setup_entry=succeed, async_unload_entry=succeed))
    shutil.copyfile(FOLDER / "zha" / "zigbee-v15.db", hass.config.path("zigbee.db"))
    entry = MockConfigEntry(
        domain="zha",
        title="Dongle",
        data={
            "device": {"path": STICK, "baudrate": 115200, "flow_control": None},
            "radio_type": "znp",
        },
    )
    entry.add_to_hass(hass)
    area = ar.async_get(hass).async_create("Kitchen").id
    label = lr.async_get(hass).async_create("Important").label_id
    registry = dr.async_get(hass)
    for node in saved("zha/home-v15.json").devices:
        device = registry.async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={("zha", node.ieee)},
            connections={(dr.CONNECTION_ZIGBEE, node.ieee)},
            name=node.MODEL,
        )
        registry.async_update_device(device.id, name_by_user=NAMES[node.name])
        if node.name == "plug":
            registry.async_update_device(device.id, area_id=area, labels={label})
    mock_platform(hass, "zha.config_flow")
    with mock_config_flow("zha", ConfigFlow):
        yield entry


def is_disabled(zha: MockConfigEntry) -> bool:
    return zha.disabled_by is ConfigEntryDisabler.USER


async def run_zha(hass: HomeAssistant, zha: MockConfigEntry) -> None:
    assert await hass.config_entries.async_setup(zha.entry_id)
    await hass.async_block_till_done()
    assert zha.state is ConfigEntryState.LOADED


def _content(path: Path) -> bytes:
    return path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _remove(path: Path) -> None:
    path.unlink()


def _spoil(path: Path) -> None:
    path.write_bytes(b"this is no database " * 99)


async def test_from_zha(
    our_files: Callable[[], set[str]],
    hass: HomeAssistant,
    dialogue: Dialogue,
    zha: MockConfigEntry,
    zha_home: Home,
) -> None:
    """ZHA goes to sleep, its devices wake up here: same names, area, labels, states."""
    await run_zha(hass, zha)
    database = Path(hass.config.path("zigbee.db"))
    before = _content(database)
    network = zha_home.records.network
    shown = await dialogue.start()
    assert shown["menu_options"] == ["port", "zha", "zigbee2mqtt", "from_backup", "virtual"]
    await dialogue.choose("zha")
    assert not is_disabled(zha), "not before it is confirmed"
    shown = await dialogue.submit()
    assert shown["step_id"] == "summary", dialogue.errors
    assert is_disabled(zha)
    assert zha.state is ConfigEntryState.NOT_LOADED
    assert "Kettle" in dialogue.text
    assert "Cellar thermometer" in dialogue.text
    shown = await dialogue.submit()
    assert shown["type"] == "create_entry"
    await hass.async_block_till_done()
    entry = the_entry(hass)
    gateway: Gateway = entry.runtime_data.gateway
    assert is_disabled(zha)
    assert _content(database) == before
    assert zha_home.records.network == network
    plug = gateway[zha_home.device("plug").ieee]
    assert entity_id(hass, plug, "state") == "switch.kitchen_kettle"
    assert state(hass, plug, "state").state == "on"
    assert state(hass, plug, "power").state == "42"
    registered = registered_device(hass, entry.entry_id, plug.ieee)
    assert registered is not None
    assert registered.area_id == "kitchen"
    assert registered.labels == {"important"}
    await all_report(hass, zha_home, gateway)
    assert not any("arrival" in name for name in our_files())
    await take_down(hass)


async def test_closing_the_dialog_enables_zha(
    our_files: Callable[[], set[str]],
    hass: HomeAssistant,
    dialogue: Dialogue,
    zha: MockConfigEntry,
    zha_home: Home,
) -> None:
    await run_zha(hass, zha)
    await dialogue.start()
    await dialogue.choose("zha")
    await dialogue.submit()
    assert dialogue.shown["step_id"] == "summary"
    assert our_files() != set()
    await dialogue.close()
    await until(lambda: zha.state is ConfigEntryState.LOADED)
    assert zha.disabled_by is None
    await hass.async_block_till_done()
    assert our_files() == set()
    assert zha_home.port.line is None


async def test_zha_that_was_removed_before(
    hass: HomeAssistant, dialogue: Dialogue, zha: MockConfigEntry, zha_home: Home
) -> None:
    """Its database still exists. The port has to be entered."""
    await hass.config_entries.async_remove(zha.entry_id)
    await dialogue.start()
    await dialogue.choose("zha")
    shown = await dialogue.submit()
    assert shown["step_id"] == "port"
    await dialogue.submit(path=STICK)
    shown = await dialogue.submit()
    assert shown["type"] == "create_entry"
    await hass.async_block_till_done()
    await all_report(hass, zha_home, the_entry(hass).runtime_data.gateway)
    await take_down(hass)


async def test_zha_without_a_backup_needs_its_coordinator(
    hass: HomeAssistant, dialogue: Dialogue, zha: MockConfigEntry, stranger: Home
) -> None:
    with closing(sqlite3.connect(hass.config.path("zigbee.db"))) as database:
        database.execute("DELETE FROM network_backups_v15")
        database.commit()
    await dialogue.start()
    await dialogue.choose("zha")
    await dialogue.submit()
    assert (dialogue.shown["step_id"], dialogue.errors) == ("port", {"base": "no_network_known"})
    async with saved("zha/home-v15.json") as home:
        home.plug_in("other")
        await dialogue.submit(path="virtual://other")
        await migrated(hass, dialogue)
    assert stranger.records.network is None


async def test_invalid_database(
    our_files: Callable[[], set[str]],
    hass: HomeAssistant,
    dialogue: Dialogue,
    zha: MockConfigEntry,
    zha_home: Home,
) -> None:
    await run_zha(hass, zha)
    _spoil(Path(hass.config.path("zigbee.db")))
    await dialogue.start()
    await dialogue.choose("zha")
    await dialogue.submit()
    assert (dialogue.shown["step_id"], dialogue.errors) == (
        "zha",
        {"base": "zha_database_unusable"},
    )
    await dialogue.close()
    await until(lambda: zha.state is ConfigEntryState.LOADED)
    assert our_files() == set()


@pytest.mark.parametrize("error", ["zha_database_unusable", "zha_no_database"])
async def test_database_of_zha_that_is_put_back(
    hass: HomeAssistant, dialogue: Dialogue, zha: MockConfigEntry, zha_home: Home, error: str
) -> None:
    """The same dialog goes on when the file is there, or is readable."""
    database = Path(hass.config.path("zigbee.db"))
    content = _content(database)
    await dialogue.start()
    await dialogue.choose("zha")
    if error == "zha_no_database":
        _remove(database)
    else:
        _spoil(database)
    await dialogue.submit()
    assert (dialogue.shown["step_id"], dialogue.errors) == ("zha", {"base": error})
    _write(database, content)
    await dialogue.submit()
    await migrated(hass, dialogue)


async def test_zha_that_does_not_release_its_coordinator(
    our_files: Callable[[], set[str]],
    hass: HomeAssistant,
    dialogue: Dialogue,
    zha_home: Home,
    zha: MockConfigEntry,
) -> None:
    await run_zha(hass, zha)
    is_stubborn = True

    async def unload(_hass: HomeAssistant, _entry: ConfigEntry[Any]) -> Any:
        if is_stubborn:
            raise HomeAssistantError("still busy")
        return SUCCESS

    mock_integration(hass, MockModule("zha", async_unload_entry=unload))
    await dialogue.start()
    await dialogue.choose("zha")
    await dialogue.submit()
    assert (dialogue.shown["step_id"], dialogue.errors) == ("zha", {"base": "zha_still_running"})
    assert our_files() == set()
    await dialogue.submit()
    assert dialogue.errors == {"base": "zha_still_running"}, "not even the second time"
    assert our_files() == set()
    is_stubborn = False
    zha.mock_state(hass, ConfigEntryState.NOT_LOADED)
    await dialogue.submit()
    await migrated(hass, dialogue)


@pytest.mark.parametrize("was_running", [True, False])
async def test_zha_that_cannot_be_unloaded(
    hass: HomeAssistant,
    dialogue: Dialogue,
    zha_home: Home,
    zha: MockConfigEntry,
    was_running: bool,
) -> None:
    """Its coordinator is free after a restart of Home Assistant at the latest, and it goes on."""
    if was_running:  # Home Assistant refuses to disable it then
        await run_zha(hass, zha)
    zha.mock_state(hass, ConfigEntryState.FAILED_UNLOAD)
    await dialogue.start()
    await dialogue.choose("zha")
    await dialogue.submit()
    assert (dialogue.shown["step_id"], dialogue.errors) == ("zha", {"base": "zha_still_running"})
    zha.mock_state(hass, ConfigEntryState.NOT_LOADED)
    await dialogue.submit()
    await migrated(hass, dialogue)


@pytest.mark.parametrize("radio", ["ezsp", "deconz"])
async def test_zha_on_a_radio_of_another_kind_is_not_offered(
    hass: HomeAssistant, dialogue: Dialogue, zha: MockConfigEntry, radio: str
) -> None:
    hass.config_entries.async_update_entry(zha, data={**zha.data, "radio_type": radio})
    shown = await dialogue.start()
    assert "zha" not in shown["menu_options"]


async def test_migrated_data_is_kept_until_the_entry_starts(
    our_files: Callable[[], set[str]], hass: HomeAssistant, dialogue: Dialogue, z2m_home: Home
) -> None:
    """The coordinator is unplugged at the last moment: the devices are there when it is back."""
    await hand_over(dialogue)
    await dialogue.submit(path=STICK)
    z2m_home.unplug()
    shown = await dialogue.submit()
    assert shown["type"] == "create_entry"
    await hass.async_block_till_done()
    entry = the_entry(hass)
    assert entry.state.recoverable
    assert not hasattr(entry, "runtime_data")
    z2m_home.plug_in("stick")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await all_report(hass, z2m_home, entry.runtime_data.gateway)
    await take_down(hass)
    await hass.config_entries.async_remove(entry.entry_id)
    assert our_files() == set()


def test_files_are_those_of_the_form() -> None:
    """Every file of the reader has a field, or it could not be handed over."""
    of_archives = {"named", "damaged"}
    assert set(FIELDS) == {field.name for field in fields(Files)} - of_archives


async def test_places_of_zigbee2mqtts_devices(
    hass: HomeAssistant, dialogue: Dialogue, z2m_home: Home
) -> None:
    """Over MQTT they were registered here before; what their owner named keeps that name."""
    mqtt = MockConfigEntry(domain="mqtt")
    mqtt.add_to_hass(hass)
    area = ar.async_get(hass).async_create("Hall").id
    registry = dr.async_get(hass)
    plug = z2m_home.device("plug").ieee
    for name in ("zigbee2mqtt_0x" + plug.replace(":", ""), "zigbee2mqtt_bridge", "other"):
        device = registry.async_get_or_create(
            config_entry_id=mqtt.entry_id, identifiers={("mqtt", name), ("else", name)}
        )
        registry.async_update_device(device.id, name_by_user="Boiler", area_id=area)
    await hand_over(
        dialogue, configuration=files(2).configuration.replace(b"    - 161", b"    - 1")
    )
    await dialogue.submit(path=STICK)
    assert "may belong to different networks" in dialogue.text
    assert "Boiler" in dialogue.text
    await dialogue.submit(mirror=False)
    await hass.async_block_till_done()
    registered = registered_device(hass, the_entry(hass).entry_id, plug)
    assert registered is not None
    assert (registered.name_by_user, registered.area_id) == ("Boiler", area)
    named = the_entry(hass).runtime_data.gateway[plug].options["friendly_name"]
    assert named == {"of": "Boiler", "is": "Kettle"}
    assert not the_entry(hass).options["mqtt"]["enabled"]
    await take_down(hass)


@pytest.mark.parametrize("named", ["Boiler", None])
async def test_device_without_a_friendly_name_keeps_its_address_on_mqtt(
    hass: HomeAssistant, dialogue: Dialogue, z2m_home: Home, named: str | None
) -> None:
    """Whatever it is called in Home Assistant: Zigbee2MQTT published under the address."""
    mqtt = MockConfigEntry(domain="mqtt")
    mqtt.add_to_hass(hass)
    plug = z2m_home.device("plug").ieee
    topic = "0x" + plug.replace(":", "")
    if named is not None:
        registry = dr.async_get(hass)
        device = registry.async_get_or_create(
            config_entry_id=mqtt.entry_id, identifiers={("mqtt", f"zigbee2mqtt_{topic}")}
        )
        registry.async_update_device(device.id, name_by_user=named)
    configuration = files(2).configuration
    assert b"    friendly_name: Kettle\n" in configuration
    await hand_over(
        dialogue, configuration=configuration.replace(b"    friendly_name: Kettle\n", b"")
    )
    await dialogue.submit(path=STICK)
    await dialogue.submit(mirror=False)
    await hass.async_block_till_done()
    option = the_entry(hass).runtime_data.gateway[plug].options["friendly_name"]
    assert option == {"of": named or "Mi smart plug", "is": topic}
    await take_down(hass)


@pytest.mark.parametrize(
    ("name", "topic"), [("Kettle / small", "Kettle/small"), ("a/b/c/d/e/f/g", "a/b/c/d/e_f_g")]
)
async def test_changed_topics_are_listed_before(
    hass: HomeAssistant, dialogue: Dialogue, z2m_home: Home, name: str, topic: str
) -> None:
    """Names that Zigbee2MQTT takes and that cannot be topics here."""
    configuration = files(2).configuration.replace(
        b"friendly_name: Kettle\n", f"friendly_name: '{name}'\n".encode()
    )
    await hand_over(dialogue, configuration=configuration)
    await dialogue.submit(path=STICK)
    assert topic in dialogue.text.replace("\\", "")
    await take_down(hass)


async def test_database_of_zha_elsewhere(
    hass: HomeAssistant, dialogue: Dialogue, zha: MockConfigEntry
) -> None:
    """As in ZHA's YAML options; ZHA stores this in `hass.data`."""
    _move(Path(hass.config.path("zigbee.db")), Path(hass.config.path("mine.db")))
    assert "zha" not in (await dialogue.start())["menu_options"]
    hass.data["zha"] = SimpleNamespace(yaml_config={"database_path": hass.config.path("mine.db")})
    await dialogue.start()
    await dialogue.choose("zha")
    assert "mine.db" in dialogue.text
    await dialogue.close()


def _move(source: Path, target: Path) -> None:
    source.rename(target)


@pytest.mark.parametrize("kind", [NotMigrated, MigrationWarning, CoordinatorAction])
def test_every_fact_has_a_text(kind: type[StrEnum]) -> None:
    assert set(kind) <= TRANSLATIONS["selector"]["takeover"]["options"].keys()


@pytest.mark.parametrize("kind", [MigrationFailure, BackupProblem, RadioProblem])
def test_every_error_has_a_text(kind: type[StrEnum]) -> None:
    assert set(kind) <= TRANSLATIONS["config"]["error"].keys()


def test_every_reason_has_a_text() -> None:
    assert set(Reason) <= TRANSLATIONS["selector"]["backup"]["options"].keys()
