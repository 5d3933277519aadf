"""The repair of a damaged device database: it is rebuilt from all other data.

The stored states have the models; the coordinator and its newest backup have the addresses.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
import sqlite3
from typing import Any, override

from homeassistant.components.repairs import RepairsFlowResult

from ..core.errors import StorageError
from ..core.limits import is_moment
from ..core.radio import Ieee, Node
from ..core.stored import node_from
from ..radio import addresses as addresses_module
from ..radio.backup import Backup, BackupError
from ..radio.migration import database
from ..radio.restore import read
from ..storage.backup_list import BackupList
from ..storage.files import database_path, delete_database
from ..storage.store import Memory
from .coordinator_repair import CoordinatorRepair


class DatabaseRepair(CoordinatorRepair):
    """Rebuilds the database and starts the network."""

    def __init__(self, entry_id: str) -> None:
        super().__init__(entry_id)
        self._nodes: list[tuple[Node, datetime | None]] = []

    @property
    @override
    def _names(self) -> dict[str, str]:
        complete = sum(node.is_complete for node, _ in self._nodes)
        incomplete = len(self._nodes) - complete
        return {**super()._names, "complete": str(complete), "incomplete": str(incomplete)}

    @override
    async def async_step_look(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Read the coordinator, its newest backup and the stored states."""
        return await self._work_at_port("look", self._check, done="confirm", failed="unreachable")

    async def _check(self) -> None:
        async with self._entry.setup_lock:
            held = await read(self._port)
        memory = Memory(self.hass, self._entry_id)
        try:
            stored = (await memory.load()).get("devices", {})
        finally:
            await memory.close()
        addresses = {**await self._backed_up(), **(held.addresses if held else {})}
        addresses.pop(held.coordinator if held else "", None)
        self._nodes = nodes_of(stored, addresses)

    async def _backed_up(self) -> Mapping[Ieee, int]:
        """Return the addresses in the newest readable backup."""
        for kept in await BackupList(self.hass, self._entry_id).all():
            with suppress(BackupError):
                return Backup.of(kept.content).addresses
        return {}

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Show what can be restored and what cannot."""
        if user_input is not None:
            return await self.async_step_rebuild()
        return self._form("confirm")

    async def async_step_rebuild(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Rebuild the database and start the network with it."""
        return await self._work_at_port("rebuild", self._rebuild, done="check", failed="confirm")

    async def _rebuild(self) -> None:
        path = database_path(self.hass, self._entry_id)
        new = path.with_name(f"{path.name}.new")
        try:
            await self.hass.async_add_executor_job(delete_database, new)
            await database.create(new, self._nodes)
            async with self._entry.setup_lock:
                await self.hass.async_add_executor_job(_exchange, path, new)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(str(error)) from error
        await self._start()


def nodes_of(
    stored: Mapping[Ieee, Any], addresses: Mapping[Ieee, int]
) -> list[tuple[Node, datetime | None]]:
    """Return the devices of the network, with the time of their last frame.

    Args:
        stored: the stored states by device.
        addresses: the network addresses of the coordinator and its backup.
    """
    taken = set(addresses.values())
    found = []
    for ieee in stored.keys() | addresses.keys():
        content = stored.get(ieee)
        content = content if isinstance(content, Mapping) else {}
        kept = content.get("node")
        nwk = kept.get("nwk") if isinstance(kept, Mapping) else None
        if ieee in addresses:
            nwk = addresses[ieee]
        elif type(nwk) is not int or nwk in taken:
            nwk = int(addresses_module.UNKNOWN)
        seen = content.get("last_seen")
        moment = datetime.fromisoformat(seen) if isinstance(seen, str) and is_moment(seen) else None
        found.append((node_from(ieee, nwk, kept), moment))
    return sorted(found, key=lambda each: each[0].ieee)


def _exchange(path: Path, new: Path) -> None:
    """Replace a damaged database with a new one; the damaged one is kept beside it."""
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    if path.exists():
        path.replace(path.with_name(f"{path.name}.damaged"))
    new.replace(path)
