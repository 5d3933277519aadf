"""Flows that use the coordinator of an entry while its network does not run."""

from typing import Any, override

from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowResult

from ..runtime import AqaraConfigEntry
from .progress import ProgressStep


class ReservingFlow[ResultT: FlowResult[Any, Any]](ProgressStep[ResultT]):
    """A flow that unloads an entry to use its coordinator, and loads it again in any case.

    Attributes:
        _reserved: the id of the entry that is unloaded for the flow; None if there is none.
    """

    _reserved: str | None = None

    async def _reserve(self, entry: AqaraConfigEntry) -> None:
        """Unload an entry, or stop its retries, so that its coordinator can be opened.

        Raises:
            OperationNotAllowed: it is being started or stopped.
        """
        if await self.hass.config_entries.async_unload(entry.entry_id):
            self._reserved = entry.entry_id

    @callback
    def _release(self) -> None:
        """Let the entry be loaded when no work is running, unless this has happened."""
        entry_id, self._reserved = self._reserved, None
        if entry_id is not None:
            self.hass.async_create_task(self._load(entry_id))

    async def _load(self, entry_id: str) -> None:
        await self._settled()
        if (entry := self.hass.config_entries.async_get_entry(entry_id)) is not None:
            self._before_load(entry)
            await self.hass.config_entries.async_reload(entry_id)

    @callback
    def _before_load(self, entry: AqaraConfigEntry) -> None:
        """Called before the entry is loaded: store in it what the flow has changed."""

    @callback
    @override
    def async_remove(self) -> None:
        """Called when the dialog is closed."""
        super().async_remove()
        self._release()
