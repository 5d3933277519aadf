"""The repair for a coordinator with another network than its entry's, or none.

Either the entry's network is restored on the coordinator, or the coordinator's network becomes the
entry's. Nothing is changed before one of them is chosen and confirmed.
"""

from contextlib import suppress
from typing import Any, override

from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..core.errors import StorageError
from ..core.identity import extended_pan_id_in
from ..core.radio import Ieee
from ..radio.backup import Backup, BackupError
from ..radio.restore import read, restore
from ..storage.backup_list import OVERWRITTEN, BackupList, Reason, StoredBackup, everything
from ..storage.network import KnownNetwork
from ..texts import Texts, load_texts
from .coordinator_repair import CoordinatorRepair
from .network_id import unique_id_of
from .network_text import describe, describe_held
from .port import STORAGE_FAILED


class NetworkRepair(CoordinatorRepair):
    """Asks which network to use, and applies the choice.

    Attributes:
        _held: the coordinator's network, None if it is blank.
        _backups: backups of the entry's network, newest first.
    """

    def __init__(self, entry_id: str) -> None:
        super().__init__(entry_id)
        self._held: Backup | None = None
        self._backups: list[tuple[StoredBackup, Backup]] = []

    @override
    async def async_step_look(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Read the coordinator, and find backups of the entry's network."""
        return await self._work_at_port("look", self._check, done="choose", failed="unreachable")

    async def _check(self) -> None:
        async with self._entry.setup_lock:
            self._held = await read(self._port)
        known = KnownNetwork(self.hass, self._entry)
        await known.load()
        self._backups = await self._own_backups(known)

    async def _own_backups(self, known: KnownNetwork) -> list[tuple[StoredBackup, Backup]]:
        ours = known.extended_pan_id
        if ours is None:
            candidates = await BackupList(self.hass, self._entry_id).all()
        else:
            candidates = [kept for _, kept in await everything(self.hass, ours)]
        found = []
        for kept in candidates:
            with suppress(BackupError):
                found.append((kept, Backup.of(kept.content)))
        if known.identity is None:
            return found
        # A network with the same extended PAN id but another key would not help.
        key = known.identity.key
        return [(kept, network) for kept, network in found if network.identity.key == key]

    async def async_step_choose(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Show both networks and ask which one to use."""
        options = [
            *(["take_ours"] if self._backups else []),
            *(["take_theirs"] if self._held is not None and self._held.is_whole else []),
        ]
        if not options:
            return self.async_abort(reason="no_backup", description_placeholders=self._names)
        known = KnownNetwork(self.hass, self._entry)
        await known.load()
        is_whole = self._held is not None and self._held.is_whole
        if self._held is not None and is_whole and known.is_ours(self._held.identity):
            return await self.async_step_start()  # the right coordinator is back
        if self._held is None:
            return await self.async_step_take_ours()  # there is nothing to choose
        return self.async_show_menu(
            step_id="choose",
            menu_options=options,
            description_placeholders={**self._names, **await self._both(known)},
        )

    async def _both(self, known: KnownNetwork) -> dict[str, str]:
        texts = await load_texts(self.hass, "backup")
        assert self._held is not None  # a blank coordinator leaves nothing to choose
        differences = known.differences(self._held.identity)
        return {
            "ours": self._ours(texts, differences),
            "theirs": describe_held(self._held, texts, differences),
            "differences": ", ".join(texts[f"difference_{each}"] for each in differences),
        }

    def _ours(self, texts: Texts, differing: tuple[str, ...] = ()) -> str:
        if not self._backups:
            return texts["none"]
        kept, network = self._backups[0]
        return describe(network, texts, kept, differing)

    # Restoring the entry's network

    async def async_step_take_ours(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Show what would be overwritten, and ask for confirmation."""
        if user_input is not None:
            return await self.async_step_restore()
        texts = await load_texts(self.hass, "backup")
        return self._form("take_ours", {"ours": self._ours(texts)})

    async def async_step_restore(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Restore the entry's network on the coordinator, and read it back."""
        return await self._work_at_port("restore", self._restore, done="start", failed="take_ours")

    async def _restore(self) -> None:
        now = dt_util.utcnow()
        if self._held is not None:
            await BackupList(self.hass, OVERWRITTEN).add(
                StoredBackup.of(Reason.RESTORE, self._held, now)
            )
        (_, wanted), *_ = self._backups
        async with self._entry.setup_lock:
            await restore(self._port, wanted, now, [network for _, network in self._backups])
        # The network may have changed since the backup.
        await KnownNetwork(self.hass, self._entry).remember(wanted.identity)

    # Using the coordinator's network

    async def async_step_take_theirs(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Show what this means for the devices, and ask for confirmation."""
        assert self._held is not None
        wanted = self._entry.unique_id
        if extended_pan_id_in(wanted) is not None:
            wanted = await unique_id_of(self.hass, self._held, self._entry_id)
        others = self.hass.config_entries.async_entries(DOMAIN)
        if any(other.unique_id == wanted and other.entry_id != self._entry_id for other in others):
            return self.async_abort(
                reason="already_configured", description_placeholders=self._names
            )
        if user_input is None:
            texts = await load_texts(self.hass, "backup")
            return self._form("take_theirs", {"theirs": describe_held(self._held, texts)})
        known = KnownNetwork(self.hass, self._entry)
        await known.load()
        before = known.identity
        try:
            await known.remember(self._held.identity)
        except StorageError:
            self._error = STORAGE_FAILED
            return await self.async_step_take_theirs()
        self.hass.config_entries.async_update_entry(self._entry, unique_id=wanted)
        if before is not None:
            self._forget_coordinator(before.coordinator)
        return await self.async_step_start()

    def _forget_coordinator(self, ieee: Ieee) -> None:
        """Remove the old coordinator's device, unless the new coordinator has its address."""
        assert self._held is not None
        registry = dr.async_get(self.hass)
        old = registry.async_get_device_by_identifier((DOMAIN, ieee), self._entry_id)
        if ieee != self._held.coordinator and old is not None:
            registry.async_remove_device(old.id)

    # Start

    async def async_step_start(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Start the network."""
        return await self._work_at_port("start", self._start, done="check", failed="check")
