"""A device: its waiting values and its storage, over its state and commands."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
import logging
from typing import Any

from .definition import Definition
from .device_commands import DeviceCommands
from .device_state import Keep, keep_nothing
from .errors import AqaraError, DeliveryError, RefusedError, StorageError
from .property import Scalar
from .radio import Node, Radio
from .stored import StoredState, node_as_dict
from .zcl import Request

_LOGGER = logging.getLogger(__name__)

_ANSWER_SECONDS = 0.2
"""Seconds to wait for the response to an earlier request once a device has sent something."""

_LATE = timedelta(seconds=1)
"""Time after which a sleepy device should have answered a request of its last wake-up."""


class Device(DeviceCommands):
    """One joined device.

    Attributes:
        unconfirmed: indices of waiting requests of `Definition.on_join` that set no property.
    """

    def __init__(
        self, node: Node, definition: Definition | None, radio: Radio, keep: Keep = keep_nothing
    ) -> None:
        super().__init__(node, definition, radio, keep)
        self.unconfirmed: list[int] = []
        self._attempt: asyncio.Task[None] | None = None
        """The task that sends waiting values."""
        self._is_guess = False
        """Whether it is unknown whether the device is awake for it."""
        self._is_giving_up = False
        self._reply: asyncio.Task[None] | None = None

    @property
    def is_waited_for(self) -> bool:
        """Whether something waits until the device is awake."""
        return bool(self.pending or self.unconfirmed)

    def prepare(self) -> None:
        """Queue what its model needs after joining. It waits until the device confirms it."""
        self.unconfirmed = []
        for index, request in enumerate(self.definition.on_join if self.definition else ()):
            assert self.definition is not None
            if (setting := self.definition.value_set_by(request)) is not None:
                name, value = setting
                self.pending[name] = value
            else:
                self.unconfirmed.append(index)

    async def keep_waiting(self) -> None:
        """Store waiting values. If this fails, they are sent once more after a restart."""
        try:
            await self._keep()
        except StorageError as error:
            _LOGGER.debug("%s: %s", self.ieee, error)

    async def flush(self) -> None:
        """Send waiting values to a device that has just sent something.

        Undelivered values keep waiting; rejected ones do not. A request that was sent before a
        frame of a sleepy device, and is not answered now, is cancelled: the radio would delay the
        others until the device sleeps again.
        """
        if (attempt := self._attempt) is not None and not attempt.done():
            if not self._is_overtaken or self._is_giving_up:
                return
            self._is_giving_up = True
            try:
                # Its parent may hold that request, and deliver it now that the device is awake.
                await asyncio.wait((attempt,), timeout=_ANSWER_SECONDS)
            finally:
                self._is_giving_up = False
            attempt.cancel()
            await asyncio.wait((attempt,))
        await self._try(is_guess=False)

    async def try_waiting(self) -> None:
        """Send waiting values although it is unknown whether the device is awake.

        It ends with the device's next frame, as requests to a device are sent one after the other.
        """
        if self._attempt is None or self._attempt.done():
            await self._try(is_guess=True)

    @property
    def _is_overtaken(self) -> bool:
        """Whether a sleepy device sent a frame without answering an earlier request."""
        if not self.is_sleepy:
            return False
        if self._is_guess or self._asked_after is None or self.last_seen is None:
            return True
        return self.last_seen - self._asked_after >= _LATE

    async def _try(self, *, is_guess: bool) -> None:
        self._is_guess = is_guess
        attempt = self._attempt = asyncio.create_task(self._send_waiting())
        try:
            await asyncio.wait((attempt,))
        finally:
            attempt.cancel()
        if not attempt.cancelled():
            attempt.result()

    async def reply(self, requests: Iterable[Request]) -> None:
        """Send the answers to a report (`replies`); a missing response is not an error.

        Unsent requests of an earlier answer are cancelled: a device repeats its question, and the
        radio sends one request after the other.
        """
        if self._reply is not None:
            self._reply.cancel()
        reply = self._reply = asyncio.create_task(self._send_reply(tuple(requests)))
        try:
            await asyncio.wait((reply,))
        finally:
            reply.cancel()

    async def _send_reply(self, requests: Iterable[Request]) -> None:
        for request in requests:
            try:
                await self.send(request)
            except DeliveryError as error:
                _LOGGER.debug("%s did not accept %s: %s", self.ieee, request, error)

    async def _send_waiting(self) -> None:
        tried: dict[str, Scalar] = {}
        try:
            for index in tuple(self.unconfirmed):
                await self._send_unconfirmed(index)
            while untried := [each for each in self.pending.items() if each not in tried.items()]:
                name, value = untried[0]
                tried[name] = value
                await self._send_pending(name, value)
        except DeliveryError as error:
            _LOGGER.debug("%s did not receive its pending requests: %s", self.ieee, error)

    async def _send_unconfirmed(self, index: int) -> None:
        requests = self.definition.on_join if self.definition else ()
        try:
            for request in requests[index : index + 1]:
                await self.send(request)
        except RefusedError as error:
            _LOGGER.warning("%s rejected its settings after joining: %s", self.ieee, error)
        if index in self.unconfirmed:
            self.unconfirmed.remove(index)
        await self.keep_waiting()

    async def _send_pending(self, name: str, value: Scalar) -> None:
        assert self.definition is not None
        failed: dict[str, AqaraError] = {}
        try:
            await self._deliver(name, value)
        except RefusedError as error:
            failed[name] = error
        except DeliveryError:
            raise
        except AqaraError as error:  # the definition changed since the wish was stored
            failed[name] = error
        if failed:
            _LOGGER.warning("%s did not accept %s = %s: %s", self.ieee, name, value, failed[name])
        if self.pending.get(name) == value:
            del self.pending[name]
        self._notify_believed(even_if_none=True, failed=failed)
        await self.keep_waiting()

    # Storage

    def as_dict(self) -> dict[str, Any]:
        """Return everything that has to survive a restart, as JSON."""
        return {
            "node": node_as_dict(self.node),
            "state": self.state,
            "pending": self.pending,
            "unconfirmed": self.unconfirmed,
            "options": self.options,
            "about": asdict(self.about),
            "firmware": asdict(self.upkeep.running) if self.upkeep.running else None,
            "last_seen": self.last_seen.isoformat() if self.last_seen else None,
        }

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Restore the data of `as_dict`, without an update.

        Unusable data is dropped and logged (`stored`).
        """
        found = StoredState.of(stored, self.definition, self.check_option)
        self.state, self.pending, self.options = found.state, found.pending, found.options
        self.unconfirmed = found.unconfirmed
        self.about, self.last_seen = found.about, found.last_seen
        self.upkeep.running = found.firmware
        for name in found.unusable:
            _LOGGER.warning("%s: the stored %s cannot be used and is ignored", self.ieee, name)
