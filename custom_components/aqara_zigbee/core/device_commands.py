"""Commands to a device: properties are set and read."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
import contextlib
from datetime import datetime
import logging
from typing import Any

from .command_queue import CommandQueue
from .definition import Definition
from .device_state import DeviceState, Keep, keep_nothing
from .errors import (
    AqaraError,
    ContradictionError,
    DeliveryError,
    ObeyedNotStoredError,
    RefusedError,
    StorageError,
    UnknownProperty,
)
from .events import Update
from .property import TOGGLE, Scalar, Wish
from .radio import Node, Radio
from .zcl import Report, Request

_LOGGER = logging.getLogger(__name__)


class DeviceCommands(DeviceState):
    """A device that can be commanded; values that wait for it are sent in `device`."""

    def __init__(
        self, node: Node, definition: Definition | None, radio: Radio, keep: Keep = keep_nothing
    ) -> None:
        super().__init__(node, definition, keep)
        self._radio = radio
        self.on_waiting: Callable[[], None] = lambda: None
        """Called when a value starts to wait."""
        self._asked_after: datetime | None = None
        """`last_seen` at the start of the last request."""
        self._queue = CommandQueue(self._deliver)

    async def set(self, name: str, wish: Wish) -> None:
        """Set one property or option.

        Raises:
            UnknownProperty: the property does not exist or cannot be set.
            ConversionError: the value is invalid. Nothing was sent.
            DeliveryError: the device was not set, as far as known.
            StorageError: it could not be stored. Nothing was changed, unless it is
                `ObeyedNotStoredError`.
        """
        for error in (await self.set_all({name: wish})).values():
            raise error

    async def set_all(self, wishes: Mapping[str, Wish]) -> dict[str, AqaraError]:
        """Set properties and options independently, with one update.

        Of several unsent values of a property only the newest is sent (`CommandQueue`). A sleepy
        device's values wait in `pending` until its next frame. Values that are only known here are
        on the disk when this returns, or have failed.

        Returns:
            The errors by property.
        """
        failed: dict[str, AqaraError] = {}
        to_send: dict[str, Wish] = {}
        before = dict(self.options), dict(self.pending)
        exclusion = self.definition.exclusion if self.definition else None
        apart = exclusion.contradiction(wishes, self.state) if exclusion else ()
        for name, wish in wishes.items():
            try:
                if exclusion and name in apart:
                    raise ContradictionError(name, apart, exclusion.by)
                if not self._keep_wish(name, wish):
                    to_send[name] = wish
            except AqaraError as error:
                failed[name] = error
        is_kept = len(failed) + len(to_send) < len(wishes)
        failed |= await self._queue.send(to_send)
        failed |= await self._keep_wishes(wishes.keys() - failed.keys(), to_send, *before)
        self._notify_believed(even_if_none=is_kept, options=self.options != before[0])
        if any(name in self.pending for name in wishes.keys() - failed.keys()):
            self.on_waiting()
        return {name: failed[name] for name in wishes if name in failed}

    async def _keep_wishes(
        self,
        names: Iterable[str],
        sent: Container[str],
        options: Mapping[str, Any],
        pending: Mapping[str, Scalar],
    ) -> dict[str, AqaraError]:
        """Store fulfilled wishes; return errors.

        Failed ones are restored, unless they were sent and the device has obeyed.
        """
        kept = {
            name: (self.options.get(name), self.pending.get(name))
            for name in names
            if self._only_we_know(name)
        }
        if not kept:
            return {}
        try:
            await self._keep()
        except StorageError as error:
            for name, (option, wish) in kept.items():
                _put_back(self.options, name, option, options)
                _put_back(self.pending, name, wish, pending)
            obeyed = ObeyedNotStoredError(error.reason)
            return {name: obeyed if name in sent else error for name in kept}
        return {}

    def _only_we_know(self, name: str) -> bool:
        """Whether a fulfilled wish is only known here."""
        definition = self.definition
        told = definition is not None and name in definition and definition[name].reported
        return not told or name in self.pending

    def _keep_wish(self, name: str, wish: Wish) -> bool:
        """Store a wish that needs no request now; return whether it is one.

        Raises:
            UnknownProperty, ConversionError: it is invalid for this device.
        """
        if self.definition is None:
            raise UnknownProperty(name, "set")
        if option := self.definition.option(name):
            self.options[name] = option.check(None if wish is TOGGLE else wish)
            return True
        self.definition.requests(name, wish, self.options)
        if self.is_sleepy and wish is not TOGGLE:
            self.pending[name] = self.definition.check(name, wish)
            return True
        self.pending.pop(name, None)
        return False

    async def _deliver(self, name: str, wish: Wish) -> None:
        """Send the requests that set a property, and store what can be believed then.

        A report of the property after the request was sent is never overridden, whatever the wish
        and the response, and proves that the request was obeyed if the value matches.

        Raises:
            DeliveryError: it was not set, as far as known.
        """
        assert self.definition is not None
        requests = self.definition.requests(name, wish, self.options)
        row = self.definition[name]
        outcome = self._outcome(name, wish)
        before = self._reports.copy()
        self._known_before(self.definition).expect_none(name)
        try:
            for request in requests:
                await self._request(request)
            if row.read_back:
                await self.get((name,))
        except RefusedError:
            raise
        except DeliveryError:
            if row.read_back and not self.is_sleepy:
                with contextlib.suppress(DeliveryError):
                    await self.get((name,))
            has_reported = self._reports[name] != before[name]
            if name not in outcome or not has_reported or self.state.get(name) != outcome[name]:
                raise
            return
        if not row.read_back:
            self._believe(
                {each: v for each, v in outcome.items() if self._reports[each] == before[each]}
            )

    def _believe(self, values: Mapping[str, Scalar]) -> None:
        """Store values that the device has not reported."""
        believed = {**values, **dict(self._belonging(values))}
        self.state |= believed
        self._believed |= believed

    def _outcome(self, name: str, wish: Wish) -> Mapping[str, Scalar]:
        """Return the values of properties after a wish, as far as known."""
        assert self.definition is not None
        if wish is not TOGGLE:
            return self.definition.outcome(name, self.definition.check(name, wish))
        if name not in self.state:
            return {}
        return self.definition.outcome(name, not self.state[name])

    def _notify_believed(
        self,
        *,
        even_if_none: bool = False,
        failed: Mapping[str, AqaraError] | None = None,
        options: bool = False,
    ) -> None:
        """Send an update with beliefs that are not in one yet."""
        believed, self._believed = self._believed, {}
        if believed or even_if_none:
            self._notify(Update(believed, believed=True, failed=failed or {}, options=options))

    async def get(self, names: Iterable[str]) -> None:
        """Read properties; responses are handled as reports.

        A property that is never reported is in an update with its known value.

        Raises:
            UnknownProperty: one of them cannot be read.
            DeliveryError: the device did not answer.
        """
        for name in names:
            row = self.definition[name] if self.definition and name in self.definition else None
            if row is None or (row.read is None and name not in self.state):
                raise UnknownProperty(name, "read")
            if not row.reported and name in self.state:
                self._notify(Update({name: self.state[name]}))
                continue
            assert row.read is not None
            await self.send(row.read.read())

    async def send(self, request: Request) -> None:
        """Send a request without a wish; responses are handled as reports.

        What the device has reported since the request was sent is not taken from the response: a
        frame that arrives after the response can be taken before it.

        Raises:
            DeliveryError: the device did not answer.
        """
        before = self._own_reports.copy()
        answer = await self._request(request)
        if answer is not None:
            self._take(answer, {}, since=before)

    async def _request(self, request: Request) -> Report | None:
        self._asked_after = self.last_seen
        return await self._radio.request(self.ieee, request, sleepy=self.is_sleepy)

    def report_counts(self) -> Counter[str]:
        """Return the counts of reports and reads of each property."""
        return self._reports.copy()

    async def refresh(self, since: Counter[str] | None = None) -> None:
        """Read what may have changed without a received report; a missing response is not an error.

        Args:
            since: earlier `report_counts`; what was reported or read since is not read again.
        """
        names = self.definition.refresh if self.definition else ()
        if since is not None:
            names = tuple(name for name in names if self._reports[name] == since[name])
        try:
            await self.get(names)
        except DeliveryError as error:
            _LOGGER.debug("%s %s was not read: %s", self.node.model, self.ieee, error)


def _put_back(target: dict[str, Any], name: str, value: object, before: Mapping[str, Any]) -> None:
    """Undo a change to `value`, unless it was changed again since."""
    if target.get(name) != value:
        return
    target.pop(name, None)
    if name in before:
        target[name] = before[name]
