"""A network as data, from a file or from a coordinator; `restore` writes it onto one.

It reads files of zigpy, ZHA and Zigbee2MQTT (Open Coordinator Backup, version 1, and zigpy's own
JSON).
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import json
from typing import Any, Self

from zigpy.backups import BACKUP_FORMAT_VERSION, NetworkBackup
from zigpy.exceptions import NetworkNotFormed
import zigpy.types as t

from ..core.identity import KEY, Identity
from ..core.radio import Coordinator, Ieee
from .application import Application
from .backup_check import MOST_COUNTER, first_possible, is_possible
from .device_table import UNREADABLE, add_devices
from .network import identity_of
from .partial import read_partial

MOST_BYTES = 4 * 1024 * 1024
"""A backup of 300 devices has about 100 kB."""

_COUNTER_STEP = 10_000
"""The increment of the frame counter by zigpy at a restore."""
_KEY_COUNTER_STEP = 2_500
"""The same for keys of single devices, which are used much less (zigpy-znp's own number)."""
_FRAMES_PER_DAY = 100_000
"""More than a coordinator sends in a day. Devices ignore a counter that decreased."""
_MOST_DAYS = 1_000
_LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)

_OPEN_FORMAT_VERSION = 1


class BackupProblem(StrEnum):
    """Reasons why a file cannot be restored; the values are translation keys."""

    TOO_LARGE = "file_too_large"
    UNREADABLE = "file_unreadable"
    OTHER = "not_a_backup"
    LEGACY = "backup_legacy"
    NEWER = "backup_newer"
    INCOMPLETE = "backup_incomplete"
    TOO_MANY_DEVICES = "backup_too_many_devices"
    LINK_KEYS = "backup_link_keys"


class BackupError(Exception):
    """A backup cannot be restored. The message never contains its contents.

    Attributes:
        problem: the reason.
    """

    def __init__(self, problem: BackupProblem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Backup:
    """A network with its keys, its frame counter and the coordinator's device tables.

    Only `as_dict` and `as_open_format` contain keys, not `repr`.

    Attributes:
        is_whole: False if the coordinator lacks parts of it. Such a network cannot be started; it
            can be written back if `is_usable`.
    """

    _network: NetworkBackup = field(repr=False)
    is_whole: bool = True
    _members: frozenset[Ieee] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a file.

        Raises:
            BackupError: it is not a backup that can be restored.
        """
        if len(data) > MOST_BYTES:
            raise BackupError(BackupProblem.TOO_LARGE)
        try:
            content = json.loads(data)
        except ValueError, RecursionError:
            raise BackupError(BackupProblem.UNREADABLE) from None
        if not isinstance(content, dict):
            raise BackupError(BackupProblem.OTHER)
        return cls.of(content)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """Create a backup from `as_dict` or any supported format.

        Raises:
            BackupError: it is not a backup that can be restored.
        """
        _check_format(content)
        # Without the cause: zigpy's messages quote the file, including the key.
        network = first_possible(deepcopy(dict(content)))
        if network is None:
            raise BackupError(BackupProblem.INCOMPLETE) from None
        return cls(network)

    @classmethod
    def from_app(cls, app: Application) -> Self:
        """Create a backup of a loaded radio's network; later changes do not affect it."""
        return cls.of_coordinator(app.backups.from_network_state())

    @classmethod
    def of_coordinator(cls, found: NetworkBackup, *, is_whole: bool = True) -> Self:
        """Create a backup of a coordinator's network; later changes do not affect it."""
        network = NetworkBackup.from_dict(json.loads(json.dumps(found.as_dict())))
        return cls(network, is_whole and is_possible(network))

    def of_members(self, members: Iterable[Ieee]) -> Backup:
        """Return the same backup, whose `devices` counts only these devices.

        A coordinator keeps the rows of devices that were removed while they did not respond.
        """
        return replace(self, _members=frozenset(members))

    @property
    def is_usable(self) -> bool:
        """Whether this network can be written to a coordinator."""
        return is_possible(self._network)

    def as_dict(self) -> dict[str, Any]:
        """Return everything, including keys, as zigpy's JSON."""
        content: dict[str, Any] = self._network.as_dict()
        return content

    def as_open_format(self) -> dict[str, Any]:
        """Return everything, including keys, as the common JSON of ZHA and Zigbee2MQTT."""
        content: dict[str, Any] = self._network.as_open_coordinator_json()
        return content

    @property
    def taken(self) -> datetime | None:
        """The time of the backup; None if the file does not have it."""
        time = self._network.backup_time
        return time if time > _LONG_AGO else None

    @property
    def channel(self) -> int:
        """IEEE 802.15.4 channel, 11..26."""
        return int(self._network.network_info.channel)

    @property
    def pan_id(self) -> int:
        """16 bits."""
        return int(self._network.network_info.pan_id)

    @property
    def extended_pan_id(self) -> str:
        """Eight octets, in the format of `Ieee`."""
        return str(self._network.network_info.extended_pan_id)

    @property
    def coordinator(self) -> Ieee:
        """The coordinator's IEEE address, which is restored with the network."""
        return str(self._network.node_info.ieee)

    @property
    def stick(self) -> Coordinator:
        """The coordinator it was read from, with the network."""
        node = self._network.node_info
        return Coordinator(
            ieee=self.coordinator,
            model=node.model or "",
            manufacturer=node.manufacturer or "",
            firmware=node.version or "",
            channel=self.channel,
            pan_id=self.pan_id,
            extended_pan_id=self.extended_pan_id,
        )

    @property
    def source(self) -> str:
        """The program that created it, such as ``zigbee-herdsman@6.2.0``; empty if unknown."""
        return self._network.network_info.source or ""

    @property
    def frame_counter(self) -> int:
        """The network key's frame counter, which only increases."""
        return int(self._network.network_info.network_key.tx_counter)

    @property
    def addresses(self) -> dict[Ieee, int]:
        """The network addresses of the devices in the coordinator's tables."""
        known = self._network.network_info.nwk_addresses
        return {str(ieee): int(nwk) for ieee, nwk in known.items()}

    @property
    def devices(self) -> int:
        """The number of devices in the coordinator's tables, of the members if they are known."""
        info = self._network.network_info
        keyed = {key.partner_ieee for key in info.key_table}
        found = {str(ieee) for ieee in {*info.nwk_addresses, *info.children, *keyed}}
        return len(found if self._members is None else found & self._members)

    @property
    def identity(self) -> Identity:
        """The network's identity, with a fingerprint of its key."""
        return identity_of(self._network)

    def differences(self, other: Backup) -> tuple[str, ...]:
        """The differences of networks; devices of one work on the other if there are none."""
        return self.identity.differences(other.identity)

    def is_same_network(self, other: Backup) -> bool:
        """Whether they are states of one network, whose channel and PAN id may change."""
        return self.identity.is_same_network(other.identity)

    def has_key(self, key: bytes) -> bool:
        """Whether the network has this key."""
        return bytes(self._network.network_info.network_key.key.serialize()) == key

    def advanced(self, now: datetime, others: Iterable[Backup] = ()) -> Backup:
        """Return the backup to restore: with a frame counter above all that were sent.

        Args:
            now: the time, until which many frames may have been sent.
            others: newer states of the same network, such as the coordinator's own.
        """
        counter = self._expected_counter(now)
        for other in others:
            if KEY not in self.differences(other):
                counter = max(counter, other._expected_counter(now))  # noqa: SLF001
        network = NetworkBackup.from_dict(self.as_dict())
        network.network_info.network_key.tx_counter = t.uint32_t(min(counter, MOST_COUNTER))
        for key in network.network_info.key_table:
            key.tx_counter = t.uint32_t(min(key.tx_counter + _KEY_COUNTER_STEP, MOST_COUNTER))
        return Backup(network, self.is_whole)

    def _expected_counter(self, now: datetime) -> int:
        age = now - self.taken if self.taken else timedelta(days=_MOST_DAYS)
        days = min(max(age.days, 0), _MOST_DAYS)
        return self.frame_counter + _COUNTER_STEP + days * _FRAMES_PER_DAY

    @property
    def has_link_keys(self) -> bool:
        """Whether devices have link keys."""
        return bool(self._network.network_info.key_table)

    def is_on(self, found: Backup) -> bool:
        """Whether a coordinator that was read again has it, including its device tables."""
        ours, theirs = self._network.network_info, found._network.network_info
        keys = {(key.partner_ieee, str(key.key)) for key in ours.key_table}
        return (
            not self.differences(found)
            and found.frame_counter >= self.frame_counter
            and keys <= {(key.partner_ieee, str(key.key)) for key in theirs.key_table}
            and set(ours.children) <= set(theirs.children)
        )


def _check_format(content: Mapping[str, Any]) -> None:
    """Check that this is a supported format.

    Raises:
        BackupError: it is not.
    """
    if "metadata" in content:
        metadata = content["metadata"]
        if not isinstance(metadata, dict) or "network_key" not in content:
            raise BackupError(BackupProblem.OTHER)
        if metadata.get("version") != _OPEN_FORMAT_VERSION:
            raise BackupError(BackupProblem.NEWER)
    elif "network_info" in content:
        version = content.get("version", 0)
        if not isinstance(version, int) or version > BACKUP_FORMAT_VERSION:
            raise BackupError(BackupProblem.NEWER)
    elif content.get("adapterType") == "zStack":  # Zigbee2MQTT before 1.17
        raise BackupError(BackupProblem.LEGACY)
    else:
        raise BackupError(BackupProblem.OTHER)


async def load(app: Application) -> Backup | None:
    """Return the network of a connected radio; None if it has none. Takes a few seconds.

    It is not whole if the coordinator lacks some of its items.
    """
    try:
        await app.load_network_info(load_devices=True)
    except NetworkNotFormed:
        return await _load_partial(app)
    except UNREADABLE:
        await app.load_network_info(load_devices=False)
        await _load_devices(app)
    found = Backup.from_app(app)
    # Z-Stack itself creates an empty item in place of a missing one.
    return found if found.is_whole else await _load_partial(app) or found


async def _load_devices(app: Application) -> None:
    """Load the devices where zigpy-znp cannot read one row of their tables."""
    znp: Any = app._znp  # noqa: SLF001 - no other way to its items
    network = app.state.network_info
    seed = network.stack_specific.get("zstack", {}).get("tclk_seed")
    await add_devices(znp, network, seed and t.KeyData(bytes.fromhex(seed)))


async def _load_partial(app: Application) -> Backup | None:
    found = await read_partial(app)
    return None if found is None else Backup.of_coordinator(found, is_whole=False)
