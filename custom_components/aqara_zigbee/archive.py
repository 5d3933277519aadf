"""The backups we keep: a bounded list for each config entry, in Home Assistant's storage.

They hold the network key: whoever has one can listen in on the network. So they stay in a file that
only Home Assistant reads, and leave it on an administrator's word alone.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, Self

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.uuid import random_uuid_hex

from .const import DOMAIN
from .phrases import Phrases

OVERWRITTEN = "overwritten"
"""The list of networks that were on a stick before it was set up, in the place of an entry id."""

_VERSION = 1


class Reason(StrEnum):
    """Why a backup was made; the values are translation keys."""

    DAILY = "daily"
    HOME_ASSISTANT = "before_home_assistant_backup"
    JOINED = "device_joined"
    LEFT = "device_left"
    CHANNEL = "channel_changed"
    ASKED = "asked_for"
    RESTORE = "before_restore"


_KEPT = {
    Reason.DAILY: 7,
    Reason.JOINED: 6,
    Reason.LEFT: 4,
    Reason.CHANNEL: 3,
    Reason.HOME_ASSISTANT: 2,
    Reason.ASKED: 5,
    Reason.RESTORE: 3,
}
"""How many of each are kept, thirty in all. A week of daily ones must not push out the one that was
made before the change that went wrong."""


class Network(Protocol):
    """A backup, as the radio makes it."""

    @property
    def channel(self) -> int:
        """IEEE 802.15.4 channel."""
        ...

    @property
    def extended_pan_id(self) -> str:
        """What tells the network from others."""
        ...

    @property
    def devices(self) -> int:
        """How many devices it knows."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """Everything, keys too, as JSON."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """One backup in the list.

    Attributes:
        content: the network as JSON, keys and all.
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
        """A backup that has just been made."""
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
        """What `as_dict` gave."""
        return cls(
            **{
                **stored,
                "reason": Reason(stored["reason"]),
                "taken": datetime.fromisoformat(stored["taken"]),
            }
        )

    def as_dict(self) -> dict[str, Any]:
        """As it is stored."""
        return {**asdict(self), "taken": self.taken.isoformat()}

    def facts(self) -> dict[str, Any]:
        """What may be shown to anyone."""
        return {
            "id": self.id,
            "reason": str(self.reason),
            "time": self.taken.isoformat(),
            "channel": self.channel,
            "devices": self.devices,
        }

    @property
    def filename(self) -> str:
        """What a download is called."""
        return f"zigbee-backup-{dt_util.as_local(self.taken):%Y-%m-%d-%H%M}-channel-{self.channel}.json"


class Archive:
    """The list of one config entry.

    Nothing of it stays in memory: it is read when it is wanted.
    """

    def __init__(self, hass: HomeAssistant, owner: str) -> None:
        """Open the list of a config entry, by its id, or `OVERWRITTEN`."""
        self._store = Store[dict[str, Any]](
            hass, _VERSION, f"{DOMAIN}.{owner}.backups", private=True, atomic_writes=True
        )
        self._lock = asyncio.Lock()

    async def all(self) -> list[Kept]:
        """What is kept, newest first."""
        stored = await self._store.async_load() or {}
        kept = [Kept.from_dict(each) for each in stored.get("backups", [])]
        return sorted(kept, key=lambda each: each.taken, reverse=True)

    async def get(self, backup_id: str) -> Kept | None:
        """One of them, None if it is not kept any more."""
        return next((each for each in await self.all() if each.id == backup_id), None)

    async def add(self, kept: Kept) -> None:
        """Keep one more, and let go of the oldest of its kind if they are too many."""
        async with self._lock:
            left = _thinned([kept, *await self.all()])
            await self._store.async_save({"backups": [each.as_dict() for each in left]})

    async def remove(self) -> None:
        """Delete the list."""
        await self._store.async_remove()


def _thinned(newest_first: Iterable[Kept]) -> list[Kept]:
    """The newest of each kind."""
    seen = Counter[Reason]()
    left = []
    for kept in newest_first:
        seen[kept.reason] += 1
        if seen[kept.reason] <= _KEPT[kept.reason]:
            left.append(kept)
    return left


async def everything(
    hass: HomeAssistant, extended_pan_id: str | None = None
) -> list[tuple[str, Kept]]:
    """What all lists keep, of one network or of any, newest first, with whose list it is in."""
    owners = {entry.entry_id: entry.title for entry in hass.config_entries.async_entries(DOMAIN)}
    found = [
        (title, kept)
        for owner, title in {**owners, OVERWRITTEN: ""}.items()
        for kept in await Archive(hass, owner).all()
        if extended_pan_id in (None, kept.extended_pan_id)
    ]
    return sorted(found, key=lambda each: each[1].taken, reverse=True)


async def forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete the list of an entry that is removed, and with the last one what has none."""
    await Archive(hass, entry.entry_id).remove()
    others = hass.config_entries.async_entries(DOMAIN)
    if all(other.entry_id == entry.entry_id for other in others):
        await Archive(hass, OVERWRITTEN).remove()


def line(kept: Kept, words: Phrases) -> str:
    """A backup as one line of a list; the words are those of ``selector.backup``."""
    parts = (
        f"{dt_util.as_local(kept.taken):%Y-%m-%d %H:%M}",
        words[kept.reason],
        words.put("devices", count=kept.devices),
        words.put("channel", number=kept.channel),
    )
    return " · ".join(parts)
