"""Reads Zigbee2MQTT's files.

Their contents, in versions 1 and 2: ``database.db`` has a JSON object per line, one for each device
and group; ``coordinator_backup.json`` is the network; ``configuration.yaml`` has names and options,
or the names of files that have them; ``state.json`` has the last states. All of them together are
in the archive that its frontend offers as a backup.

Of damaged files only the damaged lines are lost, or the file if it is optional; both are reported.
"""

from collections.abc import Iterator
from typing import Any

from ..addresses import UNKNOWN
from ..backup import Backup
from .source import (
    MigrationFailure,
    MigrationWarning,
    NotMigrated,
    SourceDevice,
    SourceNetwork,
    TakeoverError,
    with_own_addresses,
)
from .z2m_configuration import (
    Z2mConfiguration,
    contradictions,
    friendly_name,
    has_topic_for_each,
    kept_options,
    lost_options,
    mirror_settings,
    port_of,
)
from .z2m_database import HerdsmanDatabase, about, time_of
from .z2m_files import DATABASE, STATES, Files, storable
from .z2m_states import read_states


def household(files: Files) -> SourceNetwork:
    """Return Zigbee2MQTT's network.

    Raises:
        BackupError: ``coordinator_backup.json`` is invalid.
        TakeoverError: ``database.db`` is invalid, or has no device.
    """
    network = Backup.parse(files.backup)
    database = HerdsmanDatabase.read(files.database)
    settings = Z2mConfiguration.read(files)
    states = read_states(files.states)
    members = with_own_addresses(_members(database, settings, states or {}))
    if not members:
        raise TakeoverError(MigrationFailure.NO_DEVICES, DATABASE)
    lost = [
        lost_options(settings.options_of(address), member.options)
        for address, member in zip(database.devices, members, strict=True)
    ]
    are_states_lost = states is None or STATES in files.damaged
    return SourceNetwork(
        members=tuple(members),
        backup=network,
        coordinator=database.coordinator,
        losses=_losses(database, settings, members, sum(map(len, lost))),
        doubts=(
            *contradictions(settings.configuration, network),
            *settings.doubts,
            *([MigrationWarning.NO_STATES] if are_states_lost else []),
        ),
        mirror=mirror_settings(settings.configuration),
        port=port_of(settings.configuration),
        damaged_lines=tuple(database.damaged),
        lost_options=tuple(sorted(set[str]().union(*lost))),
    )


def _members(
    database: HerdsmanDatabase, settings: Z2mConfiguration, states: dict[str, Any]
) -> Iterator[SourceDevice]:
    """Yield the devices of the database, with the data of the other files."""
    for address, (node, entry) in database.devices.items():
        options = settings.options_of(address)
        yield SourceDevice(
            node,
            name=friendly_name(options, address),
            last_seen=time_of(entry.get("lastSeen")),
            about=about(entry),
            options=kept_options(options, settings.silence_of(entry)),
            z2m_state=storable(states.get(address)),
        )


def _losses(
    database: HerdsmanDatabase,
    settings: Z2mConfiguration,
    members: list[SourceDevice],
    options: int,
) -> dict[NotMigrated, int]:
    """Return what is not migrated, with its count."""
    losses = {
        NotMigrated.LINES: len(database.damaged),
        NotMigrated.ADDRESSES: sum(member.node.nwk == UNKNOWN for member in members),
        NotMigrated.GROUPS: database.groups,
        NotMigrated.GREEN_POWER: database.green_power,
        NotMigrated.OPTIONS: options,
        NotMigrated.OUTPUT: has_topic_for_each(settings.configuration),
    }
    return {loss: count for loss, count in losses.items() if count}
