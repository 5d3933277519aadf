"""Whether a network fits, by the tables of coordinators that the simulated one is not."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from zigpy.state import Key, NetworkInfo
import zigpy.types as t
from zigpy_znp.exceptions import CommandNotRecognized
from zigpy_znp.nvram import NVRAMHelper
from zigpy_znp.types.nvids import ExNvIds

from custom_components.aqara_zigbee.radio.application import Application
from custom_components.aqara_zigbee.radio.capacity import has_room


class Coordinator:
    """Tables of a memory.

    Attributes:
        version: of Z-Stack, as zigpy-znp numbers it.
        rows: how many rows each table has.
        links: the table of link keys; None if there is none.
        is_asked: whether its memory was looked at.
    """

    def __init__(self, version: float = 3.30, rows: int = 4, links: bytes | None = None) -> None:
        self.version = version
        self.rows = dict.fromkeys(
            (ExNvIds.ADDRMGR, ExNvIds.TCLK_TABLE, ExNvIds.APS_KEY_DATA_TABLE), rows
        )
        self.links = links
        self.is_asked = False
        self.nvram = self
        self.capabilities = 0

    async def request(self, request: Any) -> SimpleNamespace:
        """The length of a row."""
        self.is_asked = True
        if request.ItemId not in self.rows:
            raise CommandNotRecognized("no such command")
        return SimpleNamespace(Length=8 if request.SubId < self.rows[request.ItemId] else 0)

    async def osal_read(self, item: object, *, item_type: object) -> bytes:
        """The table of link keys."""
        if self.links is None:
            raise KeyError(item)
        return self.links

    def serialize(self, value: Any) -> bytes:
        """As zigpy-znp writes it for a chip that aligns."""
        helper = NVRAMHelper(cast("Any", self))
        helper.align_structs = True
        return helper.serialize(value)


def network(children: int, keys: int) -> NetworkInfo:
    """A network; no key follows from its seed."""
    found = NetworkInfo(stack_specific={"zstack": {"tclk_seed": "00" * 16}})
    found.children = [address(number) for number in range(children)]
    found.key_table = [
        Key(key=t.KeyData(bytes([number + 1] * 16)), partner_ieee=address(number))
        for number in range(keys)
    ]
    return found


def address(number: int) -> t.EUI64:
    return t.EUI64(number.to_bytes(8))


async def fits(coordinator: Coordinator, children: int, keys: int = 0) -> bool:
    app = cast("Application", SimpleNamespace(_znp=coordinator))
    return await has_room(app, network(children, keys))


async def test_each_device_takes_one_row() -> None:
    assert await fits(Coordinator(), 4)
    assert not await fits(Coordinator(), 5)
    assert await fits(Coordinator(), 4, keys=4), "the same device is in the table once"


@pytest.mark.parametrize("version", [1.2, 3.0])
async def test_old_firmware_is_checked_by_zigpy(version: float) -> None:
    """The size of its tables cannot be read; zigpy-znp itself rejects too many devices."""
    coordinator = Coordinator(version)
    assert await fits(coordinator, 1000)
    assert not coordinator.is_asked


async def test_unreadable_table_has_no_known_limit() -> None:
    coordinator = Coordinator()
    coordinator.rows.clear()
    assert await fits(coordinator, 1000)
    coordinator.rows[ExNvIds.ADDRMGR] = 0
    assert await fits(coordinator, 1000)


async def test_keys_need_links() -> None:
    """Their table has a fixed size: two octets, and six for each link."""
    two = Coordinator(links=bytes(2 + 2 * 6))
    assert await fits(two, 2, keys=2)
    assert not await fits(two, 3, keys=3)
    assert await fits(Coordinator(links=None), 3, keys=3), "nothing is known of its size"
