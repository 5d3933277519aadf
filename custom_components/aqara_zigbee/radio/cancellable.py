"""Waits for zigpy that end with the radio, and operations that must not be cancelled."""

import asyncio
from collections.abc import Coroutine
import logging
import re
from typing import Any

from zigpy.exceptions import DeliveryError as ZigpyDeliveryError, RadioException, ZigbeeException

from ..core.errors import DeliveryError

_LOGGER = logging.getLogger(__name__)


class RequestsInFlight:
    """Pending operations; all of them end when the radio is lost."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def attend[R](self, work: Coroutine[Any, Any, R], who: str, seconds: float | None) -> R:
        """Run a coroutine on the radio; it ends at once when the radio is lost.

        Args:
            work: the coroutine.
            who: the device that is to answer.
            seconds: the timeout; None for no timeout.

        Raises:
            DeliveryError: the radio failed or was lost, or there was no answer in time.
        """
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        try:
            async with asyncio.timeout(seconds):
                return await task
        except TimeoutError as error:
            raise DeliveryError(f"{who} does not respond") from error
        except asyncio.CancelledError as error:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                task.cancel()
                raise
            raise DeliveryError("the coordinator is not connected") from error
        except ZigpyDeliveryError as error:
            raise DeliveryError(_reason(error), error.status) from error
        except (ZigbeeException, RadioException, AttributeError, RuntimeError, OSError) as error:
            # After a loss zigpy-znp raises various exceptions.
            _LOGGER.debug("The radio failed", exc_info=error)
            raise DeliveryError(f"the coordinator failed: {_reason(error)}") from error
        finally:
            self._tasks.discard(task)

    def end(self) -> None:
        """End all operations, as the radio was lost."""
        for task in tuple(self._tasks):
            task.cancel()


_REASONS = {
    0x11: "the coordinator has no memory left for it",
    0xB7: "no confirmation came back",
    0xC8: "its address is not known to the coordinator",
    0xCC: "no confirmation came back",
    0xCD: "there is no route to it",
    0xE1: "the radio channel is too busy",
    0xE9: "no confirmation came back",
    0xF0: "it sleeps or is out of reach",
}
"""Reasons by status of an undelivered frame (`zigpy_znp.types.Status`)."""

_STATUS = re.compile(r"<\w+\.(\w+): \d+>")


def _reason(error: Exception) -> str:
    """Return the reason of a failure, with the name of the radio's status, if any.

    The library's own text, without Python's notation, is used only if there is no better one.
    """
    status = getattr(error, "status", None)
    if status is not None and int(status) in _REASONS:
        return f"{_REASONS[int(status)]} ({getattr(status, 'name', hex(status))})"
    return _STATUS.sub(r"\1", str(error)).rstrip(".") or type(error).__name__


async def to_the_end[T](work: Coroutine[Any, Any, T]) -> T:
    """Complete a coroutine even if the caller is cancelled; the cancellation follows."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task,))
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        task.exception()  # retrieved, so that it is not logged
        raise
    return task.result()
