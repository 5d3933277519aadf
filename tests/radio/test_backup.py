"""Networks as data: every format that is understood, every file that is not, sticks written and read."""

from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from zigpy.backups import NetworkBackup

from custom_components.aqara_zigbee.radio.backup import (
    MOST_BYTES,
    Backup,
    BackupError,
    Difference,
    Flaw,
    WriteError,
    read,
    restore,
)
from custom_components.aqara_zigbee.radio.network import Port, RadioError, Trouble
from custom_components.aqara_zigbee.radio.virtual import Home, Knob, LockS2, Plug, Relay, items
from custom_components.aqara_zigbee.radio.virtual.port import Port as VirtualPort
from custom_components.aqara_zigbee.radio.virtual.stranger import EzspStick

FOLDER = Path(__file__).parent.parent / "fixtures" / "takeover"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
async def home() -> AsyncGenerator[Home]:
    """A home with a network and devices of old, plugged in as "old"."""
    async with Home(seed=1, speed=20) as home:
        home.form(channel=15)
        for kind in (Plug, Relay, LockS2, Knob):
            home.add(kind(), joined=True)
        home.plug_in("old")
        yield home


@pytest.fixture
async def blank() -> AsyncGenerator[Home]:
    """A new stick, plugged in as "new"."""
    async with Home(seed=2, speed=20) as home:
        home.plug_in("new")
        yield home


@pytest.fixture
async def backup(home: Home) -> Backup:
    """The network of the home."""
    found = await read(Port("virtual://old"))
    assert found is not None
    return found


def file(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / "zigbee2mqtt" / "version-2" / name).read_text())
    return content


def theirs() -> dict[str, Any]:
    """Zigbee2MQTT's file."""
    return file("coordinator_backup.json")


def data(content: object) -> bytes:
    return json.dumps(content).encode()


async def test_stick_is_read_with_its_devices(home: Home, backup: Backup) -> None:
    assert backup.channel == 15
    assert backup.coordinator == home.ieee
    assert backup.devices == 4
    assert backup.addresses == {node.ieee: node.nwk for node in home.devices}
    assert backup.source.startswith("zigpy-znp@")
    assert home.port.line is None


async def test_blank_stick_holds_nothing(blank: Home) -> None:
    assert await read(Port("virtual://new")) is None
    assert blank.port.line is None


async def test_what_is_no_zstack_is_not_read() -> None:
    port = VirtualPort(EzspStick())
    port.plug_in("other")
    with pytest.raises(RadioError) as error:
        await read(Port("virtual://other"))
    assert error.value.trouble is Trouble.NOT_ZSTACK
    await port.close()


async def test_formats_go_round(backup: Backup) -> None:
    """The one of zigpy and the open one, each through zigpy and back."""
    for content in (backup.as_dict(), backup.as_open_format()):
        again = Backup.parse(data(content))
        assert again.differences(backup) == ()
        assert again.frame_counter == backup.frame_counter
        assert again.addresses == backup.addresses
        assert again.devices == backup.devices
        assert again.taken == backup.taken
    zigpys = NetworkBackup.from_dict(backup.as_open_format())
    assert zigpys.is_complete()


def test_zigbee2mqtts_file_is_understood() -> None:
    backup = Backup.parse(data(theirs()))
    assert backup.channel == 11
    assert backup.pan_id == 0x1A2B
    assert backup.extended_pan_id == "01:02:03:04:05:06:07:08"
    assert backup.source == "zigbee-herdsman@6.2.0"
    assert backup.taken == datetime(2026, 11, 19, 8, 15, 30, 123000, tzinfo=UTC)
    assert backup.frame_counter == 66781
    assert backup.devices == 6
    assert backup.has_key(bytes.fromhex("a1b2c3d4e5f60718293a4b5c6d7e8f90"))
    assert not backup.has_key(bytes(16))


def test_zigbee2mqtt_finds_its_fields_in_ours(backup: Backup) -> None:
    """What zigbee-herdsman reads from such a file, with the types it expects."""
    ours = json.loads(json.dumps(backup.as_open_format()))
    assert ours["metadata"]["format"] == "zigpy/open-coordinator-backup"
    assert ours["metadata"]["version"] == 1
    for key, length in {
        "coordinator_ieee": 16,
        "pan_id": 4,
        "extended_pan_id": 16,
    }.items():
        assert len(bytes.fromhex(ours[key])) * 2 == length
    assert len(bytes.fromhex(ours["stack_specific"]["zstack"]["tclk_seed"])) == 16
    assert len(bytes.fromhex(ours["network_key"]["key"])) == 16
    assert isinstance(ours["network_key"]["sequence_number"], int)
    assert isinstance(ours["network_key"]["frame_counter"], int)
    assert ours["channel"] in ours["channel_mask"]
    assert {type(ours[key]) for key in ("nwk_update_id", "security_level", "channel")} == {int}
    for device in ours["devices"]:
        assert len(bytes.fromhex(device["ieee_address"])) == 8
        assert len(bytes.fromhex(device["nwk_address"])) == 2
        assert isinstance(device["is_child"], bool)
        assert set(device["link_key"]) == {"key", "rx_counter", "tx_counter"}
    assert set(theirs()) <= set(ours)
    assert set(theirs()["devices"][0]) <= set(ours["devices"][0])


def test_no_secret_shows(backup: Backup) -> None:
    key = backup.as_open_format()["network_key"]["key"]
    assert key not in f"{backup} {backup!r}".replace(":", "").lower()


@pytest.mark.parametrize(
    ("content", "flaw"),
    [
        (b"", Flaw.UNREADABLE),
        (b"no json", Flaw.UNREADABLE),
        (b"\xff\xfe\x00", Flaw.UNREADABLE),
        (data(theirs())[:-40], Flaw.UNREADABLE),
        (b"[" * 100_000, Flaw.UNREADABLE),
        (b" " * (MOST_BYTES + 1), Flaw.TOO_LARGE),
        (b"[]", Flaw.OTHER),
        (b'"backup"', Flaw.OTHER),
        (b"{}", Flaw.OTHER),
        (data({"metadata": {"version": 1}}), Flaw.OTHER),
        (data({"metadata": "1", "network_key": {}}), Flaw.OTHER),
        (data({"adapterType": "zStack", "data": {"ZCD_NV_NIB": {}}}), Flaw.LEGACY),
        (data({"network_info": {}, "version": 99}), Flaw.NEWER),
        (data({"network_info": {}, "version": "1"}), Flaw.NEWER),
        (data({"network_info": {}, "version": 1}), Flaw.INCOMPLETE),
        (data({**theirs(), "metadata": {"version": 2}}), Flaw.NEWER),
    ],
)
def test_other_files_are_told_apart(content: bytes, flaw: Flaw) -> None:
    with pytest.raises(BackupError) as error:
        Backup.parse(content)
    assert error.value.flaw is flaw


def without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda content: content.pop(key)


@pytest.mark.parametrize(
    "spoil",
    [
        *(
            without(key)
            for key in (
                "coordinator_ieee",
                "pan_id",
                "extended_pan_id",
                "channel",
                "channel_mask",
                "network_key",
                "devices",
                "nwk_update_id",
            )
            if key != "network_key"
        ),
        lambda content: content.update(channel=27),
        lambda content: content.update(channel="11"),
        lambda content: content.update(pan_id="ffff"),
        lambda content: content.update(pan_id="no hex"),
        lambda content: content.update(coordinator_ieee=None),
        lambda content: content.update(nwk_update_id=256),
        lambda content: content.update(security_level=-1),
        lambda content: content["network_key"].update(key="a1b2"),
        lambda content: content["network_key"].update(frame_counter=-1),
        lambda content: content["network_key"].update(frame_counter=1 << 32),
        lambda content: content["network_key"].update(frame_counter="1"),
        lambda content: content["network_key"].update(sequence_number=None),
        lambda content: content["stack_specific"]["zstack"].update(tclk_seed="00"),
        lambda content: content["stack_specific"]["zstack"].update(tclk_seed="xy" * 16),
        lambda content: content["devices"][0].pop("ieee_address"),
        lambda content: content["devices"][0]["link_key"].update(tx_counter=None),
        lambda content: content["devices"].append("device"),
        lambda content: content["metadata"].update(internal={"date": "yesterday"}),
    ],
)
def test_spoilt_values_are_found_before_anything_is_written(
    spoil: Callable[[dict[str, Any]], object],
) -> None:
    content = theirs()
    spoil(content)
    with pytest.raises(BackupError) as error:
        Backup.parse(data(content))
    assert error.value.flaw is Flaw.INCOMPLETE
    assert error.value.__suppress_context__


def test_what_some_programs_leave_out() -> None:
    content = theirs()
    content["security_level"] = None
    content["channel_mask"] = []
    content["metadata"]["internal"] = {"date": "2026-01-01T00:00:00"}
    backup = Backup.parse(data(content))
    ours = backup.as_open_format()
    assert ours["security_level"] == 5
    assert ours["channel_mask"] == [11]
    assert backup.taken == datetime(2026, 1, 1, tzinfo=UTC)
    content["metadata"]["internal"] = {}
    assert Backup.parse(data(content)).taken is None


def test_frame_counter_advances_with_age() -> None:
    backup = Backup.parse(data(theirs()))
    assert backup.taken is not None
    fresh = backup.advanced(backup.taken)
    assert fresh.frame_counter == backup.frame_counter + 10_000
    older = backup.advanced(backup.taken + timedelta(days=30))
    assert older.frame_counter == backup.frame_counter + 10_000 + 30 * 100_000
    assert backup.advanced(backup.taken - timedelta(days=3)).frame_counter == fresh.frame_counter
    assert backup.advanced(NOW, [older]).frame_counter > older.frame_counter
    keys = fresh.as_open_format()["devices"][0]["link_key"]
    assert keys["tx_counter"] == theirs()["devices"][0]["link_key"]["tx_counter"] + 2500


def test_frame_counter_stays_within_its_bits() -> None:
    content = theirs()
    content["network_key"]["frame_counter"] = 0xFFFFFFF0
    content["metadata"]["internal"] = {}
    assert Backup.parse(data(content)).advanced(NOW).frame_counter == 0xFFFFFFFF


async def test_counter_of_another_network_is_no_matter(backup: Backup) -> None:
    other = Backup.parse(data(theirs()))
    assert other.advanced(NOW, [backup]).frame_counter == other.advanced(NOW).frame_counter


def test_differences_have_names() -> None:
    ours = Backup.parse(data(theirs()))
    content = theirs()
    content["channel"] = 20
    assert ours.differences(Backup.parse(data(content))) == (Difference.CHANNEL,)
    content["network_key"]["key"] = "00" * 15 + "01"
    content["coordinator_ieee"] = "00124b0000000001"
    content["pan_id"] = "1234"
    content["extended_pan_id"] = "1111111111111111"
    assert set(ours.differences(Backup.parse(data(content)))) == set(Difference)


async def test_network_moves_to_a_new_stick(home: Home, blank: Home, backup: Backup) -> None:
    assert blank.ieee != home.ieee
    found = await restore(Port("virtual://new"), backup, NOW)
    assert found.ieee == home.ieee
    assert found.channel == 15
    assert blank.records.network is not None
    assert home.records.network is not None
    assert blank.records.network.identity == home.records.network.identity
    again = await read(Port("virtual://new"))
    assert again is not None
    assert again.differences(backup) == ()
    assert again.addresses == backup.addresses
    assert again.frame_counter >= backup.frame_counter + 10_000
    assert blank.port.line is None


async def test_same_stick_keeps_its_higher_counter(home: Home, backup: Backup) -> None:
    """An old backup on a stick that went on sending: devices must not hear an old counter."""
    await restore(Port("virtual://old"), backup, NOW)
    later = await read(Port("virtual://old"))
    assert later is not None
    await restore(Port("virtual://old"), backup, NOW)
    last = await read(Port("virtual://old"))
    assert last is not None
    assert last.frame_counter > later.frame_counter


async def test_used_stick_is_overwritten(home: Home, blank: Home) -> None:
    theirs_on_new = blank.form(channel=25)
    await restore(Port("virtual://new"), Backup.parse(data(theirs())), NOW)
    assert blank.records.network is not None
    assert blank.records.network.identity != theirs_on_new.identity
    assert blank.records.network.channel == 11


async def test_keys_stay_out_of_the_log(blank: Home, caplog: pytest.LogCaptureFixture) -> None:
    """zigpy-znp warns of seeds and link keys that it cannot use, and quotes them."""
    caplog.set_level(logging.INFO)
    content = theirs()
    content["stack_specific"] = {}
    content["metadata"]["internal"] |= {
        "network": {
            "tc_link_key": {"key": "dead" * 8, "frame_counter": 0},
            "tc_address": content["coordinator_ieee"],
        }
    }
    await restore(Port("virtual://new"), Backup.parse(data(content)), NOW)
    text = caplog.text.replace(":", "").lower()
    assert "deaddead" not in text
    assert "seed" not in text
    for device in content["devices"]:
        assert device["link_key"]["key"] not in text


async def test_nothing_there_to_write_to(blank: Home, backup: Backup) -> None:
    with pytest.raises(RadioError) as error:
        await restore(Port("virtual://nowhere"), backup, NOW)
    assert error.value.trouble is Trouble.NOT_FOUND


async def test_writing_that_breaks_off_is_said(blank: Home, backup: Backup) -> None:
    blank.faults.nv_writes_fail = True
    with pytest.raises(WriteError):
        await restore(Port("virtual://new"), backup, NOW)
    assert blank.port.line is None
    blank.faults.clear()
    await restore(Port("virtual://new"), backup, NOW)
    assert blank.records.network is not None


async def test_stick_pulled_while_it_is_written(blank: Home, backup: Backup) -> None:
    blank.clock.later(1.0, blank.unplug)
    with pytest.raises((WriteError, RadioError)):
        await restore(Port("virtual://new"), backup, NOW)
    blank.plug_in("new")
    await restore(Port("virtual://new"), backup, NOW)


async def test_stick_that_forgets_is_found_out(blank: Home, backup: Backup) -> None:
    """The flash says yes to every key and device, and keeps none."""
    blank.faults.nv_writes_vanish = True
    with pytest.raises(WriteError, match="something else"):
        await restore(Port("virtual://new"), backup, NOW)


async def test_tables_that_make_no_sense_are_left_out(home: Home) -> None:
    """A backup without devices is better than none."""
    row = min(key for key in home.nvram.items if key.item == items.ADDRMGR)
    home.nvram[row] = b"\x0b" + home.nvram[row][1:]
    found = await read(Port("virtual://old"))
    assert found is not None
    assert found.channel == 15
    assert found.devices == 0
