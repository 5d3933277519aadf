"""Neighbor and routing tables, as in Mgmt_Lqi and Mgmt_Rtg responses."""

from typing import TYPE_CHECKING
from zlib import crc32

from .descriptors import Neighbor, Relationship, Role, Route

if TYPE_CHECKING:
    from .member import Member
    from .network import Network

TABLE_SIZE = 50


def link(one: bytes, other: bytes) -> int:
    """Return the link quality between two stations, 90 to 254, fixed for a pair of addresses."""
    return 90 + crc32(min(one, other) + max(one, other)) % 165


def neighbors_of(network: Network, station: Member | None) -> list[Neighbor]:
    """Return the neighbors of a router, or of the coordinator if `station` is None."""
    hub = network.hub.ieee_bytes
    me = hub if station is None else station.ieee_bytes
    rows: list[Neighbor] = []
    if station is not None:
        rows.append(
            Neighbor(
                hub,
                nwk=0x0000,
                role=Role.COORDINATOR,
                listens=True,
                relationship=Relationship.PARENT,
                depth=0,
                lqi=link(me, hub),
            )
        )
    for member in network.members():
        if len(rows) == TABLE_SIZE:
            break
        if member is not station and (member.is_router or member.parent is station):
            rows.append(_row(member, link(me, member.ieee_bytes)))
    return rows


def _row(member: Member, lqi: int) -> Neighbor:
    return Neighbor(
        member.ieee_bytes,
        nwk=member.nwk,
        role=Role.ROUTER if member.is_router else Role.END_DEVICE,
        listens=member.is_router,
        relationship=Relationship.SIBLING if member.is_router else Relationship.CHILD,
        depth=1,
        lqi=lqi,
    )


def detours(network: Network) -> list[Route]:
    """Return the coordinator's routes to members behind a router."""
    return [
        Route(member.nwk, member.parent.nwk)
        for member in network.members()
        if member.parent is not None
    ]
