"""The data of another program's network, created by the readers of its files, and their errors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from ...core.limits import until_nul
from ...core.radio import Ieee, Node
from ...core.zcl import Report
from ..addresses import UNKNOWN
from ..backup import Backup


class MigrationFailure(StrEnum):
    """Reasons why a network cannot be migrated; the values are translation keys."""

    TOO_LARGE = "file_too_large"
    UNREADABLE = "file_unreadable"
    WRONG_FILE = "wrong_file"
    MISSING = "file_missing"
    NOT_UPLOADED = "file_not_uploaded"
    NO_FILE = "no_file"
    NO_DEVICES = "no_devices_in_file"
    NO_DATABASE = "zha_no_database"
    DATABASE = "zha_database_unusable"
    RUNNING = "zha_still_running"
    NO_NETWORK = "no_network_known"
    STORAGE = "storage_failed"


class TakeoverError(Exception):
    """A network cannot be migrated. The message never contains a file's contents.

    Attributes:
        failure: the reason.
        file: the file; empty for none.
    """

    def __init__(self, failure: MigrationFailure, file: str = "") -> None:
        super().__init__(f"{failure}: {file}" if file else str(failure))
        self.failure = failure
        self.file = file


class NotMigrated(StrEnum):
    """Data that is not migrated; the values are translation keys."""

    GROUPS = "lost_groups"
    GREEN_POWER = "lost_green_power"
    OPTIONS = "lost_options"
    OUTPUT = "lost_output"
    LINES = "lost_lines"
    ADDRESSES = "lost_addresses"


class MigrationWarning(StrEnum):
    """Contradictions and other warnings; the values are translation keys."""

    OTHER_KEY = "doubt_key"
    OTHER_PAN = "doubt_pan"
    KNOWN_KEY = "doubt_known_key"
    OLD_BACKUP = "doubt_old_backup"
    NAMES_ELSEWHERE = "doubt_names_elsewhere"
    STICK_CHANGED = "doubt_stick_changed"
    SEVERAL_NETWORKS = "doubt_several_networks"
    NO_CONFIGURATION = "doubt_no_configuration"
    NO_NAMES = "doubt_no_names"
    NO_STATES = "doubt_no_states"


@dataclass(frozen=True, slots=True)
class SourceDevice:
    """A device in another program.

    Attributes:
        node: its node; incomplete if its interview never ended.
        name: the user's name for it.
        last_seen: time of its last frame.
        about: its information, by the names of `BasicInfo`.
        options: options with an equivalent here; not checked yet.
        z2m_state: its last state in Zigbee2MQTT's format.
        reports: its last state as attributes.
    """

    node: Node
    name: str | None = None
    last_seen: datetime | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    z2m_state: Mapping[str, Any] = field(default_factory=dict)
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceNetwork:
    """Another program's network.

    Attributes:
        backup: the network itself; None without one.
        coordinator: the coordinator's address; None if unknown.
        losses: what is not migrated, with its count.
        doubts: contradictions among its own files.
        mirror: settings of the MQTT mirror that correspond to its own.
        port: the coordinator's port, as the program names it.
        others: its backups of other networks, newest first.
        damaged_lines: the numbers of unusable lines of its database, from 1.
        lost_options: the names of options without an equivalent, sorted.
    """

    members: tuple[SourceDevice, ...]
    backup: Backup | None
    coordinator: Ieee | None = None
    losses: Mapping[NotMigrated, int] = field(default_factory=dict)
    doubts: tuple[MigrationWarning, ...] = ()
    mirror: Mapping[str, Any] = field(default_factory=dict)
    port: str = ""
    others: tuple[Backup, ...] = ()
    damaged_lines: tuple[int, ...] = ()
    lost_options: tuple[str, ...] = ()


def with_own_addresses(members: Iterable[SourceDevice]) -> list[SourceDevice]:
    """Return members with unique network addresses: the last seen one keeps it.

    The address of the others is `UNKNOWN` until their next frame.
    """
    last: dict[int, SourceDevice] = {}
    known = list(members)
    for member in known:
        other = last.get(member.node.nwk)
        if other is None or _seen(member) >= _seen(other):
            last[member.node.nwk] = member
    return [
        member
        if last[member.node.nwk] is member
        else replace(member, node=replace(member.node, nwk=UNKNOWN))
        for member in known
    ]


def _seen(member: SourceDevice) -> datetime:
    return member.last_seen or datetime.min.replace(tzinfo=UTC)


def model_of(node: Node) -> str:
    """Return a device's model identifier, empty if unknown."""
    # Some firmwares append data after a NUL (protocol 0.1).
    return until_nul(node.model or "")
