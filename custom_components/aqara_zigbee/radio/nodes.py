"""Converts zigpy's devices to the core's nodes."""

from zigpy.device import ZigbeeDevice

from ..core.radio import Endpoint, Node


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
