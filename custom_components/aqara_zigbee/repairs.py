"""Flows that end a trouble, for the repair issues that can be fixed by asking."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
import probatio

from .const import DOMAIN
from .core.definition import Problem
from .core.device import Device, Update
from .core.errors import AqaraError
from .core.radio import Ieee
from .flows.network_repair import NetworkRepair
from .issues import ATTR_ENTRY, ATTR_IEEE
from .registry import name_of
from .runtime import AqaraConfigEntry


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """The flow for an issue, by whom it is about."""
    assert data is not None
    entry_id, ieee = str(data[ATTR_ENTRY]), data[ATTR_IEEE]
    if ieee is None:
        return NetworkRepair(entry_id)
    return DeviceRepair(entry_id, str(ieee), issue_id.removesuffix(f"_{ieee}"))


class DeviceRepair(RepairsFlow):
    """Sets a property that a device has wrong, and waits until the device itself says so.

    It sleeps, so somebody has to wake it meanwhile. What it did not hear in time goes on waiting.

    Attributes:
        patience: how long it is waited for.
    """

    patience = timedelta(minutes=3)

    def __init__(self, entry_id: str, ieee: Ieee, issue: str) -> None:
        self._entry_id = entry_id
        self._ieee = ieee
        self._issue = issue
        self._waiting: asyncio.Task[None] | None = None

    def _case(self) -> tuple[Device, Problem] | None:
        """The device and what is wrong with it; None if its network is down or it has left."""
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
        """Begin."""
        return await self.async_step_explain()

    async def async_step_explain(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Say what is wrong and what there is to do."""
        if user_input is None:
            return self._form("explain")
        return await self._write()

    async def async_step_asleep(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """It was not heard in time. Offer to go on waiting."""
        if user_input is None:
            return self._form("asleep")
        return await self._write()

    def _form(self, step: str) -> RepairsFlowResult:
        return self.async_show_form(
            step_id=step, data_schema=probatio.Schema({}), description_placeholders=self._names
        )

    async def _write(self) -> RepairsFlowResult:
        """Have the right value written as soon as the device can hear it."""
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
        """Wait until the device says that it is well, or until time is up."""
        if (case := self._case()) is None:
            self.async_cancel_progress_task()
            return self.async_show_progress_done(next_step_id="gone")
        if self._waiting is None:
            self._waiting = self.hass.async_create_background_task(
                self._well(*case), f"{DOMAIN} repair of {self._ieee}"
            )
        if not self._waiting.done():
            return self.async_show_progress(
                step_id="wait",
                progress_action="waking",
                progress_task=self._waiting,
                description_placeholders=self._names,
            )
        self._waiting = None
        step = "done" if _is_well(*case) else "asleep"
        return self.async_show_progress_done(next_step_id=step)

    async def _well(self, device: Device, problem: Problem) -> None:
        over = asyncio.Event()

        @callback
        def heard(_update: Update) -> None:
            if _is_well(device, problem):
                over.set()

        @callback
        def give_up(_now: datetime) -> None:
            over.set()

        unsubscribe = device.subscribe(heard)
        cancel = async_call_later(self.hass, self.patience, give_up)
        heard(Update())
        try:
            await over.wait()
        finally:
            unsubscribe()
            cancel()

    async def async_step_gone(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """The device has left, or its network went down, while we waited."""
        return self.async_abort(reason="device_gone", description_placeholders=self._names)

    async def async_step_done(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """It is well."""
        return self.async_create_entry(data={})


def _is_well(device: Device, problem: Problem) -> bool:
    """Whether the device has said so itself; nothing waits for it then."""
    return device.state.get(problem.name) == problem.fix and problem.name not in device.pending
