"""Migrated networks: survey, stored data, zigpy's database."""

from collections.abc import AsyncGenerator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import shutil
import sqlite3
from typing import Any, cast

import pytest
from zigpy.appdb import DB_VERSION

from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.identity import CHANNEL, EXTENDED_PAN_ID
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.radio import Endpoint, Node, Radio
from custom_components.aqara_zigbee.core.zcl import Record, Report
from custom_components.aqara_zigbee.radio.backup import Backup
from custom_components.aqara_zigbee.radio.migration import zha, zigbee2mqtt
from custom_components.aqara_zigbee.radio.migration.database import create, read
from custom_components.aqara_zigbee.radio.migration.memories import memories
from custom_components.aqara_zigbee.radio.migration.source import (
    MigrationFailure,
    MigrationWarning,
    NotMigrated,
    SourceDevice,
    SourceNetwork,
    TakeoverError,
)
from custom_components.aqara_zigbee.radio.migration.survey import CoordinatorAction, survey
from custom_components.aqara_zigbee.radio.network import Port
from custom_components.aqara_zigbee.radio.restore import read as read_stick
from custom_components.aqara_zigbee.simulator import Home
from tests.radio.test_zigbee2mqtt import files, member
from tests.takeover_fixtures import FOLDER, HOMES, SEEN, make_older

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MODELS = {kind.MODEL for kind in HOMES}


def theirs() -> SourceNetwork:
    """Zigbee2MQTT's."""
    return zigbee2mqtt.household(files(2))


def changed(backup: Backup, **changes: Any) -> Backup:
    return Backup.of({**backup.as_open_format(), **changes})


# The survey


def test_coordinator_with_the_network_is_not_written() -> None:
    household = theirs()
    found = survey(household, DEFINITIONS, household.backup, NOW)
    assert found.deed is CoordinatorAction.KEEP
    assert found.doubts == ()
    assert {member.node.model for member in found.ours} == MODELS - {"virtual.thermometer"}
    assert {member.node.model for member in found.others} == {"virtual.thermometer"}
    assert [member.node.ieee for member in found.unknown] == ["00:15:8d:00:09:99:99:99"]
    assert found.losses == {
        NotMigrated.GROUPS: 1,
        NotMigrated.GREEN_POWER: 1,
        NotMigrated.OPTIONS: 1,
    }


def test_channel_is_the_coordinators() -> None:
    household = theirs()
    assert household.backup is not None
    found = survey(household, DEFINITIONS, changed(household.backup, channel=20), NOW)
    assert found.deed is CoordinatorAction.KEEP
    assert found.differences == (CHANNEL,)
    assert found.doubts == (MigrationWarning.STICK_CHANGED,)


def test_blank_coordinator_is_written() -> None:
    assert survey(theirs(), DEFINITIONS, None, NOW).deed is CoordinatorAction.WRITE


def test_coordinator_with_another_network_is_overwritten() -> None:
    household = theirs()
    assert household.backup is not None
    other = changed(household.backup, extended_pan_id="1122334455667788")
    found = survey(household, DEFINITIONS, other, NOW)
    assert found.deed is CoordinatorAction.OVERWRITE
    assert found.differences == (EXTENDED_PAN_ID,)


def test_warning_for_an_old_backup_that_is_written() -> None:
    household = theirs()
    later = NOW + timedelta(days=30)
    assert survey(household, DEFINITIONS, None, later).doubts == (MigrationWarning.OLD_BACKUP,)
    assert survey(household, DEFINITIONS, household.backup, later).doubts == ()


def test_warning_for_the_default_key() -> None:
    household = theirs()
    assert household.backup is not None
    content = household.backup.as_open_format()
    content["network_key"]["key"] = "01030507090b0d0f00020406080a0c0d"
    known = replace(household, backup=Backup.of(content))
    assert MigrationWarning.KNOWN_KEY in survey(known, DEFINITIONS, None, NOW).doubts


def test_without_a_backup_the_coordinator_must_have_the_network() -> None:
    household = theirs()
    stick = household.backup
    assert stick is not None
    bare = replace(household, backup=None)
    assert survey(bare, DEFINITIONS, stick, NOW).deed is CoordinatorAction.KEEP
    assert (
        survey(replace(bare, coordinator=None), DEFINITIONS, stick, NOW).deed
        is CoordinatorAction.KEEP
    )
    for held in (None, changed(stick, coordinator_ieee="00124b0000000001")):
        with pytest.raises(TakeoverError) as error:
            survey(bare, DEFINITIONS, held, NOW)
        assert error.value.failure is MigrationFailure.NO_NETWORK


# What devices bring along


def restored(found: SourceDevice, stored: dict[str, Any]) -> Device:
    """The device as it would be after a start."""
    device = Device(found.node, DEFINITIONS.get(found.node.model or ""), cast("Radio", None))
    device.restore(stored)
    return device


@pytest.mark.parametrize("layout", [1, 2])
def test_states_are_converted(layout: int) -> None:
    household = zigbee2mqtt.household(files(layout))
    stored = json.loads(json.dumps(memories(household.members, DEFINITIONS)))

    def state(name: str) -> dict[str, Any]:
        found = member(household, name)
        return restored(found, stored[found.node.ieee]).state

    assert state("plug") == {
        "state": True,
        "power": 12.5,
        "energy": 3.21,
        "linkquality": 120,
        "device_temperature": 31,
        "power_outage_memory": True,
        "power_outage_count": 4,
    }
    relay = state("relay")
    assert (relay["state_l1"], relay["state_l2"], relay["interlock"]) == (False, True, True)
    assert "state" not in relay
    assert "device_temperature" not in relay  # which was "hot"
    assert state("locks2") == {
        "state": False,
        "reverse": True,
        "battery": 58,
        "voltage": 3700,
        "battery_low": False,
        "linkquality": 80,
    }
    assert state("knob") == {"battery": 67, "voltage": 2950, "operation_mode": "event"}
    assert state("thermometer") == {}


def test_options_last_seen_and_basic_info_are_migrated() -> None:
    household = theirs()
    stored = memories(household.members, DEFINITIONS)
    plug = restored(member(household, "plug"), stored[member(household, "plug").node.ieee])
    assert plug.options["device_temperature_calibration"] == 1.5
    assert plug.option("power_precision") == 1
    assert plug.options["retain"] is True
    assert plug.last_seen == datetime.fromtimestamp(SEEN / 1000, UTC)
    assert plug.about.application_version == 22
    knob = restored(member(household, "knob"), stored[member(household, "knob").node.ieee])
    assert knob.silence == timedelta(minutes=2000)


def test_options_that_a_model_does_not_have_are_dropped() -> None:
    node = Node("00:00:00:00:00:00:00:01", 1, model="lumi.plug", is_complete=True)
    options = {
        "power_calibration": "much",
        "nonsense_precision": 1,
        "energy_precision": 2,
        "qos": 1,
    }
    stored = memories([SourceDevice(node, options=options)], DEFINITIONS)[node.ieee]
    assert stored["options"] == {"energy_precision": 2, "qos": 1}
    stored = memories([SourceDevice(replace(node, model="other"), options=options)], DEFINITIONS)
    assert stored[node.ieee]["options"] == {"qos": 1}


@pytest.mark.parametrize(
    ("z2m_state", "state"),
    [
        ({"state": "on"}, {}),
        ({"state": True}, {}),
        ({"state": None}, {}),
        ({"power": True}, {}),
        ({"power": "12"}, {}),
        ({"power": float("inf")}, {}),
        ({"power_outage_memory": 1}, {}),
        ({"power_outage_memory": False}, {"power_outage_memory": False}),
        ({"state": "OFF", "unheard_of": 1}, {"state": False}),
    ],
)
def test_invalid_states_are_dropped(z2m_state: dict[str, Any], state: dict[str, Any]) -> None:
    node = Node("00:00:00:00:00:00:00:01", 1, model="lumi.plug", is_complete=True)
    assert (
        memories([SourceDevice(node, z2m_state=z2m_state)], DEFINITIONS)[node.ieee]["state"]
        == state
    )


def test_attributes_become_state_and_never_an_event() -> None:
    knob = Node("00:00:00:00:00:00:00:01", 1, model="lumi.remote.rkba01", is_complete=True)
    press = Report(1, 0x0012, (Record(0x0055, 0x21, 1),), is_answer=True)
    mode = Report(1, 0xFCC0, (Record(0x0009, 0x20, 1),), is_answer=True)
    stored = memories([SourceDevice(knob, reports=(press, mode))], DEFINITIONS)[knob.ieee]
    assert stored["state"] == {"operation_mode": "event"}


# zigpy's database


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    """Zigbee2MQTT's devices, written down."""
    path = tmp_path / "zigbee.db"
    await create(path, [(each.node, each.last_seen) for each in theirs().members])
    return path


async def test_devices_are_stored_as_by_zigpy(database: Path) -> None:
    contents = await read(database)
    found = {stored.node.ieee: stored for stored in contents.devices}
    for each in theirs().members:
        node = found[each.node.ieee].node
        assert (node.nwk, node.is_complete) == (each.node.nwk, each.node.is_complete)
        assert found[each.node.ieee].last_seen == each.last_seen
        if not node.is_complete:
            continue
        assert (node.model, node.manufacturer) == (each.node.model, each.node.manufacturer)
        assert node.manufacturer_code == each.node.manufacturer_code
        assert node.logical_type == each.node.logical_type
        assert node.mac_capabilities == each.node.mac_capabilities
        for number, endpoint in each.node.endpoints.items():
            assert set(endpoint.inputs) <= set(node.endpoints[number].inputs)
            assert node.endpoints[number].outputs == endpoint.outputs
            assert node.endpoints[number].device_type == endpoint.device_type
    assert contents.coordinator is None
    assert contents.backup is None


async def test_device_without_endpoints_gets_one(tmp_path: Path) -> None:
    node = Node("00:00:00:00:00:00:00:01", 7, "lumi.plug", None, is_complete=True, logical_type=2)
    await create(tmp_path / "a.db", [(node, None)])
    (stored,) = (await read(tmp_path / "a.db")).devices
    assert stored.node.model == "lumi.plug"
    assert stored.node.endpoints == {1: Endpoint(0x0104, 0xFFFF, (0,), ())}
    assert stored.last_seen is None


async def test_failed_writes_are_detected(tmp_path: Path) -> None:
    """Two devices with one address: zigpy logs this only at the debug level."""
    nodes = [Node("00:00:00:00:00:00:00:01", 7), Node("00:00:00:00:00:00:00:02", 0)]
    with pytest.raises(sqlite3.Error, match="not every"):
        await create(tmp_path / "a.db", [(node, None) for node in nodes])
    with pytest.raises(OSError, match="No such file"):
        (tmp_path / "nowhere" / "a.db").touch()
    with pytest.raises(sqlite3.Error):
        await create(tmp_path / "nowhere" / "a.db", [])


# ZHA's database


def source(version: int, folder: Path) -> Path:
    """ZHA's file of a version."""
    path = folder / f"zigbee-v{version}.db"
    if version < 15:
        make_older(version, path)
    else:
        shutil.copyfile(FOLDER / "zha" / path.name, path)
    return path


@pytest.fixture
async def home() -> AsyncGenerator[Home]:
    """The home that the databases describe, plugged in as "zha"."""
    home = Home.restored(json.loads((FOLDER / "zha" / "home-v15.json").read_text()), speed=20)
    async with home:
        home.plug_in("zha")
        yield home


@pytest.mark.parametrize(
    "version",
    [13, 14, 15, pytest.param(16, marks=pytest.mark.skipif(DB_VERSION < 16, reason="newer"))],
)
async def test_every_version_is_read(version: int, tmp_path: Path) -> None:
    original = source(version, tmp_path)
    before = original.read_bytes()
    target = tmp_path / "ours.db"
    zha.copy(original, target)
    household = await zha.household(target)
    assert {each.node.model for each in household.members} == MODELS
    assert all(each.node.is_complete for each in household.members)
    assert all(each.last_seen is not None for each in household.members)
    assert household.backup is not None
    assert household.coordinator == household.backup.coordinator
    assert original.read_bytes() == before
    found = survey(household, DEFINITIONS, household.backup, NOW)
    assert found.deed is CoordinatorAction.KEEP
    assert len(found.ours) == 5
    with closing(sqlite3.connect(target)) as opened:
        query = f"SELECT name FROM groups_v{DB_VERSION}"
        assert opened.execute(query).fetchall() == [("Downstairs",)]


async def test_stored_values_of_zigpy_become_states(tmp_path: Path) -> None:
    zha.copy(source(15, tmp_path), tmp_path / "ours.db")
    household = await zha.household(tmp_path / "ours.db")
    stored = memories(household.members, DEFINITIONS)
    by_model = {each.node.model: stored[each.node.ieee] for each in household.members}
    assert by_model["lumi.plug"]["state"]["state"] is True
    assert by_model["lumi.plug"]["state"]["power"] == 42
    assert by_model["lumi.relay.c2acn01"]["state"]["state_l2"] is False
    assert by_model["lumi.relay.c2acn01"]["about"]["date_code"]
    assert by_model["lumi.plug"]["last_seen"]


async def test_coordinator_matches_its_database(home: Home, tmp_path: Path) -> None:
    zha.copy(source(15, tmp_path), tmp_path / "ours.db")
    household = await zha.household(tmp_path / "ours.db")
    found = survey(household, DEFINITIONS, await read_stick(Port("virtual://zha")), NOW)
    assert (found.deed, found.differences) == (CoordinatorAction.KEEP, ())


def copy_with_journal(original: Path, target: Path) -> None:
    """Copy a file while a change is in its journal only."""
    with closing(sqlite3.connect(original)) as opened:
        opened.execute("PRAGMA journal_mode = WAL")
        opened.execute("PRAGMA wal_autocheckpoint = 0")
        opened.execute("UPDATE devices_v15 SET nwk = 4660 WHERE nwk != 0")
        opened.commit()
        assert Path(f"{original}-wal").stat().st_size > 0
        zha.copy(original, target)


async def test_journal_is_copied(tmp_path: Path) -> None:
    """Home Assistant was killed: what zigpy wrote last is not in the file yet."""
    copy_with_journal(source(15, tmp_path), tmp_path / "ours.db")
    household = await zha.household(tmp_path / "ours.db")
    assert 0x1234 in {each.node.nwk for each in household.members}


async def test_invalid_backups_are_skipped(tmp_path: Path) -> None:
    original = source(15, tmp_path)
    with closing(sqlite3.connect(original)) as opened:
        ((text,),) = opened.execute("SELECT backup_json FROM network_backups_v15").fetchall()
        newer = json.loads(text)
        newer["backup_time"] = "2030-01-01T00:00:00+00:00"
        newer["network_info"]["network_key"]["tx_counter"] += 1 << 33
        opened.execute("INSERT INTO network_backups_v15 VALUES (NULL, ?)", (json.dumps(newer),))
        opened.execute("UPDATE network_backups_v15 SET id = id + 10")
        opened.commit()
    zha.copy(original, tmp_path / "ours.db")
    household = await zha.household(tmp_path / "ours.db")
    assert household.backup is None
    assert household.coordinator is not None  # it is among the devices


def test_no_database(tmp_path: Path) -> None:
    with pytest.raises(TakeoverError) as error:
        zha.copy(tmp_path / "zigbee.db", tmp_path / "ours.db")
    assert error.value.failure is MigrationFailure.NO_DATABASE


@pytest.mark.parametrize("content", [b"", b"this is no database " * 99])
def test_invalid_database_leaves_no_file(content: bytes, tmp_path: Path) -> None:
    original = tmp_path / "zigbee.db"
    original.write_bytes(content)
    with pytest.raises(TakeoverError) as error:
        zha.copy(original, tmp_path / "ours.db")
    assert error.value.failure is MigrationFailure.DATABASE
    assert list(tmp_path.iterdir()) == [original]


async def test_database_of_a_newer_zigpy(tmp_path: Path) -> None:
    path = source(15, tmp_path)
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("PRAGMA user_version = 99")
    with pytest.raises(TakeoverError) as error:
        await zha.household(path)
    assert error.value.failure is MigrationFailure.DATABASE


# Backups of several networks


def several(*, newest: str) -> SourceNetwork:
    """Backups of two networks, as after another coordinator was tried."""
    household = theirs()
    assert household.backup is not None
    other = changed(
        household.backup,
        coordinator_ieee="00124b0011223344",
        extended_pan_id="0a0b0c0d0e0f1011",
        pan_id="4444",
    )
    first, second = (other, household.backup) if newest == "other" else (household.backup, other)
    return replace(household, backup=first, others=(second,))


@pytest.mark.parametrize("newest", ["other", "own"])
def test_backup_of_the_coordinators_network_is_used(newest: str) -> None:
    stick = theirs().backup
    found = survey(several(newest=newest), DEFINITIONS, stick, NOW)
    assert found.deed is CoordinatorAction.KEEP
    assert found.network is stick
    assert MigrationWarning.SEVERAL_NETWORKS not in found.doubts


def test_warning_for_a_blank_coordinator_and_several_networks() -> None:
    found = survey(several(newest="other"), DEFINITIONS, None, NOW)
    assert found.deed is CoordinatorAction.WRITE
    assert found.network.pan_id == 0x4444
    assert MigrationWarning.SEVERAL_NETWORKS in found.doubts


def test_warning_for_a_coordinator_of_a_third_network() -> None:
    household = several(newest="own")
    assert household.backup is not None
    third = changed(household.backup, coordinator_ieee="00124b0099999999")
    found = survey(household, DEFINITIONS, third, NOW)
    assert found.deed is CoordinatorAction.OVERWRITE
    assert MigrationWarning.SEVERAL_NETWORKS in found.doubts


async def test_zha_has_backups_of_several_networks(tmp_path: Path) -> None:
    """The newest of each, as ZHA's database keeps them."""
    path = tmp_path / "zigbee.db"
    shutil.copy(FOLDER / "zha" / "zigbee-v15.db", path)
    with closing(sqlite3.connect(path)) as database:
        (stored,) = database.execute("SELECT backup_json FROM network_backups_v15").fetchone()
        content = json.loads(stored)
        content["backup_time"] = "2026-12-24T00:00:00+00:00"
        content["network_info"]["extended_pan_id"] = "0a:0b:0c:0d:0e:0f:10:11"
        content["node_info"]["ieee"] = "00:12:4b:00:11:22:33:44"
        for minutes in (0, 5):
            content["backup_time"] = f"2026-12-24T00:{minutes:02d}:00+00:00"
            content["network_info"]["network_key"]["tx_counter"] += 1
            database.execute(
                "INSERT INTO network_backups_v15 (id, backup_json) VALUES (?, ?)",
                (900 + minutes, json.dumps(content)),
            )
        database.commit()
    found = await zha.household(path)
    assert found.backup is not None
    assert found.backup.coordinator == "00:12:4b:00:11:22:33:44"
    (own,) = found.others
    assert own.coordinator != found.backup.coordinator
    assert survey(found, DEFINITIONS, own, NOW).deed is CoordinatorAction.KEEP


# Coordinators with an incomplete network


def test_coordinator_with_an_incomplete_network_is_completed() -> None:
    household = theirs()
    assert household.backup is not None
    stick = replace(household.backup, is_whole=False)
    found = survey(household, DEFINITIONS, stick, NOW)
    assert found.deed is CoordinatorAction.COMPLETE
    alone = survey(replace(household, backup=None), DEFINITIONS, stick, NOW)
    assert (alone.deed, alone.network) == (CoordinatorAction.COMPLETE, stick)
