"""Common steps of the repairs of a network that does not start, which use its coordinator."""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, override

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState, OperationNotAllowed
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.event import async_call_later
import probatio

from ..radio.network import Port
from ..runtime import AqaraConfigEntry
from ..texts import load_reason
from .port import CONF_DEVICE, error_key
from .progress import UNKNOWN
from .reservation import ReservingFlow

_FORGOTTEN_SECONDS = 15 * 60
"""Seconds until an abandoned dialog counts as closed, and the network is started again."""


class CoordinatorRepair(ReservingFlow[RepairsFlowResult], RepairsFlow):
    """Reads or writes the coordinator of an entry that does not run, and starts its network.

    Home Assistant retries the start repeatedly, but not while the dialog is open, as both would
    open the same port. A start that is running or requested, and work at the port, wait for each
    other: both hold the entry's `setup_lock`.

    Attributes:
        _error: the error of the last attempt, for the next form.
    """

    def __init__(self, entry_id: str) -> None:
        self._entry_id = entry_id
        self._error: str | None = None
        self._timer: CALLBACK_TYPE | None = None

    @property
    def _entry(self) -> AqaraConfigEntry:
        entry: AqaraConfigEntry = self.hass.config_entries.async_get_known_entry(self._entry_id)
        return entry

    @property
    def _port(self) -> Port:
        return Port.from_dict(self._entry.data[CONF_DEVICE])

    @property
    def _names(self) -> dict[str, str]:
        return {"title": self._entry.title, "path": self._port.path}

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Start by reading the coordinator."""
        if self._entry.state is ConfigEntryState.LOADED:
            return self.async_create_entry(data={})
        return await self.async_step_look()

    async def async_step_look(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Read the coordinator."""
        raise NotImplementedError

    async def async_step_unreachable(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Offer another attempt, as the coordinator could not be read."""
        if user_input is not None:
            return await self.async_step_look()
        return self._form("unreachable")

    async def async_step_check(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Check whether the network is running."""
        if self._entry.state is ConfigEntryState.LOADED:
            return self.async_create_entry(data={})
        reason = await load_reason(self.hass, self._entry)
        return self.async_abort(
            reason="not_up", description_placeholders={**self._names, "reason": reason}
        )

    async def _start(self) -> None:
        """Start the network."""
        self._reserved = None
        self._stop_timer()
        await self.hass.config_entries.async_reload(self._entry_id)

    # Reserving the coordinator

    async def _stop_retries(self) -> None:
        """Prevent a start of the network while the coordinator is read or written."""
        if self._entry.state is ConfigEntryState.SETUP_RETRY:
            with suppress(OperationNotAllowed):
                await self._reserve(self._entry)
        self._stop_timer()
        if self._reserved is not None:
            self._timer = async_call_later(self.hass, _FORGOTTEN_SECONDS, self._forgotten)

    @callback
    def _forgotten(self, _now: datetime) -> None:
        self._timer = None
        self._release()

    @callback
    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer()
            self._timer = None

    @callback
    @override
    def async_remove(self) -> None:
        """Called when the dialog is closed."""
        super().async_remove()
        self._stop_timer()

    # Forms and progress

    def _form(self, step: str, facts: Mapping[str, str] | None = None) -> RepairsFlowResult:
        error, self._error = self._error, None
        return self.async_show_form(
            step_id=step,
            data_schema=probatio.Schema({}),
            errors={"base": error} if error else {},
            description_placeholders={**self._names, **(facts or {})},
        )

    async def _work_at_port(
        self, step: str, work: Callable[[], Coroutine[Any, Any, None]], *, done: str, failed: str
    ) -> RepairsFlowResult:
        async def reserved() -> None:
            await self._stop_retries()
            await work()

        return await self._work(step, reserved, done=done, failed=failed, placeholders=self._names)

    @override
    def _set_error(self, error: BaseException) -> None:
        if (key := error_key(error)) is None:
            super()._set_error(error)
        self._error = key or UNKNOWN
