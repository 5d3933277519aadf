"""Converts zigpy's devices and neighbor tables to the core's."""

from zigpy.device import ZigbeeDevice
import zigpy.zdo.types as zdo_t

from ..core.errors import RefusedError
from ..core.radio import Endpoint, Neighbour, Node


def node_of(device: ZigbeeDevice) -> Node:
    """Return a device's node."""
    descriptor = device.node_desc
    return Node(
        ieee=str(device.ieee),
        nwk=int(device.nwk),
        model=device.model,
        manufacturer=device.manufacturer,
        is_complete=device.is_initialized,
        manufacturer_code=descriptor.manufacturer_code if descriptor else None,
        logical_type=int(descriptor.logical_type) if descriptor else None,
        mac_capabilities=int(descriptor.mac_capability_flags) if descriptor else None,
        endpoints={
            endpoint.endpoint_id: Endpoint(
                endpoint.profile_id,
                endpoint.device_type,
                tuple(endpoint.in_clusters),
                tuple(endpoint.out_clusters),
            )
            for endpoint in device.non_zdo_endpoints
        },
    )


def is_coordinator(device: ZigbeeDevice) -> bool:
    """Whether it is this or a former coordinator, and not a device of the home."""
    return device.node_desc is not None and bool(device.node_desc.is_coordinator)


_MOST = 254
"""Maximum entries of a neighbor table; its index is one octet."""

_NOBODY = {"00:00:00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff:ff:ff"}


async def neighbours_of(device: ZigbeeDevice) -> list[Neighbour]:
    """Read the neighbor table of a router or the coordinator, page by page.

    It is read with Mgmt_Lqi_req (Zigbee specification, 2.4.3.3.2).

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
