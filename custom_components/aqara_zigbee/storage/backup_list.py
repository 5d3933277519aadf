"""Stored backups: a limited list for each config entry, in Home Assistant's storage.

They contain the network key: anyone who has one can read the network's messages. So they are in a
file that only Home Assistant can read, and only administrators can download them.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
import logging
from typing import Any, Protocol, Self

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.uuid import random_uuid_hex

from ..const import DOMAIN
from ..core.errors import StorageError
from ..core.limits import is_moment, known_members
from ..core.radio import Ieee
from ..texts import Texts
from .files import DurableStore

_LOGGER = logging.getLogger(__name__)

OVERWRITTEN = "overwritten"
"""Key of the list of networks that were overwritten at a setup, in place of an entry id."""

_VERSION = 1


class Reason(StrEnum):
    """Reasons for a backup; the values are translation keys."""

    DAILY = "daily"
    HOME_ASSISTANT = "before_home_assistant_backup"
    JOINED = "device_joined"
    LEFT = "device_left"
    CHANNEL = "channel_changed"
    ASKED = "asked_for"
    RESTORE = "before_restore"
    REPLACE = "before_replacement"


_KEPT = {
    Reason.DAILY: 7,
    Reason.JOINED: 6,
    Reason.LEFT: 4,
    Reason.CHANNEL: 3,
    Reason.HOME_ASSISTANT: 2,
    Reason.ASKED: 5,
    Reason.RESTORE: 3,
    Reason.REPLACE: 2,
}
"""Maximum number of each reason, 32 in total. A week of daily ones must not replace the one made
before a failed change."""


class Network(Protocol):
    """A backup as created by the radio."""

    @property
    def channel(self) -> int:
        """IEEE 802.15.4 channel."""
        ...

    @property
    def extended_pan_id(self) -> str:
        """The extended PAN id of the network."""
        ...

    @property
    def devices(self) -> int:
        """The number of devices in it."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """Return the complete backup as JSON, including keys."""
        ...

    def of_members(self, members: Iterable[Ieee]) -> Network:
        """Return the same backup, whose `devices` counts only these devices."""
        ...


@dataclass(frozen=True, slots=True)
class StoredBackup:
    """One backup in the list.

    Attributes:
        content: the network as JSON, including keys.
    """

    id: str
    reason: Reason
    taken: datetime
    channel: int
    extended_pan_id: str
    devices: int
    content: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, reason: Reason, network: Network, now: datetime) -> Self:
        """Create a backup that was just made."""
        return cls(
            random_uuid_hex(),
            reason,
            now,
            network.channel,
            network.extended_pan_id,
            network.devices,
            network.as_dict(),
        )

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Create a backup from `as_dict`.

        Raises:
            ValueError: it is damaged, or has a reason of a newer version.
        """
        texts = dict.fromkeys(("id", "reason", "taken", "extended_pan_id"), str)
        found = known_members(stored, **texts, channel=int, devices=int, content=dict)
        if not is_moment(found["taken"]):
            raise ValueError("taken is not a time")
        found["taken"] = datetime.fromisoformat(found["taken"])
        return cls(**{**found, "reason": Reason(found["reason"])})

    def as_dict(self) -> dict[str, Any]:
        """Return the backup for storage."""
        return {**asdict(self), "taken": self.taken.isoformat()}

    def facts(self) -> dict[str, Any]:
        """Return the data without secrets."""
        return {
            "id": self.id,
            "reason": str(self.reason),
            "time": self.taken.isoformat(),
            "channel": self.channel,
            "devices": self.devices,
        }

    @property
    def filename(self) -> str:
        """The file name of a download."""
        return f"zigbee-backup-{dt_util.as_local(self.taken):%Y-%m-%d-%H%M}-channel-{self.channel}.json"


class BackupList:
    """The list of one config entry.

    It is not kept in memory, but read when needed.
    """

    def __init__(self, hass: HomeAssistant, owner: str) -> None:
        """Open the list of a config entry's id, or of `OVERWRITTEN`."""
        self._store = DurableStore(hass, _VERSION, f"{DOMAIN}.{owner}.backups")
        self._lock = asyncio.Lock()

    async def all(self) -> list[StoredBackup]:
        """Return all backups, newest first. Unreadable ones are omitted and logged."""
        try:
            records = await self._records()
        except StorageError as error:
            _LOGGER.warning("%s cannot be read: %s", self._store.path, error)
            return []
        kept = [each for record in records if (each := self._read(record)) is not None]
        return sorted(kept, key=lambda each: each.taken, reverse=True)

    async def _records(self) -> list[Any]:
        """Return the records of the file.

        Raises:
            StorageError: it cannot be read.
        """
        records = (await self._store.load()).get("backups")
        return records if isinstance(records, list) else []

    def _read(self, record: Any) -> StoredBackup | None:
        try:
            return StoredBackup.from_dict(record)
        except ValueError as error:
            _LOGGER.warning("A backup in %s cannot be used: %s", self._store.path, error)
            return None

    async def get(self, backup_id: str) -> StoredBackup | None:
        """Return a backup, None if it is not stored any more."""
        return next((each for each in await self.all() if each.id == backup_id), None)

    async def add(self, kept: StoredBackup) -> None:
        """Store a backup, and delete the oldest of its reason if there are too many.

        Backups that this version cannot read stay in the file for a newer one.

        Raises:
            StorageError: it could not be written, or the others could not be read.
        """
        async with self._lock:
            records = await self._records()
            found = [(record, self._read(record)) for record in records]
            known = [each for _, each in found if each is not None]
            known.sort(key=lambda each: each.taken, reverse=True)
            left = [each.as_dict() for each in _thinned([kept, *known])]
            unread = [record for record, each in found if each is None]
            await self._store.save({"backups": [*left, *unread]})

    async def remove(self) -> None:
        """Delete the list."""
        await self._store.async_remove()


def _thinned(newest_first: Iterable[StoredBackup]) -> list[StoredBackup]:
    """Return the newest backups of each reason."""
    seen = Counter[Reason]()
    left = []
    for kept in newest_first:
        seen[kept.reason] += 1
        if seen[kept.reason] <= _KEPT[kept.reason]:
            left.append(kept)
    return left


async def everything(
    hass: HomeAssistant, extended_pan_id: str | None = None
) -> list[tuple[str, StoredBackup]]:
    """The backups of all lists, of one network or of any, newest first, with the list's owner."""
    owners = {entry.entry_id: entry.title for entry in hass.config_entries.async_entries(DOMAIN)}
    found = [
        (title, kept)
        for owner, title in {**owners, OVERWRITTEN: ""}.items()
        for kept in await BackupList(hass, owner).all()
        if extended_pan_id in (None, kept.extended_pan_id)
    ]
    return sorted(found, key=lambda each: each[1].taken, reverse=True)


async def forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete the list of a removed entry, and with the last entry that of overwritten networks."""
    await BackupList(hass, entry.entry_id).remove()
    others = hass.config_entries.async_entries(DOMAIN)
    if all(other.entry_id == entry.entry_id for other in others):
        await BackupList(hass, OVERWRITTEN).remove()


def moment(time: datetime) -> str:
    """Return a time for display: with seconds, as several backups can be made in a minute."""
    return f"{dt_util.as_local(time):%Y-%m-%d %H:%M:%S}"


def line(kept: StoredBackup, texts: Texts) -> str:
    """Return a backup as a line of a list, with the texts of ``selector.backup``."""
    parts = (
        moment(kept.taken),
        texts[kept.reason],
        texts.put("devices", count=kept.devices),
        texts.put("channel", number=kept.channel),
    )
    return " · ".join(parts)
