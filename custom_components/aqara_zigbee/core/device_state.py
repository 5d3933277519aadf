"""The state of a device: its reported properties, its options, its availability."""

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import logging
from typing import Any

from .context import Context
from .definition import GONE, Changes, Definition, Feed, Reading
from .device_settings import ChosenSilence, check
from .errors import StorageError, UnknownProperty
from .events import ActionFired, Observer, Unsubscribe, Update
from .firmware import BasicInfo, Upkeep
from .limits import until_nul
from .property import Action, Scalar
from .radio import Ieee, Node
from .source import Address
from .zcl import Report, Request

_LOGGER = logging.getLogger(__name__)

_NO_CHANGE = Update()

MOST_STRANGERS = 64
OTHER_STRANGERS = "others"
"""The key under which further unknown addresses are counted."""

type Keep = Callable[[], Awaitable[None]]
"""Stores a device's data that is only known here, so that a power cut does not lose it.

Raises `StorageError` if it could not be stored.
"""


async def keep_nothing(_ieee: Ieee | None = None) -> None:
    """Store nothing."""


ROUTER = 1
_MAINS_POWERED = 0x04
"""Mains-powered, a MAC capability flag of the node descriptor (Zigbee specification, 2.3.2.3)."""


class DeviceState:
    """The known data of a device; sending to it is in `device_commands` and `device`.

    An unknown model has no definition: only its frames are kept, for diagnostics.

    Attributes:
        state: the known properties.
        pending: values that wait until the device is awake and confirms them, by property.
        options: its options, by name.
        last_seen: time of its last frame.
        available: whether it can be reached, as far as known.
        about: its information about itself.
        upkeep: the state of its firmware.
        frames: its last reports, for diagnostics.
        strangers: addresses in its reports without a row, with their counts; those beyond the first
            `MOST_STRANGERS` are counted together.
        rejected: counts of implausible or unknown reported values, by property.
    """

    def __init__(
        self, node: Node, definition: Definition | None, keep: Keep = keep_nothing
    ) -> None:
        self.node = node
        self.definition = definition
        self.state: dict[str, Scalar] = {}
        self.pending: dict[str, Scalar] = {}
        self._shown_pending: dict[str, Scalar] = {}
        self.options: dict[str, Any] = {}
        self.last_seen: datetime | None = None
        self.available = False
        self.about = BasicInfo()
        self.upkeep = Upkeep()
        self.frames: deque[tuple[datetime | None, Report]] = deque(maxlen=32)
        self.strangers: dict[Address | str, int] = {}
        self.rejected: dict[str, int] = {}
        self._keep = keep
        self._observers: list[Observer] = []
        self._previous: tuple[datetime, ActionFired] | None = None
        self._reports = Counter[str]()
        """Counts of reports and reads of each property, to detect outdated beliefs."""
        self._own_reports = Counter[str]()
        """Counts of reports of each property, to detect outdated answers."""
        self._context: Context | None = None
        self._believed: dict[str, Scalar] = {}
        """Believed values that are not in an update yet."""

    @property
    def ieee(self) -> Ieee:
        """Its address."""
        return self.node.ieee

    @property
    def zigbee_model(self) -> str:
        """The reported model identifier, up to a NUL (protocol 0.1); empty if unknown."""
        return until_nul(self.node.model or "")

    @property
    def is_sleepy(self) -> bool:
        """Whether it receives only shortly after it sent something."""
        return self.definition is not None and not self.definition.feed.listens

    @property
    def _has_battery(self) -> bool:
        return self.definition is not None and self.definition.feed.is_battery

    @property
    def is_router(self) -> bool:
        """Whether it is a router, by its definition: the descriptors of three models are wrong."""
        if self.definition is not None:
            return not self.definition.feed.is_battery
        mains = bool((self.node.mac_capabilities or 0) & _MAINS_POWERED)
        return self.node.logical_type == ROUTER and mains

    @property
    def silence(self) -> timedelta | None:
        """Maximum silence; None if it never counts as unavailable."""
        if (chosen := ChosenSilence.from_options(self.options)) is not None:
            return chosen.limit
        return (self.definition.feed if self.definition else Feed.SLEEPY).silence

    def subscribe(self, observer: Observer) -> Unsubscribe:
        """Call `observer` for every update until the returned function is called."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def set_available(self, *, available: bool) -> bool:
        """Set whether it can be reached; return whether this has changed."""
        if self.available is available:
            return False
        self.available = available
        self._notify(Update(availability=True))
        return True

    def notify_firmware(self) -> None:
        """Send an update about `upkeep`."""
        self._notify(Update(firmware=True))

    def option(self, name: str) -> Any:
        """Return the value of one of the model's options, or its default.

        Raises:
            UnknownProperty: the model does not have the option.
        """
        if self.definition and (option := self.definition.option(name)):
            return option.from_options(self.options)
        raise UnknownProperty(name, "read")

    async def configure(self, options: Mapping[str, Any]) -> None:
        """Change options; None removes one.

        Raises:
            ConversionError: one of the values is invalid. Nothing was changed.
            StorageError: they could not be stored. Nothing was changed.
        """
        before = dict(self.options)
        self.remember(options)
        try:
            await self._keep()
        except StorageError:
            self.remember({name: before.get(name) for name in options})
            raise

    def remember(self, options: Mapping[str, Any]) -> None:
        """The same for options that can be determined again if they are lost.

        Raises:
            ConversionError: as `configure`.
        """
        checked = {name: self.check_option(name, value) for name, value in options.items()}
        known = {**self.options, **checked}
        self.options = {name: value for name, value in known.items() if value is not None}
        self._notify(Update(options=True))

    def check_option(self, name: str, value: Any) -> Any:
        """Return an option's value for storage; None, which removes it, is always valid.

        Raises:
            ConversionError: it is invalid.
        """
        option = self.definition.option(name) if self.definition else None
        if value is None:
            return None
        if option is not None:
            return option.check(value)
        check(name, value)
        return value

    # Frames from the radio

    def received(self, report: Report | None, link_quality: int | None, now: datetime) -> None:
        """Process a frame: time, state, and one update."""
        self.last_seen = now
        signal: dict[str, Scalar] = {}
        if link_quality is not None and self.definition is not None:
            signal["linkquality"] = link_quality
        if report is None:
            self._notify(Update(signal, received=True))
            return
        self.frames.append((now, report))
        self._take(report, signal, is_received=True)

    def _take(
        self,
        report: Report,
        signal: Mapping[str, Scalar],
        *,
        is_received: bool = False,
        since: Counter[str] | None = None,
    ) -> None:
        """Take the values of a frame into the state.

        Args:
            report: the frame.
            signal: further values.
            is_received: whether the device sent it unrequested.
            since: of the answer to a request, the counts of reports when it was sent: what was
                reported since is newer than the answer, or as new.
        """
        self.about.note(report)
        if self.definition is None:
            return
        found = self.definition.read(report, self.options)
        self._note_strangers(found.unknown)
        if since is not None:
            found = self._without_reported(found, since)
        now = self.last_seen or datetime.now(UTC)
        context = self._known_before(self.definition)
        reading = context.judge(found, self.state, now, is_answer=report.is_answer)
        explained = context.explained(reading, self.state, now)
        for name in reading.rejected:
            self.rejected[name] = self.rejected.get(name, 0) + 1
        for name, value in reading.changes.items():
            self._reports[name] += 1
            if not report.is_answer:
                self._own_reports[name] += 1
            self._believed.pop(name, None)
            if name in self.pending and self.pending[name] == value:
                del self.pending[name]  # confirmed
        if self._believed:
            for name, _ in self._belonging(_scalars(reading.changes)):
                self._believed.pop(name, None)
        changes = {**reading.changes, **signal}
        update = self._split(changes, fire=not report.is_answer, is_received=is_received)
        if explained:
            update = replace(update, explained=explained)
        if update != _NO_CHANGE:
            self._notify(update)

    def _without_reported(self, reading: Reading, since: Counter[str]) -> Reading:
        """Remove the values that the device has reported since an earlier count."""
        kept = {
            name: value
            for name, value in reading.changes.items()
            if self._own_reports[name] == since[name]
        }
        return replace(reading, changes=kept)

    def replies(self, report: Report) -> tuple[Request, ...]:
        """Return the requests that answer a report."""
        if self.definition is None:
            return ()
        return tuple(request for reply in self.definition.replies for request in reply(report))

    def _note_strangers(self, unknown: Iterable[Address]) -> None:
        for address in unknown:
            known: Address | str = address
            if known not in self.strangers and len(self.strangers) >= MOST_STRANGERS:
                known = OTHER_STRANGERS
            if known not in self.strangers:
                _LOGGER.debug("%s %s: nothing known about %s", self.node.model, self.ieee, known)
            self.strangers[known] = self.strangers.get(known, 0) + 1

    def _split(self, changes: Changes, *, fire: bool, is_received: bool) -> Update:
        """Return an update with state and action; details belong to the action.

        A read response is not an event.
        """
        assert self.definition is not None
        row = self.definition.action
        names = self.definition.details
        action = None
        if fire and row and isinstance(word := changes.get(row.name), str):
            details = {name: value for name, value in changes.items() if name in names}
            action = self._join(row, ActionFired(word, _scalars(details)))
        state = {
            name: value
            for name, value in changes.items()
            if name not in names and not (row and name == row.name)
        }
        gone = frozenset(name for name, value in state.items() if value is GONE)
        return Update(_scalars(state), gone, action, received=is_received)

    def _join(self, row: Action, fired: ActionFired) -> ActionFired:
        """Add the details of an earlier action about the same event."""
        if row.join is None or self.last_seen is None:
            return fired
        if fired.action in row.join.first:
            self._previous = (self.last_seen, fired)
        elif fired.action in row.join.second and self._previous is not None:
            when, before = self._previous
            self._previous = None
            if (self.last_seen - when).total_seconds() <= row.join.within:
                return ActionFired(fired.action, fired.details, before.details)
        return fired

    def _belonging(self, changes: Mapping[str, Scalar]) -> Iterator[tuple[str, Scalar]]:
        """Yield properties about the last change of those that change now (`Context.belonging`)."""
        if self.definition is None:
            return iter(())
        return self._known_before(self.definition).belonging(changes, self.state)

    def _known_before(self, definition: Definition) -> Context:
        """Return the context of reports; the model may become known or change later."""
        if self._context is None or self._context.definition is not definition:
            self._context = Context(definition)
        return self._context

    def _pending_changes(self) -> frozenset[str]:
        """Return properties whose pending value differs from the last update."""
        if self.pending == self._shown_pending:
            return frozenset()
        before, self._shown_pending = self._shown_pending, dict(self.pending)
        return frozenset(name for name, _ in before.items() ^ self.pending.items())

    def _notify(self, update: Update) -> None:
        outdated = {name for name, _ in self._belonging(update.state) if name in self.state}
        pending = self._pending_changes()
        if outdated or pending:
            update = replace(update, gone=update.gone | outdated, pending=pending)
        self.state.update(update.state)
        for name in update.gone:
            self.state.pop(name, None)
        for observer in tuple(self._observers):
            try:
                observer(update)
            except Exception:  # an error of one observer must not affect the others
                _LOGGER.exception("An observer of %s failed", self.ieee)


def _scalars(changes: Changes) -> dict[str, Scalar]:
    return {name: value for name, value in changes.items() if value is not GONE}
