"""Networks as data: all supported formats, invalid files, reading and restoring coordinators."""

from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from zigpy.backups import NetworkBackup
from zigpy_znp.types import MTCapabilities

from custom_components.aqara_zigbee.core.identity import (
    CHANNEL,
    COORDINATOR,
    EXTENDED_PAN_ID,
    KEY,
    PAN_ID,
)
from custom_components.aqara_zigbee.radio.backup import (
    MOST_BYTES,
    Backup,
    BackupError,
    BackupProblem,
)
from custom_components.aqara_zigbee.radio.network import Port, RadioError, RadioProblem
from custom_components.aqara_zigbee.radio.restore import WriteError, probe, read, restore
from custom_components.aqara_zigbee.simulator import Home, Knob, LockS2, Plug, Relay, items
from custom_components.aqara_zigbee.simulator.chip import Firmware
from custom_components.aqara_zigbee.simulator.port import Port as VirtualPort
from custom_components.aqara_zigbee.simulator.stranger import EzspAdapter

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
    """A new coordinator, plugged in as "new"."""
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


async def test_coordinator_is_read_with_its_devices(home: Home, backup: Backup) -> None:
    assert backup.channel == 15
    assert backup.coordinator == home.ieee
    assert backup.devices == 4
    assert backup.addresses == {node.ieee: node.nwk for node in home.devices}
    assert backup.source.startswith("zigpy-znp@")
    assert home.port.line is None


async def test_blank_coordinator_has_no_network(blank: Home) -> None:
    assert await read(Port("virtual://new")) is None
    assert blank.port.line is None


async def test_other_radios_are_not_read() -> None:
    port = VirtualPort(EzspAdapter())
    port.plug_in("other")
    with pytest.raises(RadioError) as error:
        await read(Port("virtual://other"))
    assert error.value.problem is RadioProblem.NOT_ZSTACK
    await port.close()


async def test_formats_are_converted_back(backup: Backup) -> None:
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


def test_zigbee2mqtts_file_is_read() -> None:
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
    """The values that zigbee-herdsman reads from such a file, with their types."""
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


def test_keys_are_not_printed(backup: Backup) -> None:
    key = backup.as_open_format()["network_key"]["key"]
    assert key not in f"{backup} {backup!r}".replace(":", "").lower()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", BackupProblem.UNREADABLE),
        (b"no json", BackupProblem.UNREADABLE),
        (b"\xff\xfe\x00", BackupProblem.UNREADABLE),
        (data(theirs())[:-40], BackupProblem.UNREADABLE),
        (b"[" * 100_000, BackupProblem.UNREADABLE),
        (b" " * (MOST_BYTES + 1), BackupProblem.TOO_LARGE),
        (b"[]", BackupProblem.OTHER),
        (b'"backup"', BackupProblem.OTHER),
        (b"{}", BackupProblem.OTHER),
        (data({"metadata": {"version": 1}}), BackupProblem.OTHER),
        (data({"metadata": "1", "network_key": {}}), BackupProblem.OTHER),
        (data({"adapterType": "zStack", "data": {"ZCD_NV_NIB": {}}}), BackupProblem.LEGACY),
        (data({"network_info": {}, "version": 99}), BackupProblem.NEWER),
        (data({"network_info": {}, "version": "1"}), BackupProblem.NEWER),
        (data({"network_info": {}, "version": 1}), BackupProblem.INCOMPLETE),
        (data({**theirs(), "metadata": {"version": 2}}), BackupProblem.NEWER),
    ],
)
def test_other_files_are_distinguished(content: bytes, problem: BackupProblem) -> None:
    with pytest.raises(BackupError) as error:
        Backup.parse(content)
    assert error.value.problem is problem


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
        lambda content: content["network_key"].update(key="0" * 32),
        lambda content: content["network_key"].update(sequence_number=True),
        lambda content: content.update(coordinator_ieee="0"),
        lambda content: content.update(extended_pan_id="00"),
        lambda content: content.update(pan_id=2748),
        lambda content: content.update(pan_id="-1"),
        lambda content: content.update(pan_id="11a2b"),
        lambda content: content.update(extended_pan_id=""),
    ],
)
def test_invalid_values_are_found_before_writing(
    spoil: Callable[[dict[str, Any]], object],
) -> None:
    content = theirs()
    spoil(content)
    with pytest.raises(BackupError) as error:
        Backup.parse(data(content))
    assert error.value.problem is BackupProblem.INCOMPLETE
    assert error.value.__suppress_context__


def digits(content: dict[str, Any]) -> None:
    """Take leading zeros away, wherever a number begins with some."""
    for name in ("pan_id", "extended_pan_id", "coordinator_ieee"):
        content[name] = content[name].lstrip("0")
    content["network_key"]["key"] = content["network_key"]["key"].lstrip("0")
    zstack = content["stack_specific"]["zstack"]
    zstack["tclk_seed"] = zstack["tclk_seed"].lstrip("0")
    for device in content["devices"]:
        for name in ("ieee_address", "nwk_address"):
            device[name] = device[name].lstrip("0")
        device["link_key"]["key"] = device["link_key"]["key"].lstrip("0")


def test_every_number_may_come_without_leading_zeros() -> None:
    """zigbee-herdsman 10.9 writes PAN id 98 as "62" and network address 7 as "7"."""
    content = theirs()
    content.update(
        pan_id="0062", extended_pan_id="00000000000dddd1", coordinator_ieee="000b57fffe000001"
    )
    content["network_key"]["key"] = "0003" + "5a" * 14
    content["stack_specific"]["zstack"]["tclk_seed"] = "000f" + "c3" * 14
    content["devices"][0].update(ieee_address="0000000000000abc", nwk_address="0007")
    content["devices"][0]["link_key"]["key"] = "000000" + "77" * 13
    whole = Backup.parse(data(content))
    assert (whole.pan_id, whole.addresses["00:00:00:00:00:00:0a:bc"]) == (0x62, 7)
    short = json.loads(json.dumps(content))
    digits(short)
    assert short["pan_id"] == "62"
    again = Backup.parse(data(short)).as_open_format()
    assert again == whole.as_open_format()


def test_truncated_key_is_invalid() -> None:
    content = theirs()
    content["network_key"]["key"] = content["network_key"]["key"][:20]
    with pytest.raises(BackupError):
        Backup.parse(data(content))


@pytest.mark.parametrize(
    "internal",
    [None, {}, 5, {"date": "yesterday"}, {"network": 5, "node": []}, {"link_key_seqs": 1}],
)
def test_optional_metadata(internal: object) -> None:
    """The open format's schema does not require it, and does not define its contents."""
    content = theirs()
    content["metadata"]["internal"] = internal
    if internal is None:
        del content["metadata"]["internal"]
    backup = Backup.parse(data(content))
    assert backup.differences(Backup.parse(data(theirs()))) == ()
    assert backup.taken is None
    assert backup.devices == 6


def test_missing_optional_values() -> None:
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


async def test_counter_of_another_network_is_ignored(backup: Backup) -> None:
    other = Backup.parse(data(theirs()))
    assert other.advanced(NOW, [backup]).frame_counter == other.advanced(NOW).frame_counter


def test_differences_have_names() -> None:
    ours = Backup.parse(data(theirs()))
    content = theirs()
    content["channel"] = 20
    assert ours.differences(Backup.parse(data(content))) == (CHANNEL,)
    content["network_key"]["key"] = "00" * 15 + "01"
    content["coordinator_ieee"] = "00124b0000000001"
    content["pan_id"] = "1234"
    content["extended_pan_id"] = "1111111111111111"
    assert set(ours.differences(Backup.parse(data(content)))) == {
        COORDINATOR,
        EXTENDED_PAN_ID,
        PAN_ID,
        CHANNEL,
        KEY,
    }


async def test_network_is_restored_on_a_new_coordinator(
    home: Home, blank: Home, backup: Backup
) -> None:
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


async def test_same_coordinator_keeps_its_higher_counter(home: Home, backup: Backup) -> None:
    """An old backup on a coordinator that kept sending: the counter must not decrease."""
    await restore(Port("virtual://old"), backup, NOW)
    later = await read(Port("virtual://old"))
    assert later is not None
    await restore(Port("virtual://old"), backup, NOW)
    last = await read(Port("virtual://old"))
    assert last is not None
    assert last.frame_counter > later.frame_counter


async def test_used_coordinator_is_overwritten(home: Home, blank: Home) -> None:
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


async def test_link_keys_are_not_for_z_stack_1(backup: Backup) -> None:
    """It does not support them, which is an error before writing."""
    capabilities = Firmware().capabilities & ~MTCapabilities.APP_CNF
    with_keys = Backup.parse(data(theirs()))
    assert with_keys.has_link_keys
    async with Home(seed=2, speed=20, firmware=Firmware(capabilities=capabilities)) as old:
        old.plug_in("old-stick")
        before = dict(old.nvram.items)
        assert (await probe(Port("virtual://old-stick"))).is_z_stack_1
        with pytest.raises(BackupError) as error:
            await restore(Port("virtual://old-stick"), with_keys, NOW)
        assert error.value.problem is BackupProblem.LINK_KEYS
        assert old.nvram.items == before


async def test_restore_without_a_coordinator(blank: Home, backup: Backup) -> None:
    with pytest.raises(RadioError) as error:
        await restore(Port("virtual://nowhere"), backup, NOW)
    assert error.value.problem is RadioProblem.NOT_FOUND


async def test_interrupted_restore_is_reported(blank: Home, backup: Backup) -> None:
    blank.faults.nv_writes_fail = True
    with pytest.raises(WriteError):
        await restore(Port("virtual://new"), backup, NOW)
    assert blank.port.line is None
    blank.faults.clear()
    await restore(Port("virtual://new"), backup, NOW)
    assert blank.records.network is not None


async def test_coordinator_disconnected_during_a_restore(blank: Home, backup: Backup) -> None:
    blank.clock.later(1.0, blank.unplug)
    with pytest.raises((WriteError, RadioError)):
        await restore(Port("virtual://new"), backup, NOW)
    blank.plug_in("new")
    await restore(Port("virtual://new"), backup, NOW)


async def test_ineffective_writes_are_detected(blank: Home, backup: Backup) -> None:
    """The flash confirms every key and device, and stores none."""
    blank.faults.nv_writes_vanish = True
    with pytest.raises(WriteError, match="differs from the data written"):
        await restore(Port("virtual://new"), backup, NOW)


async def test_invalid_row_costs_its_device_alone(home: Home) -> None:
    """A backup with one device less is better than none."""
    row = min(key for key in home.nvram.items if key.item == items.ADDRMGR)
    home.nvram[row] = b"\x0b" + home.nvram[row][1:]
    found = await read(Port("virtual://old"))
    assert found is not None
    assert found.channel == 15
    assert found.devices == 3
