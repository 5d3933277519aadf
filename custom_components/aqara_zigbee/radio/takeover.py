"""Moving in: what another program knows of a network, and what becomes of it here.

`zha` and `zigbee2mqtt` read the files of the two programs into a `Household`. `survey` compares it
with the stick and says what would happen, without doing anything. `database` writes the devices
down as zigpy would have after joining, so that nothing has to be paired or even touched.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from zigpy_znp.const import Z2M_NETWORK_KEY

from ..core.about import About
from ..core.definition import GONE, Definition
from ..core.errors import AqaraError
from ..core.property import (
    Action,
    Binary,
    Numeric,
    Row,
    Scalar,
)
from ..core.radio import Ieee, Node
from ..core.zcl import Report
from .backup import Backup, Difference

_STALE = timedelta(days=7)

_KNOWN_KEY = bytes(Z2M_NETWORK_KEY.serialize())
"""The key that every Zigbee2MQTT of before 2019 used, and that everybody knows."""


class Mistake(StrEnum):
    """Why a network cannot be taken over; the values are translation keys."""

    TOO_LARGE = "file_too_large"
    UNREADABLE = "file_unreadable"
    WRONG_FILE = "wrong_file"
    MISSING = "file_missing"
    NO_DEVICES = "no_devices_in_file"
    NO_DATABASE = "zha_no_database"
    DATABASE = "zha_database_unusable"
    RUNNING = "zha_still_running"
    NO_NETWORK = "no_network_known"
    STORAGE = "storage_failed"


class TakeoverError(Exception):
    """A network cannot be taken over. Its message never carries what is in a file.

    Attributes:
        mistake: why not.
        file: which file it is about; empty if none.
    """

    def __init__(self, mistake: Mistake, file: str = "") -> None:
        super().__init__(f"{mistake}: {file}" if file else str(mistake))
        self.mistake = mistake
        self.file = file


class Loss(StrEnum):
    """What does not come along; the values are translation keys."""

    GROUPS = "lost_groups"
    GREEN_POWER = "lost_green_power"
    OPTIONS = "lost_options"


class Doubt(StrEnum):
    """What does not fit together, or what one should know; the values are translation keys."""

    OTHER_KEY = "doubt_key"
    OTHER_PAN = "doubt_pan"
    KNOWN_KEY = "doubt_known_key"
    OLD_BACKUP = "doubt_old_backup"
    NAMES_ELSEWHERE = "doubt_names_elsewhere"
    STICK_CHANGED = "doubt_stick_changed"


class Deed(StrEnum):
    """What is done to the stick; the values are translation keys."""

    KEEP = "stick_keeps"
    WRITE = "stick_is_written"
    OVERWRITE = "stick_is_overwritten"


@dataclass(frozen=True, slots=True)
class Member:
    """A device as another program knew it.

    Attributes:
        node: what the network knows of it; not complete if its interview never ended.
        name: what its owner calls it.
        last_seen: when it was heard last.
        about: what it said of its make, by the names of `About`.
        options: settings of ours that it had there; not checked yet.
        words: its last state in Zigbee2MQTT's words.
        reports: its last state as attributes.
    """

    node: Node
    name: str | None = None
    last_seen: datetime | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, Any] = field(default_factory=dict)
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True)
class Household:
    """All that another program knows of a network.

    Attributes:
        backup: the network itself; None if the program never made one.
        coordinator: the address of its stick; None if it does not say.
        losses: what does not come along, with how much of it there is.
        doubts: what does not fit together among its own files.
        mirror: settings of the MQTT mirror that correspond to its own.
        port: where its stick is, as it calls it.
    """

    members: tuple[Member, ...]
    backup: Backup | None
    coordinator: Ieee | None = None
    losses: Mapping[Loss, int] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    mirror: Mapping[str, Any] = field(default_factory=dict)
    port: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """What would happen.

    Attributes:
        ours: devices with a definition: they get entities.
        others: devices of other models: they stay in the network and can do nothing here.
        unknown: devices whose interview never ended: it is done when they speak.
        deed: what is done to the stick.
        differences: in what the stick's network differs from the one that moves in.
    """

    ours: tuple[Member, ...]
    others: tuple[Member, ...]
    unknown: tuple[Member, ...]
    losses: Mapping[Loss, int]
    doubts: tuple[Doubt, ...]
    deed: Deed
    differences: tuple[Difference, ...] = ()


def survey(
    household: Household,
    definitions: Mapping[str, Definition],
    stick: Backup | None,
    now: datetime,
) -> Survey:
    """Look at what would happen. Nothing is done.

    Args:
        household: what the other program knows.
        definitions: the models we know.
        stick: what the stick holds, None if it is blank.
        now: the time.

    Raises:
        TakeoverError: neither the program nor the stick knows the network's settings.
    """
    deed, differences = _deed(household, stick)
    doubts = [*household.doubts]
    network = household.backup
    if network is not None and network.has_key(_KNOWN_KEY):
        doubts.append(Doubt.KNOWN_KEY)
    if network is not None and deed is not Deed.KEEP and _is_stale(network, now):
        doubts.append(Doubt.OLD_BACKUP)
    if deed is Deed.KEEP and differences:
        doubts.append(Doubt.STICK_CHANGED)
    complete = [member for member in household.members if member.node.is_complete]
    ours = tuple(member for member in complete if model_of(member.node) in definitions)
    return Survey(
        ours=ours,
        others=tuple(member for member in complete if member not in ours),
        unknown=tuple(member for member in household.members if not member.node.is_complete),
        losses=household.losses,
        doubts=tuple(doubts),
        deed=deed,
        differences=differences,
    )


def _deed(household: Household, stick: Backup | None) -> tuple[Deed, tuple[Difference, ...]]:
    if household.backup is None:
        if stick is None or household.coordinator not in (None, stick.coordinator):
            raise TakeoverError(Mistake.NO_NETWORK)
        return Deed.KEEP, ()
    if stick is None:
        return Deed.WRITE, ()
    differences = household.backup.differences(stick)
    if household.backup.is_same_network(stick):
        return Deed.KEEP, differences  # the stick knows best on which channel it is
    return Deed.OVERWRITE, differences


def _is_stale(backup: Backup, now: datetime) -> bool:
    return backup.taken is None or now - backup.taken > _STALE


def model_of(node: Node) -> str:
    """A device's model identifier, empty if it never said one."""
    # Some firmwares append junk after a NUL (contract 0.1).
    return (node.model or "").partition("\0")[0]


# What a device brings along


def memories(
    members: Iterable[Member], definitions: Mapping[str, Definition]
) -> dict[Ieee, dict[str, Any]]:
    """What `core.gateway.Gateway` is to remember of the devices, as `Device.as_dict` gives it."""
    return {
        member.node.ieee: _memory(member, definitions.get(model_of(member.node)))
        for member in members
    }


def _memory(member: Member, definition: Definition | None) -> dict[str, Any]:
    options = _options(member, definition)
    return {
        "state": _state(member, definition, options) if definition else {},
        "pending": {},
        "options": options,
        "about": asdict(About(**member.about)),
        "last_seen": member.last_seen.isoformat() if member.last_seen else None,
    }


def _options(member: Member, definition: Definition | None) -> dict[str, Any]:
    """The options that the model has, and those that concern every device."""
    kept: dict[str, Any] = {}
    for name, value in member.options.items():
        if not name.endswith(("_calibration", "_precision")):
            kept[name] = value
        elif option := definition.option(name) if definition else None:
            try:
                kept[name] = option.check(value)
            except AqaraError:
                continue
    return kept


def _state(member: Member, definition: Definition, options: Mapping[str, Any]) -> dict[str, Scalar]:
    """Its last state: what attributes say, then what words say. What does not fit is dropped."""
    state: dict[str, Scalar] = {}
    for report in member.reports:
        changes = definition.decode(report, options)
        state |= {
            name: value
            for name, value in changes.items()
            if value is not GONE and _is_state(definition, name)
        }
    for name, word in member.words.items():
        if _is_state(definition, name):
            value = _meaning(definition[name], word)
            if value is not None:
                state[name] = value
    return state


def _is_state(definition: Definition, name: str) -> bool:
    """Whether a name is a property that is kept, and nothing that happens."""
    action = definition.action
    details = {detail.name for detail in action.details} if action else set()
    return name in definition and name not in details and not isinstance(definition[name], Action)


def _meaning(row: Row, word: Any) -> Scalar:
    """A value in Zigbee2MQTT's words as a row keeps it; None if it is none."""
    if isinstance(row, Binary):
        if word == row.on and isinstance(word, type(row.on)):
            return True
        return False if word == row.off and isinstance(word, type(row.off)) else None
    if isinstance(row, Numeric) and (isinstance(word, bool) or not isinstance(word, int | float)):
        return None
    try:
        return row.check(word)
    except AqaraError:
        return None
