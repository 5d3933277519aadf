"""The coordinator's memory: commands, limits, layouts, counters."""

from random import Random
import struct
from typing import Any

import pytest
from zigpy_znp import const
from zigpy_znp.types import nvids

from custom_components.aqara_zigbee.simulator import Home, LockS2, Plug
from custom_components.aqara_zigbee.simulator.faults import Faults
from custom_components.aqara_zigbee.simulator.items import (
    ADDRESSES,
    ADDRMGR,
    EMPTY_ADDRESS,
    EMPTY_KEY,
    EMPTY_MATERIAL,
    EMPTY_TRUST,
    NIB,
    STARTUP_OPTION,
    TCLK_SEED,
)
from custom_components.aqara_zigbee.simulator.mt import c, t
from custom_components.aqara_zigbee.simulator.nvram import (
    ZSTACK,
    Key,
    NvRam,
    NvStatus,
    OsalStatus,
    osal,
)
from custom_components.aqara_zigbee.simulator.records import Records, Settings

from .host import Host

NETWORK = Settings(15, 0x1A62, b"extended", b"k" * 16)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def nvram(faults: Faults) -> NvRam:
    return NvRam(faults)


@pytest.fixture
def records(nvram: NvRam) -> Records:
    records = Records(nvram, b"hardware", Random(0))
    records.boot()
    return records


# -- Commands ------------------------------------------------------------------------------------


def test_osal_items(nvram: NvRam, faults: Faults) -> None:
    assert nvram.osal_length(0x60) == 0
    assert nvram.osal_read(0x60, 0, 10) == (OsalStatus.INVALID_PARAMETER, b"")
    assert nvram.osal_write(0x60, 0, b"x") is OsalStatus.INVALID_PARAMETER
    assert nvram.osal_delete(0x60, 1) is OsalStatus.NV_ITEM_UNINIT
    assert nvram.osal_init(0x60, 4, b"ab") is OsalStatus.NV_ITEM_UNINIT
    assert nvram.osal_init(0x60, 4, b"cd") is OsalStatus.SUCCESS
    assert nvram.osal_init(0x60, 5, b"") is OsalStatus.NV_BAD_ITEM_LEN
    assert nvram.osal_read(0x60, 0, 10) == (OsalStatus.SUCCESS, b"ab\xff\xff")
    assert nvram.osal_write(0x60, 2, b"cd") is OsalStatus.SUCCESS
    assert nvram.osal_write(0x60, 3, b"xy") is OsalStatus.INVALID_PARAMETER
    assert nvram.osal_read(0x60, 1, 2) == (OsalStatus.SUCCESS, b"bc")
    assert nvram.osal_read(0x60, 4, 1) == (OsalStatus.INVALID_PARAMETER, b"")
    assert nvram.osal_delete(0x60, 3) is OsalStatus.NV_BAD_ITEM_LEN
    faults.nv_writes_fail = True
    assert nvram.osal_write(0x60, 0, b"x") is OsalStatus.NV_OPER_FAILED
    assert nvram.osal_delete(0x60, 4) is OsalStatus.NV_OPER_FAILED
    assert nvram.osal_init(0x61, 4, b"") is OsalStatus.NV_OPER_FAILED
    faults.clear()
    assert nvram.osal_delete(0x60, 4) is OsalStatus.SUCCESS
    assert nvram.osal_init(nvids.OsalNvIds.HAS_CONFIGURED_ZSTACK1, 1, b"U") is (
        OsalStatus.NV_OPER_FAILED
    )


def test_extended_items(nvram: NvRam, faults: Faults) -> None:
    key = Key(ZSTACK, 9, 3)
    assert nvram.read(key, 0, 1) == (NvStatus.NOT_FOUND, b"")
    assert nvram.write(key, 0, b"x") is NvStatus.NOT_FOUND
    assert nvram.delete(key) is NvStatus.NOT_FOUND
    assert nvram.create(key, 0) is NvStatus.BAD_LENGTH
    assert nvram.create(key, 4) is NvStatus.SUCCESS
    assert nvram.create(key, 4) is NvStatus.EXIST
    assert nvram.read(key, 0, 4) == (NvStatus.SUCCESS, bytes(4))
    assert nvram.write(key, 1, b"ab") is NvStatus.SUCCESS
    assert nvram.write(key, 3, b"ab") is NvStatus.BAD_LENGTH
    assert nvram.read(key, 1, 2) == (NvStatus.SUCCESS, b"ab")
    assert nvram.read(key, 1, 4) == (NvStatus.BAD_LENGTH, b"")
    assert nvram.update(key, b"longer") is NvStatus.SUCCESS
    faults.nv_writes_fail = True
    assert nvram.write(key, 0, b"x") is NvStatus.FAILURE
    assert nvram.update(key, b"x") is NvStatus.FAILURE
    assert nvram.delete(key) is NvStatus.FAILURE
    assert nvram.create(Key(ZSTACK, 9, 4), 1) is NvStatus.FAILURE
    faults.clear()
    assert nvram.delete(key) is NvStatus.SUCCESS


def test_both_sets_of_commands_reach_the_same_items(nvram: NvRam) -> None:
    nvram.osal_init(0x60, 1, b"U")
    assert nvram.read(Key(ZSTACK, 0, 0x60), 0, 1) == (NvStatus.SUCCESS, b"U")


def test_keys_are_written_and_read() -> None:
    key = Key(1, 0x0004, 0x00FF)
    assert str(key) == "01.0004.00ff"
    assert Key.parse(str(key)) == key


# -- Layouts, against zigpy-znp's ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (EMPTY_ADDRESS, const.EMPTY_ADDR_MGR_ENTRY_ZSTACK3),
        (
            EMPTY_TRUST,
            t.TCLKDevEntry(
                txFrmCntr=0,
                rxFrmCntr=0,
                extAddr=t.EUI64([t.uint8_t(0)] * 8),
                keyAttributes=t.KeyAttributes.DEFAULT_KEY,
                keyType=t.KeyType.NONE,
                SeedShift_IcIndex=0,
            ),
        ),
        (
            EMPTY_KEY,
            t.APSKeyDataTableEntry(Key=t.KeyData([0] * 16), TxFrameCounter=0, RxFrameCounter=0),
        ),
        (
            EMPTY_MATERIAL,
            t.NwkSecMaterialDesc(FrameCounter=0, ExtendedPanID=t.EUI64([t.uint8_t(0)] * 8)),
        ),
    ],
    ids=["address manager", "trust centre", "keys", "frame counters"],
)
def test_layouts(ours: bytes, theirs: Any) -> None:
    assert ours == theirs.serialize(align=True)


def test_identifiers(records: Records) -> None:
    names = nvids.OsalNvIds
    blank = records.factory()
    for wanted in (
        names.NIB,
        names.EXTADDR,
        names.LOGICAL_TYPE,
        names.CONCENTRATOR_ENABLE,
        names.CONCENTRATOR_DISCOVERY,
        names.CONCENTRATOR_RC,
        names.SRC_RTG_EXPIRY_TIME,
        names.NWK_CHILD_AGE_ENABLE,
        names.BCAST_DELIVERY_TIME,
        names.ZDO_DIRECT_CB,
        names.NWK_ACTIVE_KEY_INFO,
        names.APS_LINK_KEY_TABLE,
        names.BDBNODEISONANETWORK,
    ):
        assert osal(wanted) in blank


# -- Boot ----------------------------------------------------------------------------------------


def test_boot_creates_missing_items_and_follows_the_startup_option(
    nvram: NvRam, records: Records
) -> None:
    seed = nvram[osal(TCLK_SEED)]
    records.network = NETWORK
    records.known.enter(b"a device", 0x1234, child=True)
    records.save_counter(NETWORK.extended_pan, 77)
    del nvram.items[osal(0x0001)]
    records.boot()
    assert records.ieee == b"hardware"
    networks = [records.network]
    assert nvram[osal(TCLK_SEED)] == seed
    nvram[osal(STARTUP_OPTION)] = b"\x03"
    records.boot()
    networks.append(records.network)
    assert networks == [NETWORK, None]
    assert records.known.address_of(b"a device") is None
    assert nvram[osal(TCLK_SEED)] != seed
    assert nvram[osal(STARTUP_OPTION)] == b"\x00"
    assert records.resume_counter(NETWORK.extended_pan) == 77 + 1250  # survives a factory reset
    nvram[osal(STARTUP_OPTION)] = b"\x80"
    records.boot()
    assert records.resume_counter(NETWORK.extended_pan) == 0


def test_network_reads_the_items_of_a_host(nvram: NvRam, records: Records) -> None:
    records.network = NETWORK
    nib, _ = t.NIB.deserialize(nvram[osal(NIB)], align=True)
    assert nib.nwkLogicalChannel == 15
    nvram[osal(NIB)] = nib.replace(nwkLogicalChannel=20, nwkPanId=0x4711).serialize(align=True)
    network = records.network
    assert network is not None
    assert (network.channel, network.pan_id) == (20, 0x4711)
    nvram[osal(NIB)] = nib.replace(nwkLogicalChannel=0).serialize(align=True)
    assert records.network is None


def test_formation_follows_the_configuration(nvram: NvRam, records: Records) -> None:
    invented = records.invent(1 << 20)
    assert invented.channel == 20
    assert invented.extended_pan == b"hardware"
    nvram[osal(0x0083)] = struct.pack("<H", 0x1A62)
    nvram[osal(0x0047)] = b"wanted !"
    nvram[osal(0x0062)] = b"p" * 16
    nvram[osal(0x0063)] = b"\x01"
    configured = records.invent(0)
    assert configured == Settings(11, 0x1A62, b"wanted !", b"p" * 16)


# -- Counters and devices ------------------------------------------------------------------------


def test_frame_counter_never_decreases(records: Records) -> None:
    assert records.resume_counter(b"network1") == 0
    records.save_counter(b"network1", 5000)
    assert records.resume_counter(b"network1") == 6250
    assert records.resume_counter(b"network1") == 7500
    for number in range(2, 7):  # more networks than rows: the last row is used again
        records.resume_counter(b"network%d" % number)
    assert records.resume_counter(b"network1") == 8750


def test_frame_counter_is_stored_at_intervals() -> None:
    home = Home(speed=0)
    settings = home.form()
    home.coordinator.commission()
    home.clock.advance(1)
    started = home.coordinator.count_frame()
    for _ in range(1500):
        last = home.coordinator.count_frame()
    assert last == started + 1500
    home.reset_radio()
    assert home.records.resume_counter(settings.extended_pan) > last


def test_address_book(records: Records, nvram: NvRam) -> None:
    book = records.known
    for number in range(300):
        book.enter(struct.pack("<Q", number + 1), 0x1000 + number, child=number < 3)
    assert book.address_of(struct.pack("<Q", ADDRESSES)) == 0x1000 + ADDRESSES - 1
    assert book.address_of(struct.pack("<Q", 300)) is None  # the table is full
    assert len(list(book.children())) == 3
    book.strike(struct.pack("<Q", 2))
    book.strike(struct.pack("<Q", 999))
    assert nvram[Key(ZSTACK, ADDRMGR, 1)] == EMPTY_ADDRESS
    book.enter(struct.pack("<Q", 300), 0x2000, child=False)
    assert book.address_of(struct.pack("<Q", 300)) == 0x2000
    book.enter(struct.pack("<Q", 300), 0x2001, child=False)
    assert book.address_of(struct.pack("<Q", 300)) == 0x2001
    book.read()
    assert book.address_of(struct.pack("<Q", 300)) == 0x2001
    nvram[Key(ZSTACK, ADDRMGR, 0)] = b"\x01\xff\xfe\xff" + struct.pack("<Q", 1)
    book.read()
    assert book.address_of(struct.pack("<Q", 1)) is None  # known, but without an address


# -- Over the line -------------------------------------------------------------------------------


async def test_host_sees_lengths_errors_and_large_items(host: Host) -> None:
    nvram = host.app._znp.nvram
    assert await nvram.osal_delete(0x0060) in (True, False)
    with pytest.raises(KeyError):
        await nvram.osal_read(0x0060, item_type=t.uint8_t)
    await nvram.osal_write(0x0060, bytes(range(200)) * 2, create=True)
    assert await nvram.osal_read(0x0060, item_type=t.Bytes) == bytes(range(200)) * 2
    with pytest.raises(ValueError, match="length"):
        await nvram.osal_write(0x0060, b"short")
    assert await nvram.osal_delete(0x0060)
    with pytest.raises(KeyError):
        await nvram.read(item_id=nvids.ExNvIds.ADDRMGR, sub_id=ADDRESSES, item_type=t.Bytes)
    await nvram.write(item_id=0x0009, sub_id=1, value=b"abc", create=True)
    assert await nvram.read(item_id=0x0009, sub_id=1, item_type=t.Bytes) == b"abc"
    assert await nvram.delete(item_id=0x0009, sub_id=1)
    await host.app._znp.request(c.SYS.NVUpdate.Req(SysId=1, ItemId=9, SubId=1, Value=b"x"))
    await host.app._znp.request(c.SYS.NVCompact.Req(Threshold=100))


def test_snapshot_has_only_differences() -> None:
    home = Home(speed=0)
    home.form()
    home.add(Plug(), joined=True)
    home.add(LockS2(), joined=True)
    del home.nvram.items[osal(0x0004)]
    changed = home.nvram.snapshot(home.records.factory())
    assert changed[str(osal(0x0004))] is None
    assert len(changed) < 20
    other = NvRam(Faults())
    other.restore(home.records.factory(), changed)
    assert other.items == home.nvram.items
