"""A network as data: read from a stick, from a file, written onto a stick.

Files of zigpy, ZHA and Zigbee2MQTT are understood (Open Coordinator Backup, version 1, and zigpy's
own JSON). What is written is checked before, because a stick that has been written half holds no
network at all, and read back after.
"""

import asyncio
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import json
import os
from typing import Any, Self

from zigpy.backups import BACKUP_FORMAT_VERSION, NetworkBackup
from zigpy.exceptions import NetworkNotFormed
from zigpy.state import NetworkInfo, NodeInfo
import zigpy.types as t
from zigpy_znp.const import DEFAULT_TC_LINK_KEY
from zigpy_znp.znp.security import StoredDevice, find_optimal_tclk_seed

from ..core.radio import Coordinator, Ieee
from .application import Application
from .network import FAILURES, Port, coordinator_of, opened

MOST_BYTES = 4 * 1024 * 1024
"""A backup of three hundred devices has about 100 kB."""

_COUNTER_STEP = 10_000
"""What zigpy adds to the frame counter when it restores."""
_KEY_COUNTER_STEP = 2_500
"""The same for the keys of single devices, which are used far less (zigpy-znp's own figure)."""
_FRAMES_PER_DAY = 100_000
"""More than a coordinator sends in a day. Devices ignore one whose counter went back."""
_MOST_DAYS = 1_000
_MOST_COUNTER = 0xFFFFFFFF
_LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
_FULL_SECURITY = 5

_OPEN_FORMAT_VERSION = 1


class Flaw(StrEnum):
    """Why a file is no backup that can be restored; the values are translation keys."""

    TOO_LARGE = "file_too_large"
    UNREADABLE = "file_unreadable"
    OTHER = "not_a_backup"
    LEGACY = "backup_legacy"
    NEWER = "backup_newer"
    INCOMPLETE = "backup_incomplete"


class BackupError(Exception):
    """A file that cannot be restored. Its message never carries what is in the file.

    Attributes:
        flaw: why not.
    """

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(str(flaw))
        self.flaw = flaw


class WriteError(Exception):
    """A stick did not take a network as a whole. What it holds now is not known."""


class Difference(StrEnum):
    """In what two networks differ."""

    COORDINATOR = "coordinator"
    EXTENDED_PAN_ID = "extended_pan_id"
    PAN_ID = "pan_id"
    CHANNEL = "channel"
    KEY = "network_key"


@dataclass(frozen=True, slots=True)
class Backup:
    """A network with its keys, its frame counter and what the stick knew of its devices.

    Neither `repr` nor any attribute but `as_dict` and `as_open_format` shows a key.
    """

    _network: NetworkBackup = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a file.

        Raises:
            BackupError: it is no backup, or none that can be restored.
        """
        if len(data) > MOST_BYTES:
            raise BackupError(Flaw.TOO_LARGE)
        try:
            content = json.loads(data)
        except ValueError, RecursionError:
            raise BackupError(Flaw.UNREADABLE) from None
        if not isinstance(content, dict):
            raise BackupError(Flaw.OTHER)
        return cls.of(content)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """From what `as_dict` gave, or any of the formats that are understood.

        Raises:
            BackupError: it is no backup, or none that can be restored.
        """
        _check_format(content)
        try:
            network = NetworkBackup.from_dict(deepcopy(dict(content)))
            # Once through text and back: what cannot make the way could not be written either.
            network = NetworkBackup.from_dict(json.loads(json.dumps(network.as_dict())))
            _complete(network)
            _check(network)
        except (
            ArithmeticError,
            AssertionError,
            AttributeError,
            LookupError,
            TypeError,
            ValueError,
            RecursionError,
        ):
            # Without the cause: zigpy's messages quote the file, key and all.
            raise BackupError(Flaw.INCOMPLETE) from None
        return cls(network)

    @classmethod
    def from_app(cls, app: Application) -> Self:
        """What a radio has loaded, devices and all; later changes do not touch it."""
        state = app.backups.from_network_state()
        return cls(NetworkBackup.from_dict(json.loads(json.dumps(state.as_dict()))))

    def as_dict(self) -> dict[str, Any]:
        """Everything, keys too, as zigpy's JSON."""
        content: dict[str, Any] = self._network.as_dict()
        return content

    def as_open_format(self) -> dict[str, Any]:
        """Everything, keys too, as ZHA's and Zigbee2MQTT's common JSON."""
        content: dict[str, Any] = self._network.as_open_coordinator_json()
        return content

    @property
    def taken(self) -> datetime | None:
        """When it was made; None if the file does not say."""
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
        """Eight octets, written like an `Ieee`."""
        return str(self._network.network_info.extended_pan_id)

    @property
    def coordinator(self) -> Ieee:
        """The stick's address, which moves with the network."""
        return str(self._network.node_info.ieee)

    @property
    def stick(self) -> Coordinator:
        """The stick it was read from, with the network."""
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
        """The program that made it, such as ``zigbee-herdsman@6.2.0``; empty if it does not say."""
        return self._network.network_info.source or ""

    @property
    def frame_counter(self) -> int:
        """Of the network key; only ever grows."""
        return int(self._network.network_info.network_key.tx_counter)

    @property
    def addresses(self) -> dict[Ieee, int]:
        """The network addresses of the devices the stick knew."""
        known = self._network.network_info.nwk_addresses
        return {str(ieee): int(nwk) for ieee, nwk in known.items()}

    @property
    def devices(self) -> int:
        """How many devices the stick knew."""
        info = self._network.network_info
        keyed = {key.partner_ieee for key in info.key_table}
        return len({*info.nwk_addresses, *info.children, *keyed})

    def differences(self, other: Backup) -> tuple[Difference, ...]:
        """In what the networks differ; devices of one go on working on the other if in nothing."""
        ours, theirs = self._network, other._network
        same = {
            Difference.COORDINATOR: ours.node_info.ieee == theirs.node_info.ieee,
            Difference.EXTENDED_PAN_ID: self.extended_pan_id == other.extended_pan_id,
            Difference.PAN_ID: self.pan_id == other.pan_id,
            Difference.CHANNEL: self.channel == other.channel,
            Difference.KEY: (
                ours.network_info.network_key.key == theirs.network_info.network_key.key
            ),
        }
        return tuple(difference for difference, equal in same.items() if not equal)

    def is_same_network(self, other: Backup) -> bool:
        """Whether they are states of one network; its channel and PAN id change in its life."""
        identity = {Difference.COORDINATOR, Difference.EXTENDED_PAN_ID, Difference.KEY}
        return identity.isdisjoint(self.differences(other))

    def has_key(self, key: bytes) -> bool:
        """Whether a network key is this one's."""
        return bytes(self._network.network_info.network_key.key.serialize()) == key

    def advanced(self, now: datetime, others: Iterable[Backup] = ()) -> Backup:
        """Ready to be written: with a frame counter above all that was ever sent.

        Args:
            now: it is assumed to have sent a lot since it was made.
            others: newer knowledge of the same network, such as what the stick still holds.
        """
        counter = self._expected_counter(now)
        for other in others:
            if Difference.KEY not in self.differences(other):
                counter = max(counter, other._expected_counter(now))  # noqa: SLF001
        network = NetworkBackup.from_dict(self.as_dict())
        network.network_info.network_key.tx_counter = t.uint32_t(min(counter, _MOST_COUNTER))
        for key in network.network_info.key_table:
            key.tx_counter = t.uint32_t(min(key.tx_counter + _KEY_COUNTER_STEP, _MOST_COUNTER))
        return Backup(network)

    def _expected_counter(self, now: datetime) -> int:
        age = now - self.taken if self.taken else timedelta(days=_MOST_DAYS)
        days = min(max(age.days, 0), _MOST_DAYS)
        return self.frame_counter + _COUNTER_STEP + days * _FRAMES_PER_DAY

    async def write(self, app: Application) -> None:
        """Write it onto a stick that is connected."""
        network = NetworkBackup.from_dict(self.as_dict())  # zigpy-znp adds to what it is given
        await asyncio.to_thread(_keep_out_of_logs, network.network_info)
        await app.write_network_info(network_info=network.network_info, node_info=network.node_info)

    def is_on(self, found: Backup) -> bool:
        """Whether a stick that was read again holds it, with all it knows of devices."""
        ours, theirs = self._network.network_info, found._network.network_info
        keys = {(key.partner_ieee, str(key.key)) for key in ours.key_table}
        return (
            not self.differences(found)
            and found.frame_counter >= self.frame_counter
            and keys <= {(key.partner_ieee, str(key.key)) for key in theirs.key_table}
            and set(ours.children) <= set(theirs.children)
        )


def _check_format(content: Mapping[str, Any]) -> None:
    """Look whether this is one of the formats, and one we know.

    Raises:
        BackupError: it is not.
    """
    if "metadata" in content:
        metadata = content["metadata"]
        if not isinstance(metadata, dict) or "network_key" not in content:
            raise BackupError(Flaw.OTHER)
        if metadata.get("version") != _OPEN_FORMAT_VERSION:
            raise BackupError(Flaw.NEWER)
    elif "network_info" in content:
        version = content.get("version", 0)
        if not isinstance(version, int) or version > BACKUP_FORMAT_VERSION:
            raise BackupError(Flaw.NEWER)
    elif content.get("adapterType") == "zStack":  # Zigbee2MQTT before 1.17
        raise BackupError(Flaw.LEGACY)
    else:
        raise BackupError(Flaw.OTHER)


def _complete(network: NetworkBackup) -> None:
    """Fill in what some programs leave out."""
    if not network.network_info.security_level:  # null in some files of Zigbee2MQTT
        network.network_info.security_level = t.uint8_t(_FULL_SECURITY)
    if not network.network_info.channel_mask:
        channel = int(network.network_info.channel)
        network.network_info.channel_mask = t.Channels(1 << channel)
    if network.backup_time.tzinfo is None:
        network.backup_time = network.backup_time.replace(tzinfo=UTC)


def _check(network: NetworkBackup) -> None:
    """Look at every value that a stick would refuse in the middle of being written.

    Raises:
        ValueError: one is impossible.
    """
    info = network.network_info
    if not network.is_complete():
        raise ValueError("incomplete")
    seed = info.stack_specific.get("zstack", {}).get("tclk_seed")
    if seed is not None and len(bytes.fromhex(seed)) != t.KeyData._length:  # noqa: SLF001
        raise ValueError("seed")
    octets = (info.nwk_update_id, info.security_level, info.network_key.seq)
    counters = [
        counter
        for key in (info.network_key, *info.key_table)
        for counter in (key.tx_counter, key.rx_counter)
    ]
    for value, most in [
        *((octet, 0xFF) for octet in octets),
        *((c, _MOST_COUNTER) for c in counters),
    ]:
        if not isinstance(value, int) or not 0 <= value <= most:
            raise ValueError("out of range")


def _keep_out_of_logs(info: NetworkInfo) -> None:
    """Settle beforehand what zigpy-znp would settle with a warning that quotes a key."""
    # Z-Stack has this key built in; no other one can be written.
    info.tc_link_key.key = DEFAULT_TC_LINK_KEY
    seed = info.stack_specific.get("zstack", {}).get("tclk_seed") or os.urandom(16).hex()
    keyed = [StoredDevice(NodeInfo(ieee=key.partner_ieee), key) for key in info.key_table]
    best = find_optimal_tclk_seed(keyed, t.KeyData(bytes.fromhex(seed)))
    info.stack_specific = {**info.stack_specific, "zstack": {"tclk_seed": best.serialize().hex()}}


async def read(port: Port) -> Backup | None:
    """The network a stick holds, with all it knows of its devices; None if it is blank.

    Raises:
        RadioError: there is no Z-Stack to be reached.
    """
    async with opened(port) as app:
        return await load(app)


async def load(app: Application) -> Backup | None:
    """The network of a radio that is connected; None if it has none. Takes a few seconds."""
    try:
        await app.load_network_info(load_devices=True)
    except NetworkNotFormed:
        return None
    except AssertionError, LookupError, ValueError:
        # A table with an entry of a kind that zigpy-znp does not expect: the network without it.
        await app.load_network_info(load_devices=False)
    return Backup.from_app(app)


async def restore(
    port: Port, backup: Backup, now: datetime, others: Iterable[Backup] = ()
) -> Coordinator:
    """Write a network onto a stick, read it back, and start it once.

    Whatever network it held before is gone. Its frame counter goes above all that was ever sent.

    Args:
        port: where the stick is.
        backup: the network.
        now: the time.
        others: newer knowledge of the same network.

    Raises:
        RadioError: there is no Z-Stack to be reached. Nothing was written.
        WriteError: it broke off in the middle, or the stick holds something else now.
    """
    async with opened(port) as app:
        held = await load(app)
        wanted = backup.advanced(now, (*others, held) if held else others)
        try:
            await wanted.write(app)
            found = await load(app)
            if found is None or not wanted.is_on(found):
                raise WriteError("it holds something else than was written")
            await app.start_network()
        except (*FAILURES, RuntimeError, AttributeError) as error:
            # Not RadioError, which says that nothing was done.
            raise WriteError(f"{type(error).__name__}") from error
        return coordinator_of(app)
