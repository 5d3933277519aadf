"""Waiting for zigpy: only while it makes sense, and to the end where nothing may be half done."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from zigpy.exceptions import DeliveryError as ZigpyDeliveryError, RadioException, ZigbeeException

from ..core.errors import DeliveryError


class Attention:
    """What is being waited for; all of it ends at once when the radio goes."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def attend[R](self, work: Coroutine[Any, Any, R], who: str, seconds: float | None) -> R:
        """Run something on the radio; it ends at once when the radio goes.

        Args:
            work: what to do.
            who: whose answer it waits for.
            seconds: how long it may take; None for as long as it takes.

        Raises:
            DeliveryError: the radio could not do it, is gone, or nobody answered in time.
        """
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        try:
            async with asyncio.timeout(seconds):
                return await task
        except TimeoutError as error:
            raise DeliveryError(f"{who} does not answer") from error
        except asyncio.CancelledError as error:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                task.cancel()
                raise
            raise DeliveryError("the coordinator is not connected") from error
        except ZigpyDeliveryError as error:
            raise DeliveryError(str(error), error.status) from error
        except (ZigbeeException, RadioException, AttributeError, RuntimeError, OSError) as error:
            # After a loss zigpy-znp fails with whatever comes first.
            raise DeliveryError(f"the radio failed: {error!r}") from error
        finally:
            self._tasks.discard(task)

    def end(self) -> None:
        """The radio is gone: nobody waits any longer."""
        for task in tuple(self._tasks):
            task.cancel()


async def to_the_end[T](work: Coroutine[Any, Any, T]) -> T:
    """Do what must not be interrupted; who is cancelled meanwhile is so when it is done."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task,))
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        task.exception()  # heard, so that nobody complains that it was not
        raise
    return task.result()
