"""The device tables of an older Z-Stack, which are items of their own or rows of one item."""

from typing import Any, override

import pytest
from zigpy.state import NetworkInfo
import zigpy.types as t
from zigpy_znp.exceptions import SecurityError
from zigpy_znp.nvram import NVRAMHelper
from zigpy_znp.types import (
    AddrMgrEntry,
    AddrMgrUserType,
    APSKeyDataTableEntry,
    APSLinkKeyTable,
    APSLinkKeyTableEntry,
    AuthenticationOption,
    KeyAttributes,
    KeyType,
    TCLKDevEntry,
)
from zigpy_znp.types.nvids import ExNvIds, OsalNvIds
from zigpy_znp.znp.security import compute_key

from custom_components.aqara_zigbee.radio import device_table
from custom_components.aqara_zigbee.radio.device_table import add_devices

SEED = t.KeyData(bytes(range(16)))
KEY = t.KeyData(bytes(range(16, 32)))
FIRST_KEY = OsalNvIds.LEGACY_APS_LINK_KEY_DATA_START
FIRST_SEEDED = OsalNvIds.LEGACY_TCLK_TABLE_START


def ieee(number: int) -> t.EUI64:
    return t.EUI64(bytes([number]) * 8)


def address(number: int, kind: int) -> AddrMgrEntry:
    """A row of the address manager."""
    return AddrMgrEntry(
        type=AddrMgrUserType(kind), nwkAddr=t.NWK(0x1000 + number), extAddr=ieee(number)
    )


class Memory(NVRAMHelper):
    """The memory of a coordinator with Z-Stack 3.0.x.

    Attributes:
        items: what is in it; an exception for an item that cannot be read.
    """

    version = 3.0

    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[no-untyped-call]
        self.align_structs = False
        self.items: dict[int, bytes | Exception] = {}
        self.nvram = self

    def put(self, item: int, *values: Any) -> None:
        """Write values one after the other into an item."""
        self.items[item] = b"".join(value.serialize(align=False) for value in values)

    @override
    async def osal_read(self, nv_id: int, *, item_type: Any) -> Any:
        found = self.items.get(int(nv_id))
        if found is None:
            raise KeyError(nv_id)
        if isinstance(found, Exception):
            raise found
        return self.deserialize(found, item_type)


@pytest.fixture
def memory() -> Memory:
    """A router, a child without address, a binding, and a router with a key of its own."""
    memory = Memory()
    child = address(2, AddrMgrUserType.Assoc | AddrMgrUserType.Security)
    child.nwkAddr = t.NWK(0xFFFE)
    memory.put(
        OsalNvIds.ADDRMGR,
        address(1, AddrMgrUserType.Security),
        child,
        address(3, AddrMgrUserType.Binding),
        address(4, AddrMgrUserType.Security),
    )
    for row, number in enumerate((1, 2, 9)):
        memory.put(
            FIRST_SEEDED + row,
            TCLKDevEntry(
                txFrmCntr=10 + number,
                rxFrmCntr=0,
                extAddr=ieee(number),
                keyAttributes=KeyAttributes.VERIFIED_KEY,
                keyType=KeyType.NONE,
                SeedShift_IcIndex=number,
            ),
        )
    memory.put(FIRST_KEY, APSKeyDataTableEntry(Key=KEY, TxFrameCounter=7, RxFrameCounter=8))
    links = [
        APSLinkKeyTableEntry(
            AddressManagerIndex=3, LinkKeyNvId=FIRST_KEY, AuthenticationState=state
        )
        for state in (AuthenticationOption.AuthenticatedCBCK, AuthenticationOption.NotAuthenticated)
    ]
    memory.put(OsalNvIds.APS_LINK_KEY_TABLE, APSLinkKeyTable(links))
    return memory


async def read(memory: Memory, seed: t.KeyData | None = SEED) -> NetworkInfo:
    network = NetworkInfo()
    await add_devices(memory, network, seed)
    return network


def keys(network: NetworkInfo) -> dict[t.EUI64, t.KeyData]:
    return {key.partner_ieee: key.key for key in network.key_table}


async def test_all_tables_are_read(memory: Memory) -> None:
    network = await read(memory)
    assert network.children == [ieee(2)]
    assert network.nwk_addresses == {ieee(1): 0x1001, ieee(4): 0x1004}
    assert keys(network) == {
        ieee(1): compute_key(ieee(1), SEED, 1),
        ieee(2): compute_key(ieee(2), SEED, 2),
        ieee(4): KEY,
    }
    assert [key.tx_counter for key in network.key_table] == [11, 12, 7]
    assert keys(await read(memory, None)) == {ieee(4): KEY}


@pytest.mark.parametrize("row", [b"short", SecurityError("refused")], ids=["short", "refused"])
async def test_unreadable_rows_are_left_out(memory: Memory, row: bytes | Exception) -> None:
    memory.items[FIRST_SEEDED] = row
    assert keys(await read(memory)) == {ieee(2): compute_key(ieee(2), SEED, 2), ieee(4): KEY}
    memory.items[FIRST_KEY] = row
    assert keys(await read(memory)) == {ieee(2): compute_key(ieee(2), SEED, 2)}
    addresses = memory.items[OsalNvIds.ADDRMGR]
    assert isinstance(addresses, bytes)
    memory.items[OsalNvIds.ADDRMGR] = addresses[:-1]
    assert (await read(memory)).nwk_addresses == {ieee(1): 0x1001}


@pytest.mark.parametrize("item", [None, SecurityError("refused")], ids=["missing", "refused"])
async def test_without_the_address_manager_there_are_no_devices(
    memory: Memory, item: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    if item is None:
        del memory.items[OsalNvIds.ADDRMGR]
    else:
        memory.items[OsalNvIds.ADDRMGR] = item
    network = await read(memory)
    assert (network.children, network.nwk_addresses, network.key_table) == ([], {}, [])
    assert "cannot be read" in caplog.text


async def test_table_without_an_end_is_read_up_to_a_maximum(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Z-Stack from 3.30 on, every row of which cannot be read."""
    asked: list[int] = []

    async def refuse(*, item_id: int, sub_id: int, item_type: Any) -> bytes:
        asked.append(sub_id)
        raise SecurityError(str(item_id))

    monkeypatch.setattr(memory, "version", 3.30)
    monkeypatch.setattr(memory, "read", refuse)
    monkeypatch.setattr(device_table, "_MOST_ROWS", 5)
    network = await read(memory)
    assert network.nwk_addresses == {}
    assert len(asked) == 5 * len((ExNvIds.ADDRMGR, ExNvIds.TCLK_TABLE, ExNvIds.APS_KEY_DATA_TABLE))
