"""Survey of a migration: the data of another program, and what it becomes here.

`zha` and `zigbee2mqtt` (with its `z2m_…` modules) read the files of the two programs into a
`SourceNetwork`. `survey` compares it with the coordinator and returns what would happen, without
doing anything. `memories` has the devices' states and options. `database` writes the devices as
zigpy would after joining, so that no device has to be paired again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from zigpy_znp.const import Z2M_NETWORK_KEY

from ...core.definition import Definition
from ..backup import Backup
from .source import (
    MigrationFailure,
    MigrationWarning,
    NotMigrated,
    SourceDevice,
    SourceNetwork,
    TakeoverError,
    model_of,
)

_STALE = timedelta(days=7)

_KNOWN_KEY = bytes(Z2M_NETWORK_KEY.serialize())
"""The default key of Zigbee2MQTT before 2019, which is public."""


class CoordinatorAction(StrEnum):
    """Actions on the coordinator; the values are translation keys."""

    KEEP = "stick_keeps"
    WRITE = "stick_is_written"
    OVERWRITE = "stick_is_overwritten"
    COMPLETE = "stick_is_completed"


@dataclass(frozen=True, slots=True)
class Survey:
    """The result of a survey.

    Attributes:
        ours: devices with a definition: they get entities.
        others: devices of other models: they stay in the network without function.
        unknown: devices without a finished interview: it follows with their next frame.
        deed: the action on the coordinator.
        network: the coordinator's network then.
        differences: the differences of the coordinator's network from the migrated one.
        damaged_lines: the numbers of unusable lines of the database, from 1.
        lost_options: the names of options without an equivalent, sorted.
    """

    ours: tuple[SourceDevice, ...]
    others: tuple[SourceDevice, ...]
    unknown: tuple[SourceDevice, ...]
    losses: Mapping[NotMigrated, int]
    doubts: tuple[MigrationWarning, ...]
    deed: CoordinatorAction
    network: Backup
    differences: tuple[str, ...] = ()
    damaged_lines: tuple[int, ...] = ()
    lost_options: tuple[str, ...] = ()


def survey(
    household: SourceNetwork,
    definitions: Mapping[str, Definition],
    stick: Backup | None,
    now: datetime,
) -> Survey:
    """Return what would happen. Nothing is changed.

    Args:
        household: the other program's network.
        definitions: the definitions by model identifier.
        stick: the coordinator's network, None if it is blank.
        now: the time.

    Raises:
        TakeoverError: neither the program nor the coordinator has the network's settings.
    """
    plan = _plan(household, _fitting(household, stick), stick)
    complete = [member for member in household.members if member.node.is_complete]
    ours = tuple(member for member in complete if model_of(member.node) in definitions)
    return Survey(
        ours=ours,
        others=tuple(member for member in complete if member not in ours),
        unknown=tuple(member for member in household.members if not member.node.is_complete),
        losses=household.losses,
        doubts=tuple(_doubts(household, plan, now)),
        deed=plan.deed,
        network=plan.network,
        differences=plan.differences,
        damaged_lines=household.damaged_lines,
        lost_options=household.lost_options,
    )


def _fitting(household: SourceNetwork, stick: Backup | None) -> Backup | None:
    """Return the backup of the coordinator's network, else the newest one."""
    if stick is not None and household.backup is not None:
        for backup in (household.backup, *household.others):
            if backup.is_same_network(stick):
                return backup
    return household.backup


class _Plan(NamedTuple):
    """The part of a `Survey` about the coordinator, with the same attributes."""

    deed: CoordinatorAction
    network: Backup
    differences: tuple[str, ...] = ()


def _plan(household: SourceNetwork, backup: Backup | None, stick: Backup | None) -> _Plan:
    if backup is None:
        if stick is None or household.coordinator not in (None, stick.coordinator):
            raise TakeoverError(MigrationFailure.NO_NETWORK)
        if stick.is_whole:
            return _Plan(CoordinatorAction.KEEP, stick)
        if not stick.is_usable:
            raise TakeoverError(MigrationFailure.NO_NETWORK)
        return _Plan(CoordinatorAction.COMPLETE, stick)
    if stick is None:
        return _Plan(CoordinatorAction.WRITE, backup)
    differences = backup.differences(stick)
    if not backup.is_same_network(stick):
        return _Plan(CoordinatorAction.OVERWRITE, backup, differences)
    # The channel is the coordinator's; missing data is the backup's.
    if stick.is_whole:
        return _Plan(CoordinatorAction.KEEP, stick, differences)
    network = stick if differences and stick.is_usable else backup
    return _Plan(CoordinatorAction.COMPLETE, network, differences)


def _doubts(household: SourceNetwork, plan: _Plan, now: datetime) -> Iterator[MigrationWarning]:
    is_written = plan.deed in (CoordinatorAction.WRITE, CoordinatorAction.OVERWRITE)
    yield from household.doubts
    if household.others and is_written:
        yield MigrationWarning.SEVERAL_NETWORKS
    if plan.network.has_key(_KNOWN_KEY):
        yield MigrationWarning.KNOWN_KEY
    if is_written and _is_stale(plan.network, now):
        yield MigrationWarning.OLD_BACKUP
    if plan.deed is CoordinatorAction.KEEP and plan.differences:
        yield MigrationWarning.STICK_CHANGED


def _is_stale(backup: Backup, now: datetime) -> bool:
    return backup.taken is None or now - backup.taken > _STALE
