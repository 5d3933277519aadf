"""The progress step of all flows: work is done while the dialog shows a spinner.

Home Assistant's frontend subscribes to the changes of a flow only after it has received a step of
type progress. An event that is fired earlier is lost, and the spinner stays. So:

- Work that ends quickly shows no progress at all.
- Progress, once shown, is shown for at least a second.
- The event is repeated until the dialog asks for the next step, since a connection may be slow.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
import logging
from typing import Any, override

from homeassistant.core import callback
from homeassistant.data_entry_flow import (
    AbortFlow,
    FlowHandler,
    FlowResult,
    FlowResultType,
    UnknownFlow,
)

from ..const import DOMAIN

_LOGGER = logging.getLogger(__name__)

UNKNOWN = "unknown"
"""The error of a form after an unexpected exception."""


class ProgressStep[ResultT: FlowResult[Any, Any]](FlowHandler[Any, ResultT, Any]):
    """A flow with progress steps.

    Attributes:
        grace: seconds that work may take without progress being shown.
        least_shown: seconds for which progress is shown at least.
        reminders: seconds after which the end of progress is signalled again, one after the other.
    """

    grace = 0.5
    least_shown = 1.0
    reminders = (2.0, 4.0, 8.0, 16.0, 32.0)

    _task: asyncio.Task[None] | None = None
    _waiting: asyncio.Task[None] | None = None
    _reminder: asyncio.Task[None] | None = None
    _next_step: str | None = None
    _is_removed = False

    async def _work(
        self,
        step: str,
        work: Callable[[], Coroutine[Any, Any, None]],
        *,
        done: str,
        failed: str,
        placeholders: Mapping[str, str] | None = None,
    ) -> ResultT:
        """Run work while the dialog shows progress. Must be called by the step itself.

        Args:
            step: the step, and the key of the text that is shown.
            work: the work; `_set_error` is called with its exception.
            done: the step that follows.
            failed: the step that follows an exception.
            placeholders: the placeholders of that text.

        Raises:
            UnknownFlow: the dialog was closed while no progress was shown yet.
        """
        if self._task is None:
            self._task = self.hass.async_create_background_task(work(), f"{DOMAIN} {step}")
        task = self._task
        if self._waiting is None:
            await asyncio.wait((task,), timeout=self.grace)
            if self._is_removed or task is not self._task:
                raise UnknownFlow
            if task.done():
                self._task = None
                return await self._go_to(self._outcome(task, done, failed))
            # Closing the dialog cancels the task given to it, but an operation on a coordinator
            # must be completed: so this task only waits for the working one.
            self._waiting = self.hass.async_create_background_task(
                self._until_over(task), f"{DOMAIN} {step} wait"
            )
        if not self._waiting.done():
            return self.async_show_progress(
                step_id=step,
                progress_action=step,
                progress_task=self._waiting,
                description_placeholders=placeholders,
            )
        return self._end_progress(step, self._outcome(task, done, failed))

    def _end_progress(self, step: str, next_step: str) -> ResultT:
        """Signal that the progress of a step is over, until the dialog asks for the next step."""
        self._task = self._waiting = None
        self._next_step = next_step
        self._reminder = self.hass.async_create_background_task(
            self._remind(), f"{DOMAIN} {step} over"
        )
        return self.async_show_progress_done(next_step_id="progressed")

    async def _until_over(self, task: asyncio.Task[None]) -> None:
        await asyncio.gather(asyncio.wait((task,)), asyncio.sleep(self.least_shown))

    async def _remind(self) -> None:
        for pause in self.reminders:
            await asyncio.sleep(pause)
            self.async_notify_flow_changed()

    def _stop_reminding(self) -> None:
        if self._reminder is not None:
            self._reminder.cancel()

    def _outcome(self, task: asyncio.Task[None], done: str, failed: str) -> str:
        """Return the next step."""
        if (error := task.exception()) is None:
            return done
        self._set_error(error)
        return failed

    def _set_error(self, error: BaseException) -> None:
        """Store an error for the next form."""
        _LOGGER.error("Unexpected error", exc_info=error)

    async def _go_to(self, step: str) -> ResultT:
        result: ResultT = await getattr(self, f"async_step_{step}")()
        return result

    async def async_step_progressed(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Continue after progress was shown.

        Home Assistant and clients call this, possibly at the same time. The first call continues;
        others return its result.
        """
        self._stop_reminding()
        if (step := self._next_step) is not None:
            self._next_step = None
            try:
                return await self._go_to(step)
            except AbortFlow:
                raise
            except Exception:
                self._next_step = step
                raise
        # Home Assistant need not wait here.
        while self._is_between_steps and not self._is_removed:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        if self._is_removed or self.cur_step is None:
            raise UnknownFlow
        return self.cur_step

    @property
    def _is_between_steps(self) -> bool:
        step = self.cur_step
        return step is not None and step["type"] is FlowResultType.SHOW_PROGRESS_DONE

    async def _settled(self) -> None:
        """Wait until no work is running, whatever its result."""
        if self._task is not None:
            await asyncio.wait((self._task,))
            self._task.exception()

    @callback
    @override
    def async_remove(self) -> None:
        """Called when the dialog is closed."""
        super().async_remove()
        self._is_removed = True
        self._stop_reminding()
