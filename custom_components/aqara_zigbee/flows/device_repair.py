"""The repair of a property that a device has wrong."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, override

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import callback
from homeassistant.helpers.event import async_call_later
import probatio

from ..core.definition import Problem
from ..core.device import Device
from ..core.errors import AqaraError
from ..core.events import Update
from ..core.radio import Ieee
from ..registry import name_of
from ..runtime import AqaraConfigEntry
from .progress import ProgressStep


class DeviceRepair(ProgressStep[RepairsFlowResult], RepairsFlow):
    """Sets a property that a device has wrong, and waits for its report.

    It is sleepy, so the user has to wake it. A value that is not sent in time keeps waiting.

    Attributes:
        patience: the timeout.
    """

    patience = timedelta(minutes=3)

    def __init__(self, entry_id: str, ieee: Ieee, issue: str) -> None:
        self._entry_id = entry_id
        self._ieee = ieee
        self._issue = issue

    def _case(self) -> tuple[Device, Problem] | None:
        """Return the device and its problem; None if its network is not running or it has left."""
        entry: AqaraConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return None
        device = entry.runtime_data.gateway.get(self._ieee)
        problems = device.definition.problems if device and device.definition else ()
        problem = next((each for each in problems if each.issue == self._issue), None)
        return (device, problem) if device and problem else None

    @property
    def _names(self) -> dict[str, str]:
        minutes = str(int(self.patience.total_seconds() // 60))
        return {
            "device": name_of(self.hass, self._entry_id, self._ieee),
            "minutes": minutes,
        }

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Start."""
        return await self.async_step_explain()

    async def async_step_explain(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Explain the problem and its solution."""
        if user_input is None:
            return self._form("explain")
        return await self._write()

    async def async_step_asleep(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Offer to continue waiting, as the device did not wake up in time."""
        if user_input is None:
            return self._form("asleep")
        return await self._write()

    def _form(self, step: str) -> RepairsFlowResult:
        return self.async_show_form(
            step_id=step, data_schema=probatio.Schema({}), description_placeholders=self._names
        )

    async def _write(self) -> RepairsFlowResult:
        """Queue the right value for when the device is awake."""
        if (case := self._case()) is None:
            return self.async_abort(reason="device_gone", description_placeholders=self._names)
        device, problem = case
        assert problem.fix is not None
        try:
            await device.set(problem.name, problem.fix)
        except AqaraError as error:
            return self.async_abort(
                reason="not_set", description_placeholders={**self._names, "reason": str(error)}
            )
        return await self.async_step_wait()

    async def async_step_wait(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Wait until the device reports the right value, or until the timeout."""
        return await self._work(
            "wait",
            self._wait,
            done="waited",
            failed="gone",
            placeholders=self._names,
        )

    async def _wait(self) -> None:
        if (case := self._case()) is not None:
            await self._well(*case)

    async def async_step_waited(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Show the result."""
        if (case := self._case()) is None:
            return await self.async_step_gone()
        return await (self.async_step_done() if _is_well(*case) else self.async_step_asleep())

    @callback
    @override
    def async_remove(self) -> None:
        """Called when the dialog is closed; the wait ends."""
        super().async_remove()
        if self._task is not None:
            self._task.cancel()

    async def _well(self, device: Device, problem: Problem) -> None:
        if _is_well(device, problem):
            return
        over = asyncio.Event()

        @callback
        def on_update(_update: Update) -> None:
            if _is_well(device, problem):
                over.set()

        @callback
        def give_up(_now: datetime) -> None:
            over.set()

        unsubscribe = device.subscribe(on_update)
        cancel = async_call_later(self.hass, self.patience, give_up)
        try:
            await over.wait()
        finally:
            unsubscribe()
            cancel()

    async def async_step_gone(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """End, as the device has left, or its network is not running any more."""
        return self.async_abort(reason="device_gone", description_placeholders=self._names)

    async def async_step_done(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """End, as the problem is solved."""
        return self.async_create_entry(data={})


def _is_well(device: Device, problem: Problem) -> bool:
    """Whether the device has reported the right value; no value is pending then."""
    return device.state.get(problem.name) == problem.fix and problem.name not in device.pending
