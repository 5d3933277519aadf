"""zigpy's database as a file: created for devices of another program, and read.

zigpy itself writes and migrates it, so it has the format of this version of zigpy.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
import sqlite3
from typing import Any, cast

from zigpy.appdb import DB_VERSION
from zigpy.device import Status, ZigbeeDevice
from zigpy.endpoint import Status as EndpointStatus
import zigpy.types as t
from zigpy.zcl.clusters.general import Basic
from zigpy.zcl.foundation import Status as ZclStatus
import zigpy.zdo.types as zdo_t

from ...core.radio import Endpoint, Ieee, Node
from ...core.value import Value
from ...core.zcl import Record, Report
from ..application import Application
from ..backup import Backup, BackupError
from ..network import Port, application_config, check_database
from ..nodes import node_of

_ZHA_PROFILE = 0x0104
_ANY_TYPE = 0xFFFF
_UNKNOWN = 0xFF
"""The ZCL type of a value without a stored type."""

_MANUFACTURER = int(Basic.AttributeDefs.manufacturer.id)
_MODEL = int(Basic.AttributeDefs.model.id)


@dataclass(frozen=True, slots=True)
class DatabaseDevice:
    """A device in a database.

    Attributes:
        last_seen: time of its last frame; None if never.
        reports: its values in zigpy's database.
    """

    node: Node
    last_seen: datetime | None
    reports: tuple[Report, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of a database.

    Attributes:
        devices: all but coordinators.
        coordinator: the address of the newest backup's coordinator, else of one among the devices.
        backup: the newest backup that can be restored.
        others: the newest backup of each other network, newest first.
    """

    devices: tuple[DatabaseDevice, ...]
    coordinator: Ieee | None
    backup: Backup | None
    others: tuple[Backup, ...] = ()


@asynccontextmanager
async def _opened(path: Path) -> AsyncGenerator[Application]:
    """Open a database without a radio; an older version is migrated.

    Raises:
        RadioError: it cannot be read.
        sqlite3.Error: it is damaged.
    """
    await asyncio.to_thread(check_database, str(path))
    config = application_config(Port("/dev/null"), str(path))
    app = cast("Application", await Application.new(config, start_radio=False))
    try:
        yield app
    finally:
        await app.shutdown()


async def create(path: Path, nodes: Iterable[tuple[Node, datetime | None]]) -> None:
    """Write devices, complete or not, with the time of their last frame.

    Args:
        path: the path of a new file.
        nodes: the devices. An incomplete one is interviewed with its next frame.

    Raises:
        OSError, sqlite3.Error: it cannot be written.
    """
    expected = {}
    async with _opened(path) as app:
        for node, last_seen in nodes:
            _add(app, node, last_seen)
            expected[node.ieee] = node.is_complete
    written = {stored.node.ieee: stored.node.is_complete for stored in (await read(path)).devices}
    if written != expected:
        raise sqlite3.DatabaseError("not every device was written")  # zigpy only logs this


def _add(app: Application, node: Node, last_seen: datetime | None) -> None:
    device = app.add_device(t.EUI64.convert(node.ieee), t.NWK(node.nwk))
    device.last_seen = last_seen
    if not node.is_complete:
        app.listener_event("raw_device_initialized", device)
        return
    device.status = Status.ENDPOINTS_INIT
    device.node_desc = _descriptor(node)
    # Model and manufacturer are stored as attributes of the first endpoint's Basic cluster.
    first = min(node.endpoints, default=1)
    basic = _with_basic(node.endpoints.get(first, Endpoint()))
    for number, endpoint in {**node.endpoints, first: basic}.items():
        _add_endpoint(device, number, endpoint)
    app.listener_event("raw_device_initialized", device)
    for attribute, value in ((_MANUFACTURER, node.manufacturer), (_MODEL, node.model)):
        if value is not None:
            device.endpoints[first].basic.update_attribute(attribute, value)


def _with_basic(endpoint: Endpoint) -> Endpoint:
    inputs = tuple(dict.fromkeys((*endpoint.inputs, Basic.cluster_id)))
    return Endpoint(endpoint.profile, endpoint.device_type, inputs, endpoint.outputs)


def _add_endpoint(device: ZigbeeDevice, number: int, described: Endpoint) -> None:
    endpoint = device.add_endpoint(number)
    endpoint.profile_id = _ZHA_PROFILE if described.profile is None else described.profile
    kind = described.device_type
    endpoint.device_type = _ANY_TYPE if kind is None else kind  # type: ignore[assignment]
    endpoint.status = EndpointStatus.ZDO_INIT
    for cluster in described.inputs:
        endpoint.add_input_cluster(cluster)
    for cluster in described.outputs:
        endpoint.add_output_cluster(cluster)


def _descriptor(node: Node) -> Any:
    """Return a node descriptor; unknown values are those of the usual stacks."""
    return zdo_t.NodeDescriptor(
        logical_type=node.logical_type,
        complex_descriptor_available=0,
        user_descriptor_available=0,
        reserved=0,
        aps_flags=0,
        frequency_band=zdo_t.NodeDescriptor.FrequencyBand.Freq2400MHz,
        mac_capability_flags=node.mac_capabilities or 0,
        manufacturer_code=node.manufacturer_code or 0,
        maximum_buffer_size=82,
        maximum_incoming_transfer_size=82,
        server_mask=0,
        maximum_outgoing_transfer_size=82,
        descriptor_capability_field=0,
    )


async def read(path: Path) -> Contents:
    """Read a database. An older version is migrated in place.

    Raises:
        RadioError: it cannot be read.
        sqlite3.Error: it is damaged.
    """
    async with _opened(path) as app:
        devices = [device for device in app.devices.values() if isinstance(device, ZigbeeDevice)]
        backups = sorted(app.backups.backups, key=lambda backup: backup.backup_time)
        sticks = [str(device.ieee) for device in devices if _is_coordinator(device)]
        known = [
            (node_of(device), device.last_seen) for device in devices if not _is_coordinator(device)
        ]
    newest = _newest_of_each(backups)
    backup = newest[0] if newest else None
    values = await asyncio.to_thread(_values, path)
    return Contents(
        devices=tuple(
            DatabaseDevice(
                node,
                None if seen is None else datetime.fromtimestamp(seen, UTC),
                tuple(_reports(values.get(node.ieee, []))),
            )
            for node, seen in known
        ),
        coordinator=backup.coordinator if backup else next(iter(sticks), None),
        backup=backup,
        others=tuple(newest[1:]),
    )


def _is_coordinator(device: ZigbeeDevice) -> bool:
    return device.nwk == 0 or (
        device.node_desc is not None and bool(device.node_desc.is_coordinator)
    )


def _newest_of_each(backups: list[Any]) -> list[Backup]:
    """Return the newest usable backup of each network, newest first.

    Args:
        backups: zigpy's, oldest first.
    """
    found: list[Backup] = []
    for backup in reversed(backups):
        try:
            network = Backup.of(backup.as_dict())
        except BackupError:
            continue
        if not any(network.is_same_network(known) for known in found):
            found.append(network)
    return found


type _Row = tuple[int, int, int, Value]


def _values(path: Path) -> dict[Ieee, list[_Row]]:
    """Read the attribute cache: endpoint, cluster, attribute and value by device."""
    query = (
        "SELECT ieee, endpoint_id, cluster_id, attr_id, value"  # noqa: S608 - a number
        f" FROM attributes_cache_v{DB_VERSION}"
        " WHERE cluster_type = 0 AND status = ? AND value IS NOT NULL"
    )
    found: dict[Ieee, list[_Row]] = {}
    with closing(sqlite3.connect(path)) as database:
        for ieee, endpoint, cluster, attribute, value in database.execute(
            query, (ZclStatus.SUCCESS,)
        ):
            found.setdefault(ieee, []).append((endpoint, cluster, attribute, value))
    return found


def _reports(rows: list[_Row]) -> Iterator[Report]:
    """Yield values as the read responses that they were."""
    for endpoint, cluster, attribute, value in rows:
        if cluster == Basic.cluster_id and attribute in (_MANUFACTURER, _MODEL):
            continue
        meaning = value.encode() if isinstance(value, str) else value
        yield Report(endpoint, cluster, (Record(attribute, _UNKNOWN, meaning),), is_answer=True)
