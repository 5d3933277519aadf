"""Coordinators whose memory lacks items of their network, or is too small for one."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
import json
from typing import Any

import pytest
import zigpy.types as t
import zigpy_znp.types as znp_t

from custom_components.aqara_zigbee.core.identity import KEY
from custom_components.aqara_zigbee.radio.backup import Backup, BackupError, BackupProblem
from custom_components.aqara_zigbee.radio.network import Port
from custom_components.aqara_zigbee.radio.restore import read, restore
from custom_components.aqara_zigbee.simulator import Home, Knob, Plug, items
from custom_components.aqara_zigbee.simulator.nvram import ZSTACK, Key, osal

PORT = Port("virtual://stick")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

FLAG, ACTIVE, NIB = ([osal(item)] for item in (items.ON_A_NETWORK, items.ACTIVE_KEY, items.NIB))
MATERIAL = [Key(ZSTACK, items.MATERIAL_TABLE, row) for row in range(items.MATERIALS)]
KEYS = [osal(item) for item in (items.ACTIVE_KEY, items.ALTERNATE_KEY, items.PRECFGKEY)]


@pytest.fixture
async def stick() -> AsyncGenerator[Home]:
    """A coordinator with a network of two devices."""
    async with Home(seed=5, speed=20) as home:
        home.form(channel=20)
        for kind in (Plug, Knob):
            home.add(kind(), joined=True)
        home.plug_in("stick")
        yield home


def lose(home: Home, lost: list[Key]) -> None:
    """Take items out of a memory; rows of a table become empty."""
    for key in lost:
        if key in MATERIAL:
            home.nvram[key] = items.EMPTY_MATERIAL
        else:
            assert home.nvram.delete(key) == 0


@pytest.mark.parametrize("lost", [FLAG, ACTIVE, MATERIAL], ids=["flag", "active key", "material"])
async def test_incomplete_network_is_read(stick: Home, lost: list[Key]) -> None:
    """And written back, with a counter that is far above what was there."""
    whole = await read(PORT)
    assert whole is not None
    assert whole.is_whole
    # As Z-Stack keeps it; the simulated one needs no copy.
    stick.nvram[osal(items.ALTERNATE_KEY)] = stick.nvram[osal(items.ACTIVE_KEY)]
    lose(stick, lost)
    found = await read(PORT)
    assert found is not None
    assert not found.is_whole
    assert found.is_usable
    assert found.is_same_network(whole)
    assert found.differences(whole) == ()
    if lost is FLAG:
        assert found.addresses == whole.addresses
    await restore(PORT, found, NOW)
    again = await read(PORT)
    assert again is not None
    assert again.is_whole
    assert again.differences(whole) == ()
    assert again.frame_counter > whole.frame_counter


@pytest.mark.parametrize("lost", [NIB, KEYS], ids=["network", "keys"])
async def test_unusable_network_is_reported(stick: Home, lost: list[Key]) -> None:
    lose(stick, lost)
    found = await read(PORT)
    assert found is not None
    assert not found.is_whole
    assert not found.is_usable
    with pytest.raises(BackupError):
        Backup.of(found.as_dict())


async def test_preconfigured_key_is_used_last(stick: Home) -> None:
    """It is the network's if there is one, and unused on a blank coordinator."""
    whole = await read(PORT)
    assert whole is not None
    active, alternate, preconfigured = KEYS
    stick.nvram[preconfigured] = stick.nvram[active][1:17]
    stick.nvram[active] = stick.nvram[alternate] = bytes(len(stick.nvram[active]))
    lose(stick, FLAG)
    found = await read(PORT)
    assert found is not None
    assert found.differences(whole) == ()
    lose(stick, NIB)
    assert await read(PORT) is None


@pytest.mark.parametrize(
    "change", [{"nwkLogicalChannel": t.uint8_t(0)}, {"nwkPanId": t.NWK(0xFFFF)}]
)
async def test_empty_item_counts_as_missing(stick: Home, change: dict[str, Any]) -> None:
    """Only the key is left, which is no network."""
    (item,) = NIB
    nib, _ = znp_t.NIB.deserialize(stick.nvram[item], align=True)
    lose(stick, FLAG)
    stick.nvram[item] = nib.replace(**change).serialize(align=True)
    found = await read(PORT)
    assert found is not None
    assert not found.is_usable


async def test_devices_without_keys_are_read(stick: Home) -> None:
    """And without an address that is not known."""
    whole = await read(PORT)
    assert whole is not None
    row = znp_t.AddrMgrEntry(
        type=znp_t.AddrMgrUserType.Assoc, nwkAddr=t.NWK(0xFFFE), extAddr=t.EUI64(bytes(range(8)))
    )
    stick.nvram[Key(ZSTACK, items.ADDRMGR, 9)] = row.serialize(align=True)
    lose(stick, FLAG)
    found = await read(PORT)
    assert found is not None
    assert found.is_usable
    assert found.devices == whole.devices + 1
    assert found.addresses == whole.addresses


UNREADABLE_ROWS = [b"short", b"\x77" * 12, b"\x77" * 40]


@pytest.mark.parametrize("lost", [FLAG, []], ids=["incomplete", "whole"])
@pytest.mark.parametrize("content", UNREADABLE_ROWS)
async def test_unreadable_device_row_is_left_out(
    stick: Home, lost: list[Key], content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Also of a network that lacks nothing else, whose daily backup would be without devices."""
    knob = stick.add(Knob(), joined=True)
    whole = await read(PORT)
    assert whole is not None
    addresses = rows_of(stick, items.ADDRMGR)
    first = next(row for row in addresses if stick.nvram[row][4:] != items.NOBODY)
    ieee = str(t.EUI64(stick.nvram[first][4:]))
    lose(stick, lost)
    stick.nvram[first] = content
    found = await read(PORT)
    assert found is not None
    assert found.is_usable
    assert found.addresses == {each: nwk for each, nwk in whole.addresses.items() if each != ieee}
    assert knob.ieee in found.addresses
    assert found.is_same_network(whole)
    keys = {each["partner_ieee"] for each in found.as_dict()["network_info"]["key_table"]}
    assert keys == {each.ieee for each in stick.devices} - {ieee}
    if len(content) != 12:
        assert "ADDRMGR" in caplog.text


@pytest.mark.parametrize("table", [items.TCLK_TABLE, items.KEY_TABLE])
@pytest.mark.parametrize("content", [b"short", b"\x77" * 40])
async def test_unreadable_key_row_is_left_out(stick: Home, table: int, content: bytes) -> None:
    whole = await read(PORT)
    assert whole is not None
    if table == items.KEY_TABLE:
        await restore(PORT, with_devices(whole, 3, derived=False), NOW)
        whole = await read(PORT)
        assert whole is not None
    before = key_table(whole)
    stick.nvram[rows_of(stick, table)[1]] = content
    found = await read(PORT)
    assert found is not None
    assert found.addresses == whole.addresses
    after = key_table(found)
    assert len(after) == len(before) - 1
    assert after.items() <= before.items()


async def test_devices_have_no_keys_without_the_seed(stick: Home) -> None:
    """It can be written back: routers need no more than the network's key."""
    whole = await read(PORT)
    assert whole is not None
    lose(stick, FLAG)
    stick.nvram[osal(items.TCLK_SEED)] = b"short"
    found = await read(PORT)
    assert found is not None
    assert found.is_usable
    assert found.addresses == whole.addresses
    assert not found.has_link_keys
    assert found.differences(whole) == ()


@pytest.mark.parametrize("content", [b"", b"\xff"])
async def test_keys_of_unreadable_links_are_left_out(stick: Home, content: bytes) -> None:
    held = await read(PORT)
    assert held is not None
    await restore(PORT, with_devices(held, 3, derived=False), NOW)
    whole = await read(PORT)
    assert whole is not None
    lose(stick, FLAG)
    if content:
        stick.nvram[osal(items.LINK_KEYS)] = content
    else:
        lose(stick, [osal(items.LINK_KEYS)])
    found = await read(PORT)
    assert found is not None
    assert found.addresses == whole.addresses
    # The seed is chosen so that it has one of them.
    assert len(key_table(found)) == 1
    assert key_table(found).items() <= key_table(whole).items()


@pytest.mark.parametrize("index", [0x00FF, 0xFFFF])
async def test_key_of_an_invalid_link_is_left_out(stick: Home, index: int) -> None:
    held = await read(PORT)
    assert held is not None
    await restore(PORT, with_devices(held, 3, derived=False), NOW)
    whole = await read(PORT)
    assert whole is not None
    links = bytearray(stick.nvram[osal(items.LINK_KEYS)])
    links[2:4] = index.to_bytes(2, "little")
    stick.nvram[osal(items.LINK_KEYS)] = bytes(links)
    found = await read(PORT)
    assert found is not None
    assert found.addresses == whole.addresses
    assert len(key_table(found)) == 2
    assert key_table(found).items() <= key_table(whole).items()


def rows_of(stick: Home, table: int) -> list[Key]:
    """The items of a table, in order."""
    rows = [key for key in stick.nvram.items if key.system == ZSTACK and key.item == table]
    return sorted(rows, key=lambda key: key.sub)


def key_table(backup: Backup) -> dict[str, str]:
    """The link keys of devices."""
    keys = backup.as_dict()["network_info"]["key_table"]
    return {each["partner_ieee"]: each["key"] for each in keys}


async def test_coordinator_with_an_invalid_network_is_incomplete(stick: Home) -> None:
    (active,) = ACTIVE
    stick.nvram[active] = bytes(17)
    found = await read(PORT)
    assert found is not None
    assert not (found.is_whole and found.is_usable)


def with_devices(backup: Backup, count: int, *, derived: bool) -> Backup:
    """The network with more devices, whose keys follow from the seed or do not."""
    content: dict[str, Any] = json.loads(json.dumps(backup.as_open_format()))
    known = [device for device in content["devices"] if "link_key" in device]
    assert known
    content["devices"] = [
        {
            "ieee_address": f"{number:016x}",
            "nwk_address": f"{number:x}",
            "is_child": derived,
            **(
                {}
                if derived
                else {"link_key": {"key": f"{number:032x}", "tx_counter": 1, "rx_counter": 1}}
            ),
        }
        for number in range(0x1000, 0x1000 + count)
    ]
    return Backup.of(content)


@pytest.mark.parametrize(
    ("count", "derived"), [(items.ADDRESSES + 1, True), (items.KEYS + 2, False)]
)
async def test_too_many_devices_are_rejected_before_writing(
    stick: Home, count: int, derived: bool
) -> None:
    held = await read(PORT)
    assert held is not None
    before = stick.nvram.snapshot(stick.records.factory())
    with pytest.raises(BackupError) as error:
        await restore(PORT, with_devices(held, count, derived=derived), NOW)
    assert error.value.problem is BackupProblem.TOO_MANY_DEVICES
    assert stick.nvram.snapshot(stick.records.factory()) == before


async def test_maximum_of_devices_is_written(stick: Home) -> None:
    held = await read(PORT)
    assert held is not None
    await restore(PORT, with_devices(held, items.KEYS, derived=False), NOW)
    again = await read(PORT)
    assert again is not None
    assert KEY not in again.differences(held)
    assert again.devices == items.KEYS
