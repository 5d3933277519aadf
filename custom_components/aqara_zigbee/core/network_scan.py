"""Scans the neighbor tables of a network, and arranges the devices as a tree.

A scan reads the neighbor tables of the coordinator and every router, one after the other. This
takes seconds for each and occupies the radio, so it is done only on demand.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from .device import Device
from .errors import AqaraError
from .events import Unsubscribe
from .limits import is_moment, known_columns, known_members
from .radio import Ieee, Neighbour, Radio

_CHILD = 1
FORMER_CHILD = 4
"""Relations in a neighbor table (2.4.4.3.2)."""


class Kind(StrEnum):
    """A device's role in the network."""

    COORDINATOR = "coordinator"
    ROUTER = "router"
    END_DEVICE = "end_device"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ScannedDevice:
    """A device at the time of a scan.

    Attributes:
        available: whether it was available.
        last_seen: when it last sent something; None if never, or for the coordinator.
    """

    ieee: Ieee
    kind: Kind
    available: bool = True
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class TreePosition:
    """A device's place in the tree.

    Attributes:
        parent: the neighbor with the best link to it; None for the coordinator and without
            neighbors.
        link_quality: 0..255, the weaker direction if both are known; None without a parent.
        depth: hops from the coordinator.
    """

    member: ScannedDevice
    parent: Ieee | None = None
    link_quality: int | None = None
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """The result of a scan.

    Attributes:
        time: the time of its end.
        coordinator: its address.
        members: all devices, the coordinator first.
        tables: the neighbor tables by device.
        failed: routers, or the coordinator, without an answer.
    """

    time: datetime
    coordinator: Ieee
    members: tuple[ScannedDevice, ...]
    tables: Mapping[Ieee, tuple[Neighbour, ...]] = field(default_factory=dict)
    failed: frozenset[Ieee] = frozenset()

    def links(self) -> Iterator[tuple[Ieee, Neighbour]]:
        """Yield all neighbors with the device that lists them."""
        for hearer, neighbours in self.tables.items():
            for neighbour in neighbours:
                if neighbour.relation != FORMER_CHILD:
                    yield hearer, neighbour

    def as_dict(self) -> dict[str, Any]:
        """Return JSON for `from_dict`."""
        return {
            "time": self.time.isoformat(),
            "coordinator": self.coordinator,
            "members": [
                [
                    each.ieee,
                    each.kind,
                    each.available,
                    each.last_seen and each.last_seen.isoformat(),
                ]
                for each in self.members
            ],
            "tables": {
                ieee: [[n.ieee, n.nwk, n.kind, n.relation, n.depth, n.link_quality] for n in table]
                for ieee, table in self.tables.items()
            },
            "failed": sorted(self.failed),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Create a scan from `as_dict`.

        Raises:
            ValueError: it is invalid.
        """
        found = known_members(
            data, time=str, coordinator=str, members=list, tables=dict, failed=list
        )
        return cls(
            _moment(found["time"]),
            found["coordinator"],
            tuple(_scanned(row) for row in found["members"]),
            {ieee: _neighbours(rows) for ieee, rows in found["tables"].items()},
            frozenset(known_columns(found["failed"], *[str] * len(found["failed"]))),
        )


def _scanned(stored: object) -> ScannedDevice:
    ieee, kind, available, seen = known_columns(stored, str, str, bool, str | None)
    return ScannedDevice(ieee, Kind(kind), available, None if seen is None else _moment(seen))


def _neighbours(stored: object) -> tuple[Neighbour, ...]:
    rows = known_members({"table": stored}, table=list)["table"]
    return tuple(Neighbour(*known_columns(row, str, int, int, int, int, int)) for row in rows)


def _moment(text: str) -> datetime:
    if not is_moment(text):
        raise ValueError("a moment is damaged")
    return datetime.fromisoformat(text)


class NetworkScanner:
    """Scans one network.

    Attributes:
        last: the last scan with an answer of the coordinator; None before the first.
    """

    def __init__(self, radio: Callable[[], Radio], devices: Mapping[Ieee, Device]) -> None:
        self.last: Scan | None = None
        self._radio = radio
        self._devices = devices
        self._lock = asyncio.Lock()
        self._scans = 0
        self._latest: Scan | None = None
        self._observers: list[Callable[[Scan], None]] = []

    def subscribe(self, observer: Callable[[Scan], None]) -> Unsubscribe:
        """Call `observer` after each scan with an answer of the coordinator."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    async def scan(self, now: Callable[[], datetime]) -> Scan:
        """Scan the network. A call during a scan returns the result of that scan.

        Args:
            now: the clock.
        """
        before = self._scans
        async with self._lock:
            if self._scans != before and self._latest is not None:
                return self._latest
            scan = await self._ask_all(now)
            self._scans += 1
            self._latest = scan
        if scan.coordinator not in scan.failed:
            self.last = scan
            for observer in tuple(self._observers):
                observer(scan)
        return scan

    async def _ask_all(self, now: Callable[[], datetime]) -> Scan:
        radio = self._radio()
        coordinator = radio.coordinator.ieee
        routers = [device for device in self._devices.values() if device.is_router]
        asked = [coordinator, *(router.ieee for router in routers if router.available)]
        tables: dict[Ieee, tuple[Neighbour, ...]] = {}
        for ieee in asked:
            try:
                tables[ieee] = tuple(await radio.neighbours(ieee))
            except AqaraError:
                continue
        members = (
            ScannedDevice(coordinator, Kind.COORDINATOR),
            *map(_member, self._devices.values()),
        )
        every = {coordinator, *(router.ieee for router in routers)}
        return Scan(now(), coordinator, members, tables, frozenset(every - tables.keys()))


def _member(device: Device) -> ScannedDevice:
    kind = Kind.ROUTER if device.is_router else Kind.END_DEVICE
    return ScannedDevice(device.ieee, kind, device.available, device.last_seen)


def arrange(scan: Scan) -> list[TreePosition]:
    """Return every device once, each after its parent: a tree with the best links.

    The routes of messages are unknown, and change; this shows the best link of each device. Devices
    without neighbors are last. The same scan gives the same order.
    """
    members = {each.ieee: each for each in scan.members}
    for _, neighbour in scan.links():
        members.setdefault(neighbour.ieee, ScannedDevice(neighbour.ieee, Kind.UNKNOWN))
    parents = _parents(scan, members)
    children: dict[Ieee, list[Ieee]] = {}
    for ieee, (parent, _) in parents.items():
        children.setdefault(parent, []).append(ieee)

    def below(ieee: Ieee, depth: int) -> Iterator[TreePosition]:
        parent, quality = parents.get(ieee, (None, None))
        yield TreePosition(members[ieee], parent, quality, depth)
        order = sorted(children.get(ieee, ()), key=lambda each: (-parents[each][1], each))
        for child in order:
            yield from below(child, depth + 1)

    placed = list(below(scan.coordinator, 0))
    lost = sorted(members.keys() - {place.member.ieee for place in placed})
    roots = [ieee for ieee in lost if ieee not in parents]
    return placed + [place for ieee in roots for place in below(ieee, 0)]


def qualities(scan: Scan) -> dict[frozenset[Ieee], int]:
    """Return the link quality of pairs, 0..255: of the weaker direction, if both are known."""
    found: dict[frozenset[Ieee], int] = {}
    for hearer, neighbour in scan.links():
        if neighbour.ieee != hearer:
            pair = frozenset({hearer, neighbour.ieee})
            found[pair] = min(found.get(pair, 255), neighbour.link_quality)
    return found


def _parents(scan: Scan, members: Mapping[Ieee, ScannedDevice]) -> dict[Ieee, tuple[Ieee, int]]:
    """Return each device's parent and the link quality."""
    links = qualities(scan)
    relays = {ieee for ieee, each in members.items() if each.kind is Kind.ROUTER}
    parents: dict[Ieee, tuple[Ieee, int]] = {}
    waiting, newest = set(relays), scan.coordinator
    while True:
        for ieee in waiting:
            quality = links.get(frozenset({ieee, newest}), -1)
            if quality > parents.get(ieee, ("", -1))[1]:
                parents[ieee] = (newest, quality)
        if not (reachable := waiting & parents.keys()):
            break
        newest = min(reachable, key=lambda ieee: (-parents[ieee][1], ieee))
        waiting.remove(newest)
    claimed = {
        neighbour.ieee: hearer
        for hearer, neighbour in sorted(scan.links(), key=lambda link: link[1].link_quality)
        if neighbour.relation == _CHILD
    }
    for ieee in members.keys() - relays - {scan.coordinator}:
        candidates = [
            (links[pair], parent)
            for parent in (scan.coordinator, *sorted(relays))
            if (pair := frozenset({ieee, parent})) in links and claimed.get(ieee, parent) == parent
        ]
        if candidates:
            quality, parent = max(candidates, key=lambda each: each[0])
            parents[ieee] = (parent, quality)
    return parents


def table(scan: Scan) -> dict[str, Any]:
    """Return a scan as a table, for diagnostics and automations."""
    return {
        "time": scan.time.isoformat(),
        "devices": [
            {
                "ieee": place.member.ieee,
                "kind": str(place.member.kind),
                "parent": place.parent,
                "link_quality": place.link_quality,
                "depth": place.depth,
                "available": place.member.available,
                "last_seen": seen.isoformat() if (seen := place.member.last_seen) else None,
                "answered": place.member.ieee in scan.tables
                if place.member.ieee in scan.tables.keys() | scan.failed
                else None,
            }
            for place in arrange(scan)
        ],
        "links": [
            {
                "from": neighbour.ieee,
                "to": hearer,
                "link_quality": neighbour.link_quality,
                "relation": neighbour.relation,
                "depth": neighbour.depth,
            }
            for hearer, neighbour in scan.links()
        ],
    }
