"""Reads neighbor tables (Zigbee specification, 2.4.3.3.2: Mgmt_Lqi_req)."""

from zigpy.device import ZigbeeDevice
import zigpy.zdo.types as zdo_t

from ..core.errors import RefusedError
from ..core.radio import Neighbour

_MOST = 254
"""Maximum entries of a table; its index is one octet."""

_NOBODY = {"00:00:00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff:ff:ff"}


async def neighbours_of(device: ZigbeeDevice) -> list[Neighbour]:
    """Return the neighbor table of a router or the coordinator, page by page.

    Raises:
        DeliveryError: it answers with an error.
    """
    found: list[Neighbour] = []
    index = 0
    while index < _MOST:
        status, page = await device.zdo.Mgmt_Lqi_req(index)
        if status != zdo_t.Status.SUCCESS:
            raise RefusedError(
                f"{device.ieee} rejected the request: status 0x{status:02x}", int(status)
            )
        found += map(_neighbour, page.NeighborTableList)
        index += len(page.NeighborTableList)
        if not page.NeighborTableList or index >= page.Entries:
            break
    return [each for each in found if each.ieee not in _NOBODY]


def _neighbour(row: zdo_t.Neighbor) -> Neighbour:
    return Neighbour(
        ieee=str(row.ieee),
        nwk=int(row.nwk),
        kind=int(row.device_type),
        relation=int(row.relationship),
        depth=int(row.depth),
        link_quality=int(row.lqi),
    )
