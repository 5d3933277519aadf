"""Neighbors in a home that is too large for one table."""

from custom_components.aqara_zigbee.simulator import LockS2, Plug
from custom_components.aqara_zigbee.simulator.descriptors import Relationship, Role
from custom_components.aqara_zigbee.simulator.topology import (
    TABLE_SIZE,
    detours,
    link,
    neighbors_of,
)

from .bench import Bench


def test_a_full_table(bench: Bench) -> None:
    """Surplus neighbors are omitted; the parent is always included."""
    plugs = [bench.add(Plug()) for _ in range(TABLE_SIZE + 10)]
    rows = neighbors_of(bench.network, None)
    assert len(rows) == TABLE_SIZE
    assert [row.nwk for row in rows] == [plug.nwk for plug in plugs[:TABLE_SIZE]]
    rows = neighbors_of(bench.network, plugs[0])
    assert len(rows) == TABLE_SIZE
    assert (rows[0].role, rows[0].relationship) == (Role.COORDINATOR, Relationship.PARENT)
    assert plugs[0].nwk not in [row.nwk for row in rows]


def test_a_sleeper_is_in_the_table_of_its_parent_only(bench: Bench) -> None:
    one, other = bench.add(Plug()), bench.add(Plug())
    lock = bench.add(LockS2(), parent=one)
    (row,) = [row for row in neighbors_of(bench.network, one) if row.nwk == lock.nwk]
    assert (row.role, row.relationship) == (Role.END_DEVICE, Relationship.CHILD)
    assert not row.listens
    for station in (other, None):
        assert lock.nwk not in [row.nwk for row in neighbors_of(bench.network, station)]
    assert [(route.destination, route.next_hop) for route in detours(bench.network)] == [
        (lock.nwk, one.nwk)
    ]


def test_links_are_the_same_both_ways_and_within_bounds(bench: Bench) -> None:
    plugs = [bench.add(Plug()) for _ in range(20)]
    found = {
        link(one.ieee_bytes, other.ieee_bytes) for one in plugs for other in plugs if one != other
    }
    assert all(90 <= quality <= 254 for quality in found)
    assert len(found) > 20
    assert link(plugs[0].ieee_bytes, plugs[1].ieee_bytes) == link(
        plugs[1].ieee_bytes, plugs[0].ieee_bytes
    )
