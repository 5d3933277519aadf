"""The repair for a stick that holds another network than its entry knows, or none.

Two ways out: our network is written back onto the stick, or the stick's network becomes ours.
Nothing is changed before one of them was chosen and confirmed.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import probatio

from ..archive import OVERWRITTEN, Archive, Kept, Reason, everything
from ..const import DOMAIN
from ..core.radio import Ieee
from ..known_network import KnownNetwork, unique_id
from ..phrases import Phrases, phrases
from ..radio.backup import Backup, BackupError, WriteError, read, restore
from ..radio.identity import identity_of
from ..radio.network import Port, RadioError
from ..runtime import AqaraConfigEntry
from .port import CONF_DEVICE
from .restore import describe


class NetworkRepair(RepairsFlow):
    """Take ours, or take the stick's.

    Attributes:
        _held: the network on the stick, None if it is blank.
        _backups: our own network as it was backed up, newest first.
        _error: what the last attempt ended with, for the next form.
    """

    def __init__(self, entry_id: str) -> None:
        self._entry_id = entry_id
        self._held: Backup | None = None
        self._backups: list[tuple[Kept, Backup]] = []
        self._task: asyncio.Task[None] | None = None
        self._error: str | None = None

    @property
    def _entry(self) -> AqaraConfigEntry:
        entry: AqaraConfigEntry = self.hass.config_entries.async_get_known_entry(self._entry_id)
        return entry

    @property
    def _port(self) -> Port:
        return Port.from_dict(self._entry.data[CONF_DEVICE])

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin: read the stick."""
        if self._entry.state is ConfigEntryState.LOADED:
            return self.async_create_entry(data={})
        return await self.async_step_look()

    async def async_step_look(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Read the stick, and look for backups of our network."""
        return await self._work("look", self._look, done="choose", failed="unreachable")

    async def _look(self) -> None:
        self._held = await read(self._port)
        known = KnownNetwork(self.hass, self._entry)
        await known.load()
        self._backups = await self._own_backups(known)

    async def _own_backups(self, known: KnownNetwork) -> list[tuple[Kept, Backup]]:
        ours = known.extended_pan_id
        if ours is None:
            candidates = await Archive(self.hass, self._entry_id).all()
        else:
            candidates = [kept for _, kept in await everything(self.hass, ours)]
        found = []
        for kept in candidates:
            with suppress(BackupError):
                found.append((kept, Backup.of(kept.content)))
        if known.identity is None:
            return found
        # One with the key of a network that only has the same name would help nobody.
        key = known.identity.key
        return [(kept, network) for kept, network in found if identity_of(network).key == key]

    async def async_step_unreachable(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """The stick could not be read. Offer to try again."""
        if user_input is not None:
            return await self.async_step_look()
        return self._form("unreachable", {})

    async def async_step_choose(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Show both networks and ask which one it is to be."""
        options = [
            *(["take_ours"] if self._backups else []),
            *(["take_theirs"] if self._held is not None else []),
        ]
        if not options:
            return self.async_abort(reason="no_backup", description_placeholders=self._names)
        known = KnownNetwork(self.hass, self._entry)
        await known.load()
        if self._held is not None and known.is_ours(identity_of(self._held)):
            return await self.async_step_start()  # the right stick is back
        return self.async_show_menu(
            step_id="choose",
            menu_options=options,
            description_placeholders={**self._names, **await self._both(known)},
        )

    async def _both(self, known: KnownNetwork) -> dict[str, str]:
        words = await phrases(self.hass, "backup")
        differences = known.differences(identity_of(self._held)) if self._held else ()
        names = [words[f"fact_{each}"] for each in differences]
        return {
            "ours": self._ours(words),
            "theirs": describe(self._held, words) if self._held else words["stick_blank"],
            "differences": ", ".join(names) or words["stick_blank"],
        }

    def _ours(self, words: Phrases) -> str:
        if not self._backups:
            return words["none"]
        kept, network = self._backups[0]
        return describe(network, words, kept)

    # Ours

    async def async_step_take_ours(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Say what is written over what, and ask once more."""
        if user_input is not None:
            return await self.async_step_restore()
        words = await phrases(self.hass, "backup")
        return self._form("take_ours", {"ours": self._ours(words)})

    async def async_step_restore(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Write our network onto the stick, and read it back."""
        return await self._work("restore", self._restore, done="start", failed="take_ours")

    async def _restore(self) -> None:
        now = dt_util.utcnow()
        if self._held is not None:
            await Archive(self.hass, OVERWRITTEN).add(Kept.of(Reason.RESTORE, self._held, now))
        (_, wanted), *_ = self._backups
        await restore(self._port, wanted, now, [network for _, network in self._backups])
        # Ours may have moved since it was backed up.
        await KnownNetwork(self.hass, self._entry).remember(identity_of(wanted))

    # The stick's

    async def async_step_take_theirs(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Say what becomes of the devices, and ask once more."""
        assert self._held is not None
        wanted = unique_id(self._held.extended_pan_id, self._entry.unique_id)
        others = self.hass.config_entries.async_entries(DOMAIN)
        if any(other.unique_id == wanted and other.entry_id != self._entry_id for other in others):
            return self.async_abort(reason="already_configured")
        if user_input is None:
            words = await phrases(self.hass, "backup")
            return self._form("take_theirs", {"theirs": describe(self._held, words)})
        self.hass.config_entries.async_update_entry(self._entry, unique_id=wanted)
        known = KnownNetwork(self.hass, self._entry)
        await known.load()
        if known.identity is not None:
            self._forget_coordinator(known.identity.coordinator)
        await known.remember(identity_of(self._held))
        return await self.async_step_start()

    def _forget_coordinator(self, ieee: Ieee) -> None:
        """Take the old stick out of the device registry, unless the new one has its address."""
        assert self._held is not None
        registry = dr.async_get(self.hass)
        old = registry.async_get_device_by_identifier((DOMAIN, ieee), self._entry_id)
        if ieee != self._held.coordinator and old is not None:
            registry.async_remove_device(old.id)

    # The end of both

    async def async_step_start(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Start the network."""
        return await self._work("start", self._start, done="check", failed="check")

    async def _start(self) -> None:
        await self.hass.config_entries.async_reload(self._entry_id)

    async def async_step_check(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Look whether it is up."""
        if self._entry.state is ConfigEntryState.LOADED:
            return self.async_create_entry(data={})
        return self.async_abort(
            reason="not_up",
            description_placeholders={**self._names, "reason": self._entry.reason or ""},
        )

    # Forms and work

    @property
    def _names(self) -> dict[str, str]:
        return {"title": self._entry.title, "path": self._port.path}

    def _form(self, step: str, facts: dict[str, str]) -> RepairsFlowResult:
        error, self._error = self._error, None
        return self.async_show_form(
            step_id=step,
            data_schema=probatio.Schema({}),
            errors={"base": error} if error else {},
            description_placeholders={**self._names, **facts},
        )

    async def _work(
        self, step: str, work: Callable[[], Coroutine[Any, Any, None]], *, done: str, failed: str
    ) -> RepairsFlowResult:
        """Show progress while something is done; `failed` shows what went wrong."""
        if self._task is None:
            self._task = self.hass.async_create_background_task(work(), f"{DOMAIN} repair {step}")
        if not self._task.done():
            # Closing the dialogue cancels the task that is given here, and a stick must not be left
            # in the middle of anything: so this one only waits for the one that works.
            waiting = self.hass.async_create_background_task(
                asyncio.wait((self._task,)), f"{DOMAIN} repair {step} wait"
            )
            return self.async_show_progress(
                step_id=step,
                progress_action=step,
                progress_task=waiting,
                description_placeholders=self._names,
            )
        task, self._task = self._task, None
        match task.exception():
            case None:
                return self.async_show_progress_done(next_step_id=done)
            case RadioError() as error:
                self._error = error.trouble
            case WriteError():
                self._error = "write_failed"
            case error:
                raise error
        return self.async_show_progress_done(next_step_id=failed)
